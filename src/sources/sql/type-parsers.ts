import pg from 'pg';

const { builtins, getTypeParser } = pg.types;

const asIs = (text: string): string => text;

/** A timestamp without zone is read as UTC, not as whatever zone this process runs in. */
const utc = (text: string): Date | string => {
  const date = new Date(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(date.getTime()) ? text : date;
};

const parsers = new Map<number, (text: string) => unknown>([
  [builtins.DATE, asIs],
  [builtins.TIMESTAMP, utc],
  // Digits are kept: GraphQL's own serializers narrow them where the schema says Int or Float.
  [builtins.INT8, asIs],
  [builtins.NUMERIC, asIs],
  [builtins.BYTEA, asIs],
  [builtins.INTERVAL, asIs],
]);

/** How this connector reads values; per connection, so that nobody else's are changed. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: string) =>
    (format === 'binary' ? undefined : parsers.get(oid)) ??
    (getTypeParser(oid, 'text') as (text: string) => unknown),
};
