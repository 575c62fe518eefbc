import type { KeyPath } from './config-document.ts';
import { isRaw, section, type Finding, type Raw } from './finding.ts';
import { isPlainHttp, isRestUrl } from './parse-address.ts';
import { isSourceName } from './source-schema.ts';

const checkRest = (path: KeyPath, source: Raw): Finding[] => {
  const { url, allowPlainHttp, tables } = source;
  const found: Finding[] = [];
  const isPlain = typeof url === 'string' && isRestUrl(url) && isPlainHttp(url);
  if (isPlain && allowPlainHttp !== true && allowPlainHttp !== 'true')
    found.push({
      path: [...path, 'url'],
      what: 'is plain http to another machine, so that anybody on the way can read and change rows',
      mend: 'use https, or write `allowPlainHttp: true` where something else protects the way',
    });
  if (isRaw(tables) && Object.keys(tables).length === 0)
    found.push({ path: [...path, 'tables'], what: 'is empty', mend: 'name at least one table' });
  for (const [name, table] of Object.entries(isRaw(tables) ? tables : {})) {
    const at = [...path, 'tables', name];
    if (name === '__proto__' || !/^[^\p{Cc}]{1,100}$/u.test(name))
      found.push({
        path: at,
        at: 'key',
        what: 'is not a name for a table',
        mend: 'use the name that the SDL has in @table(name:)',
      });
    if (isRaw(table) && isRaw(table['by']) && Object.keys(table['by']).length === 0)
      found.push({
        path: [...at, 'by'],
        what: 'is empty, so that no row could be found',
        mend: 'name at least one column and the query parameter that takes its values',
      });
  }
  return found;
};

/** What no single setting of a source shows: its name, one place for it, and who can read along. */
export const checkSources = (raw: Raw): Finding[] => {
  const sources = section(raw, 'sources');
  const names = Object.keys(sources);
  if (isRaw(raw['sources']) && names.length === 0)
    return [{ path: ['sources'], what: 'is empty', mend: 'name at least one source' }];
  return names.flatMap((name): Finding[] => {
    const path = ['sources', name];
    if (!isSourceName(name))
      return [
        {
          path,
          at: 'key',
          what: 'is not a name for a source',
          mend: 'use at most 63 letters, digits, `_` and `-`, a letter first',
        },
      ];
    const source = sources[name];
    if (!isRaw(source)) return [];
    const kind = Object.hasOwn(source, 'kind') ? source['kind'] : 'postgres';
    if (kind === 'rest') return checkRest(path, source);
    if (kind !== 'postgres') return [];
    const places = ['postgres', 'database'].filter((key) => Object.hasOwn(source, key));
    if (places.length === 1) return [];
    const what =
      places.length === 2
        ? 'has both `postgres` and `database`'
        : 'says neither `postgres` nor `database`';
    const mend =
      'write either `postgres:` with a URL, or `database:` for one on the PostgreSQL of Sayso itself; for a JSON API `kind: rest` and `url:`';
    return [{ path, at: 'key', what, mend }];
  });
};
