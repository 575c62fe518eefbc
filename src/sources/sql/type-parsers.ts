import pg from 'pg';
import type { RawKind } from '../source.ts';

const { builtins, getTypeParser } = pg.types;

type TypeId = Parameters<typeof getTypeParser>[0];
type Parser = (text: string) => unknown;

// Its type says a function; it is this.
const arrayParser = pg.types.arrayParser as unknown as {
  create(source: string, transform: Parser): { parse(): unknown[] };
};
const listOf =
  (parser: Parser): Parser =>
  (text) =>
    arrayParser.create(text, parser).parse();

const asIs = (text: string): string => text;

/** A timestamp without zone is read as UTC, not as whatever zone this process runs in. */
const utc = (text: string): Date | string => {
  const date = new Date(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(date.getTime()) ? text : date;
};

/** Arrays have numbers of their own, which the driver does not name. */
const arrays = {
  bytea: 1001,
  int8: 1016,
  timestamp: 1115,
  date: 1182,
  interval: 1187,
  numeric: 1231,
};

const parsers = new Map<number, Parser>([
  [builtins.DATE, asIs],
  [builtins.TIMESTAMP, utc],
  // Digits are kept: GraphQL's own serializers narrow them where the schema says Int or Float.
  [builtins.INT8, asIs],
  [builtins.NUMERIC, asIs],
  [builtins.BYTEA, asIs],
  [builtins.INTERVAL, asIs],
  [arrays.date, listOf(asIs)],
  [arrays.timestamp, listOf(utc)],
  [arrays.int8, listOf(asIs)],
  [arrays.numeric, listOf(asIs)],
  [arrays.bytea, listOf(asIs)],
  [arrays.interval, listOf(asIs)],
]);

// Its type lists the types that the driver has a name for; any number may come.
const driversParser = getTypeParser as (oid: number, format: 'text') => Parser;

const parserOf = (oid: number): Parser => parsers.get(oid) ?? driversParser(oid, 'text');

/** How this connector reads values; per connection, so that nobody else's are changed. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: TypeId, format?: string) =>
    format === 'binary' ? driversParser(oid, 'text') : parserOf(oid),
};

/** What the driver does with types that nobody told it of, such as texts and enums: nothing. */
const unparsed = parserOf(0);

const kinds = new Map<number, RawKind>([
  [builtins.INT2, 'int'],
  [builtins.INT4, 'int'],
  [builtins.BOOL, 'bool'],
  [builtins.FLOAT4, 'float'],
  [builtins.FLOAT8, 'float'],
  [builtins.TIMESTAMP, 'timestamp'],
  [builtins.TIMESTAMPTZ, 'timestamp'],
  [builtins.JSON, 'json'],
  [builtins.JSONB, 'json'],
]);

/** How values of a type are read, and what their bytes are to whoever does not read them. */
export interface ColumnType {
  readonly parse: Parser;
  readonly kind: RawKind;
}

/** @param oid PostgreSQL's number of a type */
export const columnType = (oid: number): ColumnType => {
  const parse = parserOf(oid);
  const isText = parse === asIs || parse === unparsed;
  return { parse, kind: kinds.get(oid) ?? (isText ? 'text' : 'other') };
};
