import type { Knex } from 'knex';

/** A column as PostgreSQL's catalog describes it. */
export interface Column {
  /** Base type's name, such as `int4`, `text`, `_text` for an array; `enum` for an enumeration. */
  readonly type: string;
  /** The type as SQL writes it, safe to put behind `::`. */
  readonly sqlType: string;
  /** Values that differ in bytes are never equal; false under a collation that disregards case or accents. */
  readonly deterministic: boolean;
  readonly notNull: boolean;
}

/** Table, then column. */
export type Catalog = ReadonlyMap<string, ReadonlyMap<string, Column>>;

interface CatalogRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly sql_type: string;
  readonly deterministic: boolean;
  readonly not_null: boolean;
}

/** Reads the columns of every table and view of one PostgreSQL schema. */
export const readCatalog = async (
  knex: Knex,
  schema: string,
  timeoutMs: number,
): Promise<Catalog> => {
  const { rows } = await knex
    .raw<{ rows: CatalogRow[] }>(
      `-- A domain is what it is made of, however often: its checks are for values to be stored.
     with recursive base as (
       select oid as of, oid, typname, typtype, typbasetype from pg_type
       union all
       select base.of, t.oid, t.typname, t.typtype, t.typbasetype
       from base join pg_type t on base.typtype = 'd' and t.oid = base.typbasetype
     )
     select c.relname as table, a.attname as column,
       case when t.typtype = 'e' then 'enum' when e.typtype = 'e' then '_enum'
            else t.typname end as type,
       -- -1 is "no modifier"; null would give character, which is character(1).
       format_type(t.oid, -1) as sql_type,
       coalesce(o.collisdeterministic, true) as deterministic, a.attnotnull as not_null
     from pg_attribute a
     join pg_class c on c.oid = a.attrelid
     join pg_namespace n on n.oid = c.relnamespace
     join base t on t.of = a.atttypid and t.typtype <> 'd'
     left join pg_type e on e.typarray = t.oid
     left join pg_collation o on o.oid = a.attcollation
     where n.nspname = ? and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and a.attnum > 0 and not a.attisdropped`,
      [schema],
    )
    .timeout(timeoutMs);
  const catalog = new Map<string, Map<string, Column>>();
  for (const { table, column, type, sql_type, deterministic, not_null } of rows) {
    const columns = catalog.get(table) ?? new Map<string, Column>();
    columns.set(column, { type, sqlType: sql_type, deterministic, notNull: not_null });
    catalog.set(table, columns);
  }
  return catalog;
};

/** Table, then the sets of columns that no two rows share and none leaves empty. Views are not in it. */
export type UniqueKeys = ReadonlyMap<string, readonly (readonly string[])[]>;

/** Reads what the database itself promises to be unique in each table of one PostgreSQL schema. */
export const readUniqueKeys = async (
  knex: Knex,
  schema: string,
  timeoutMs: number,
): Promise<UniqueKeys> => {
  const { rows } = await knex
    .raw<{ rows: { readonly table: string; readonly keys: readonly (readonly string[])[] }[] }>(
      `select c.relname as table, coalesce(json_agg(i.columns) filter (where i.filled), '[]') as keys
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     left join lateral (
       select json_agg(a.attname) as columns, bool_and(a.attnotnull) as filled
       from pg_index x
       join pg_attribute a on a.attrelid = x.indrelid
         -- What an index only carries along (INCLUDE) stands behind its key columns.
         and a.attnum = any(x.indkey[0:x.indnkeyatts - 1])
       where x.indrelid = c.oid and x.indisunique and x.indisvalid
         and x.indpred is null and x.indexprs is null
       group by x.indexrelid
     ) i on true
     where n.nspname = ? and c.relkind in ('r', 'p')
     group by c.relname`,
      [schema],
    )
    .timeout(timeoutMs);
  return new Map(rows.map(({ table, keys }) => [table, keys]));
};

/** Within what `int4` and `int8` hold, whatever the digits. */
const fewDigits = /^\d{1,9}$/;

const between = (value: string, low: bigint, high: bigint): boolean => {
  // As most ids are: nothing has to be made of them.
  if (high > 999_999_999n && fewDigits.test(value)) return true;
  if (!/^-?\d{1,20}$/.test(value)) return false;
  const number = BigInt(value);
  return number >= low && number <= high;
};

const isReal = (value: string, narrow: (number: number) => number): boolean => {
  if (!/^-?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,3})?$/i.test(value)) return false;
  const number = narrow(Number(value));
  // What is too small for the type is an error to PostgreSQL, like what is too large.
  return Number.isFinite(number) && (number !== 0 || !/[1-9]/.test(value.replace(/e.*/i, '')));
};

const instant =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?( BC)?$/;

const isInstant = (value: string): boolean => {
  if (value === 'infinity' || value === '-infinity') return true;
  const [, year, month, day, , before] = instant.exec(value) ?? [];
  if (year === undefined || Number(year) < 1 || Number(year) > (before ? 4_000 : 294_000))
    return false;
  // Years before Christ count from another end: the year 1 before is 0, a leap year.
  const date = new Date(0);
  date.setUTCFullYear(before ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
};

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Whether a text could be a value of the column. One that could not is in no row, which is an
 * answer, while sending it would be an error.
 */
export const couldBe = (value: string, type: string): boolean => {
  if (value.includes('\0') || !value.isWellFormed()) return false;
  switch (type) {
    case 'int2':
      return between(value, -32_768n, 32_767n);
    case 'int4':
      return between(value, -2_147_483_648n, 2_147_483_647n);
    case 'int8':
      return between(value, -(2n ** 63n), 2n ** 63n - 1n);
    case 'numeric':
      return /^-?\d{1,100}(\.\d{1,100})?$/.test(value);
    case 'uuid':
      return uuid.test(value);
    case 'bool':
      return value === 'true' || value === 'false';
    case 'float4':
      return isReal(value, Math.fround);
    case 'float8':
      return isReal(value, (number) => number);
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return isInstant(value);
    default:
      return true;
  }
};

const comparing = new Set([
  ...['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool', 'uuid'],
  ...['date', 'timestamp', 'timestamptz', 'text', 'varchar', 'bpchar', 'citext'],
]);

/**
 * Whether values that `couldBe` lets pass are compared as the column's own type. All others are
 * compared as texts, because a wrong one would be an error.
 */
export const comparesAsItself = (type: string): boolean => comparing.has(type);

/** Column types that have one text for one value, or can be given one: what a person may be known by. */
export const namesSubjects = (type: string): boolean => naming.has(type);

/**
 * Types whose equal values have one text among them all. A person known by one kind and a row that
 * names them by another could differ by a leading zero, a case or a trailing space.
 */
export const kindOfSubject = (type: string): string => {
  if (wholes.includes(type) || type === 'numeric') return 'number';
  return type === 'uuid' || type === 'bpchar' ? type : 'text';
};
const naming = new Set([
  ...['int2', 'int4', 'int8', 'numeric', 'uuid'],
  ...['text', 'varchar', 'bpchar', 'name', 'enum'],
]);

const texts = ['text', 'varchar', 'bpchar', 'char', 'name', 'citext', 'uuid', 'enum'];
const wholes = ['int2', 'int4', 'int8'];
const times = ['timestamp', 'timestamptz'];

/** Which columns a GraphQL type can show. Enums of the domain are shown by texts. */
const shownBy = new Map<string, readonly string[]>([
  // Not numeric, whose fractions an Int cannot show.
  ['Int', wholes],
  ['Float', [...wholes, 'numeric', 'float4', 'float8']],
  ['String', [...texts, ...wholes, 'numeric', 'inet', 'interval', 'time']],
  ['ID', [...texts, ...wholes]],
  ['Boolean', ['bool']],
  ['Date', ['date', ...times]],
  ['DateTime', times],
  ['Decimal', ['numeric', ...wholes]],
]);

/** The column types that can show a GraphQL type (`Int`, `[String]`, an enum's name), or null for any. */
export const columnTypesFor = (graphqlType: string): readonly string[] | null => {
  if (graphqlType === 'JSON') return null;
  const element = /^\[(.+)\]$/.exec(graphqlType)?.[1];
  const types = shownBy.get(element ?? graphqlType) ?? texts;
  return element === undefined ? types : [...types.map((type) => `_${type}`), 'json', 'jsonb'];
};
