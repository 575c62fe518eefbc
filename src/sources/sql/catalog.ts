import type { Knex } from 'knex';

/** A column as PostgreSQL's catalog describes it. */
export interface Column {
  /** Base type's name, such as `int4`, `text`, `_text` for an array; `enum` for an enumeration. */
  readonly type: string;
  /** The type as SQL writes it, safe to put behind `::`. */
  readonly sqlType: string;
}

/** Table, then column. */
export type Catalog = ReadonlyMap<string, ReadonlyMap<string, Column>>;

interface CatalogRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly sql_type: string;
}

/** Reads the columns of every table and view of one PostgreSQL schema. */
export const readCatalog = async (knex: Knex, schema: string): Promise<Catalog> => {
  const { rows } = await knex.raw<{ rows: CatalogRow[] }>(
    `select c.relname as table, a.attname as column,
       case when t.typtype = 'e' then 'enum'
            when t.typtype = 'd' then (select b.typname from pg_type b where b.oid = t.typbasetype)
            else t.typname end as type,
       format_type(a.atttypid, null) as sql_type
     from pg_attribute a
     join pg_class c on c.oid = a.attrelid
     join pg_namespace n on n.oid = c.relnamespace
     join pg_type t on t.oid = a.atttypid
     where n.nspname = ? and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and a.attnum > 0 and not a.attisdropped`,
    [schema],
  );
  const catalog = new Map<string, Map<string, Column>>();
  for (const { table, column, type, sql_type } of rows) {
    const columns = catalog.get(table) ?? new Map<string, Column>();
    columns.set(column, { type, sqlType: sql_type });
    catalog.set(table, columns);
  }
  return catalog;
};

const between = (value: string, low: bigint, high: bigint): boolean => {
  if (!/^-?\d{1,20}$/.test(value)) return false;
  const number = BigInt(value);
  return number >= low && number <= high;
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
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return !Number.isNaN(Date.parse(value));
    default:
      return true;
  }
};

const texts = ['text', 'varchar', 'bpchar', 'char', 'name', 'citext', 'uuid', 'enum'];
const wholes = ['int2', 'int4', 'int8'];
const times = ['timestamp', 'timestamptz'];

/** Which columns a GraphQL type can show. Enums of the domain are shown by texts. */
const shownBy = new Map<string, readonly string[]>([
  ['Int', [...wholes, 'numeric']],
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
