import { z } from 'zod';
import { isPostgresUrl, isRestUrl } from './parse-address.ts';
import { parseJsonPath } from './parse-json-path.ts';
import { parseDuration, parseSize } from './parse-units.ts';
import { between, leaf, oneOf, short, text, whole, yesOrNo } from './setting-values.ts';

const isIdentifier = (value: string) => /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(value);

/** A name for a source, as SDL writes it in `@table(source:)`. */
export const isSourceName = (name: string): boolean => /^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(name);

/** Of any kind: how many connections, and how long to wait. */
const connections = {
  poolSize: whole(1, 200).default(10),
  timeout: between('a time from 100ms to 10m, such as `5s`', parseDuration, 100, 600_000).default(
    5000,
  ),
};

const postgres = z.strictObject({
  kind: z.literal('postgres').optional(),
  postgres: text('a postgres:// or postgresql:// URL', isPostgresUrl).optional(),
  database: text('the name of a database', isIdentifier).optional(),
  schema: text('the name of a PostgreSQL schema', isIdentifier).default('public'),
  prepare: yesOrNo.default(true),
  ...connections,
});

/** A mapping of texts, as a `Map`: a name in it may be `__proto__`. */
const mapping = <T>(
  expected: string,
  isKey: (key: string) => boolean,
  read: (value: unknown) => T | undefined,
) =>
  leaf(expected, (value): ReadonlyMap<string, T> | undefined => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value).map(([key, one]) => [key, read(one)] as const);
    const sound = entries.filter(
      (entry): entry is readonly [string, T & {}] => isKey(entry[0]) && entry[1] !== undefined,
    );
    return sound.length === entries.length ? new Map(sound) : undefined;
  });

const isParameter = (value: unknown): value is string =>
  typeof value === 'string' && short(100)(value) && value.isWellFormed();
const parameter = text('the name of a query parameter', isParameter);

/** Below the base address and nowhere else, whatever a server makes of dots and slashes. */
const isPath = (value: string): boolean =>
  /^\/[\w\-.~!$&'()*+,;=:@%/?]*$/.test(value) &&
  !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(value.replace(/\?.*/, '')) &&
  !value.startsWith('//');

/** Set by Sayso, or about the connection and not about the API. */
const ownHeaders: ReadonlySet<string> = new Set([
  ...['sec-gpc', 'host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'],
  ...['keep-alive', 'upgrade', 'expect', 'te', 'trailer'],
]);
const isHeaderName = (name: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name) && !ownHeaders.has(name.toLowerCase());
const readHeader = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\x21-\x7e]([\x20-\x7e]{0,8000}[\x21-\x7e])?$/.test(value)
    ? value
    : undefined;

const restTable = z.strictObject({
  path: text('a path from `/` on, without `..` and `#`, such as `/members`', isPath),
  by: mapping(
    'a mapping from columns to the query parameters that take their values, such as `{ customer_id: ids }`',
    short(100),
    (value) => (isParameter(value) ? value : undefined),
  ),
  values: oneOf(['repeat', 'comma'] as const, '`repeat` or `comma`').default('repeat'),
  batch: whole(1, 1000).default(100),
  rows: leaf('a path in the answer, such as `data.items`', parseJsonPath).optional(),
  columns: mapping(
    'a mapping from columns to paths in a row, such as `{ joined_on: joinedOn }`',
    short(100),
    parseJsonPath,
  ).optional(),
  fields: parameter.optional(),
  ids: oneOf(['number', 'text', 'uuid'] as const, '`number`, `text` or `uuid`').default('number'),
});

const rest = z.strictObject({
  kind: z.literal('rest'),
  url: text('an http or https address without password, `?` and `#`', isRestUrl),
  allowPlainHttp: yesOrNo.default(false),
  headers: mapping(
    'a mapping from names of headers to their values, without those that Sayso sets itself (`Sec-GPC`, `Host`, `Accept-Encoding` and those of the connection)',
    isHeaderName,
    readHeader,
  ).optional(),
  bytes: between('a size from 1kB to 1000MB, such as `16MB`', parseSize, 1000, 1e9).default(
    16_000_000,
  ),
  tables: z.record(z.string(), restTable),
  ...connections,
});

/** Kinds of sources, by the word that `kind` takes. */
export const sourceKinds = { postgres, rest };

/** One source; without `kind`, a PostgreSQL database. */
export const source = z.discriminatedUnion('kind', [postgres, rest]);
/** Settings of one table of a REST source. */
export const restTableKeys: readonly string[] = Object.keys(restTable.shape);
