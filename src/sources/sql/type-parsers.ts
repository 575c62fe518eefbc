import pg from 'pg';

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

/** How this connector reads values; per connection, so that nobody else's are changed. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: TypeId, format?: string) =>
    (format === 'binary' ? undefined : parsers.get(oid)) ?? (getTypeParser(oid, 'text') as Parser),
};
