import knexModule, { type Knex } from 'knex';
import type pg from 'pg';
import type { ReadPlan } from '../../../src/policy/plan.ts';
import type { Find, RawRows } from '../../../src/sources/source.ts';
import { buildSelect } from '../../../src/sources/sql/build-select.ts';
import { readCatalog } from '../../../src/sources/sql/catalog.ts';
import { typeParsers } from '../../../src/sources/sql/type-parsers.ts';

/** The same statements, sent and read by knex and pg alone. */
export const openReference = (connection: pg.ClientConfig, maxRows: number) => {
  const knex = knexModule({
    client: 'pg',
    connection: { ...connection, types: typeParsers } as Knex.PgConnectionConfig,
    pool: {
      min: 0,
      max: 1,
      afterCreate: (client: pg.Client, done: (error: Error | null, client: pg.Client) => void) => {
        client.query(`set datestyle to 'ISO'`, (error) => done(error, client));
      },
    },
  });
  return {
    fetch: async (read: ReadPlan, find: Find): Promise<readonly (readonly unknown[])[]> => {
      const catalog = await readCatalog(knex, 'public', 5_000);
      const context = { knex, schema: 'public', catalog, maxRows };
      const sent = buildSelect(read, find, context).options({ rowMode: 'array' });
      return (await sent) as unknown[][];
    },
    close: () => knex.destroy(),
  };
};

/** Every cell's value. */
export const valuesOf = (raw: RawRows): unknown[][] =>
  Array.from({ length: raw.count }, (_row, row) =>
    Array.from({ length: raw.width }, (_column, column) => raw.value(row, column)),
  );

/** A cell's bytes as a text; null is NULL. */
export const textOf = (raw: RawRows, row: number, column: number): string | null => {
  const at = 2 * (row * raw.width + column);
  const start = raw.cells[at]!;
  const length = raw.cells[at + 1]!;
  return length < 0 ? null : raw.bytes.toString('utf8', start, start + length);
};
