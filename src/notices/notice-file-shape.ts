import type { Finding } from '../config/finding.ts';
import type { KeyPath } from '../config/config-document.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import type { NoticeContent, NoticeText } from '../core/notice.ts';

/** A name in the file, and where it stands. */
export interface WrittenName {
  readonly name: string;
  readonly path: KeyPath;
}

/** One purpose as the file has it; what the file leaves out is absent. */
export interface WrittenPurpose extends WrittenName {
  readonly categories: readonly WrittenName[];
  readonly origins?: readonly WrittenName[];
  readonly recipients?: readonly WrittenName[];
  readonly retention?: string;
}

/** A notice file as far as it has the right shape. */
export interface WrittenNotice {
  readonly id: string;
  readonly purposes: readonly WrittenPurpose[];
  readonly languages: NoticeContent['languages'];
}

/** Notes what is wrong and goes on, so that everything is told at once. */
export type Report = (path: KeyPath, what: string, mend: string, at?: Finding['at']) => void;

/** Longest texts, in UTF-16 units: a notice is read on a telephone. */
const longest = { title: 200, text: 20_000, gain: 2_000, withdraw: 2_000 } as const;
const mostLanguages = 100;

const missing = (value: unknown, expected: string): string =>
  value === undefined ? 'is missing' : value === null ? 'is empty' : `is not ${expected}`;

const mapping = (value: unknown, path: KeyPath, report: Report): ReadonlyMap<string, unknown> => {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isMapping ? Object.entries(value) : [];
  if (!isMapping) report(path, missing(value, 'a mapping'), 'write a mapping');
  else if (entries.length === 0) report(path, 'is empty', 'name at least one');
  return new Map(entries);
};

const refuseOthers = (
  found: ReadonlyMap<string, unknown>,
  known: readonly string[],
  path: KeyPath,
  report: Report,
): void => {
  for (const key of found.keys()) {
    if (!known.includes(key))
      report([...path, key], 'is not a known key', didYouMean(key, known), 'key');
  }
};

/** A list of names, each once. */
const names = (
  value: unknown,
  path: KeyPath,
  report: Report,
  mayBeEmpty = false,
): readonly WrittenName[] => {
  if (!Array.isArray(value)) {
    report(path, missing(value, 'a list'), 'write a list, in brackets or with a dash for each');
    return [];
  }
  if (value.length === 0 && !mayBeEmpty) report(path, 'is empty', 'name at least one');
  const seen = new Set<string>();
  return value.flatMap((name: unknown, index) => {
    const here = [...path, index];
    if (typeof name !== 'string' || name === '') {
      report(
        here,
        'is not a name',
        'write a name, in quotes where YAML takes it for something else',
      );
      return [];
    }
    if (seen.has(name)) {
      report(here, 'is there twice', 'name each once');
      return [];
    }
    seen.add(name);
    return [{ name, path: here }];
  });
};

const purpose = (name: string, value: unknown, report: Report): WrittenPurpose => {
  const path = ['purposes', name];
  const found = mapping(value, path, report);
  refuseOthers(found, ['categories', 'origins', 'recipients', 'retention'], path, report);
  const list = (key: string) => names(found.get(key), [...path, key], report, key === 'recipients');
  const retention = found.get('retention');
  if (retention !== undefined && typeof retention !== 'string')
    report([...path, 'retention'], 'is not a duration', 'write it as `P2Y`, or leave it out');
  return {
    name,
    path,
    categories: found.size === 0 ? [] : list('categories'),
    ...(found.has('origins') && { origins: list('origins') }),
    ...(found.has('recipients') && { recipients: list('recipients') }),
    ...(typeof retention === 'string' && { retention }),
  };
};

/**
 * Text as it is kept: how its lines were broken in the file, and which of two forms a letter with an
 * accent has, is no difference that a reader sees.
 */
const asKept = (value: string): string => value.replaceAll(/\r\n?/g, '\n').normalize('NFC').trim();

const text = (value: unknown, path: KeyPath, most: number, report: Report): string => {
  const kept = typeof value === 'string' ? asKept(value) : undefined;
  if (kept === undefined) report(path, missing(value, 'text'), 'write it for those who read it');
  else if (kept === '') report(path, 'is empty', 'write it for those who read it');
  else if (kept.length > most)
    report(path, `is longer than ${most} characters`, 'say it in fewer words');
  // Characters that command a terminal have no place in what people read.
  else if (!kept.isWellFormed() || /[^\P{Cc}\n\t]/u.test(kept))
    report(path, 'holds characters that are not text', 'take control characters away');
  return kept ?? '';
};

/** The tag in its one written form; none where it is no language tag. */
const canonicalTag = (tag: string): string | undefined => {
  try {
    return tag.length > 35 ? undefined : Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
};

const languages = (value: unknown, report: Report): NoticeContent['languages'] => {
  const read = new Map<string, NoticeText>();
  const found = mapping(value, ['languages'], report);
  if (found.size > mostLanguages)
    report(['languages'], `has more than ${mostLanguages} languages`, 'publish several notices');
  for (const [key, texts] of found) {
    const path = ['languages', key];
    const tag = canonicalTag(key);
    if (tag === undefined)
      report(path, 'is not a language tag (BCP 47)', 'write it as `en`, `de` or `pt-BR`', 'key');
    else if (read.has(tag))
      report(path, `is \`${tag}\`, which is there already`, 'write each language once', 'key');
    const parts = mapping(texts, path, report);
    refuseOthers(parts, Object.keys(longest), path, report);
    const part = (name: keyof NoticeText): string =>
      parts.size === 0 ? '' : text(parts.get(name), [...path, name], longest[name], report);
    const all = {
      title: part('title'),
      text: part('text'),
      gain: part('gain'),
      withdraw: part('withdraw'),
    };
    read.set(tag ?? key, all);
  }
  return [...read].map(([language, wording]) => ({ language, text: wording }));
};

/** Reads the plain data of a notice file as far as they have the right shape, and reports the rest. */
export const readShape = (raw: unknown, report: Report): WrittenNotice => {
  const found = mapping(raw, [], report);
  refuseOthers(found, ['id', 'purposes', 'languages'], [], report);
  const id = found.get('id');
  const isId = typeof id === 'string' && /^[a-z0-9][a-z0-9-]{0,63}$/.test(id);
  if (!isId)
    report(
      ['id'],
      id === undefined ? 'is missing' : 'is not an id for a notice',
      'use at most 64 of a-z, 0-9 and -, not a - first',
    );
  const purposes = [...mapping(found.get('purposes'), ['purposes'], report)];
  return {
    id: isId ? id : '',
    purposes: purposes.map(([name, value]) => purpose(name, value, report)),
    languages: languages(found.get('languages'), report),
  };
};
