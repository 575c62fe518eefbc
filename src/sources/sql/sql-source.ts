import knexModule, { type Knex } from 'knex';
import type pg from 'pg';
import { SourceError, type Problem } from '../../core/errors.ts';
import type { DomainType } from '../../policy/model.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { Find, Row, Source } from '../source.ts';
import { buildSelect } from './build-select.ts';
import { couldBe, readCatalog, type Catalog } from './catalog.ts';
import { checkTypes } from './check-types.ts';
import { typeParsers } from './type-parsers.ts';

export interface SqlSourceOptions {
  readonly name: string;
  readonly connection: pg.ClientConfig;
  /** PostgreSQL schema of the tables. */
  readonly schema: string;
  readonly poolSize: number;
  /** For waiting for a connection and for the statement, each. */
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Sees every statement's text before it is sent; values are never shown. */
  readonly onStatement?: (sql: string) => void;
}

/** A PostgreSQL database read by knex: planned columns only, read-only, one statement per fetch. */
export class SqlSource implements Source {
  readonly name: string;
  readonly #options: SqlSourceOptions;
  readonly #knex: Knex;
  #catalog: Catalog | undefined;

  constructor(options: SqlSourceOptions) {
    this.name = options.name;
    this.#options = options;
    const { connection, timeoutMs, poolSize } = options;
    this.#knex = knexModule({
      client: 'pg',
      connection: {
        ...(connection as Knex.PgConnectionConfig),
        types: typeParsers,
        statement_timeout: timeoutMs,
        // Also when the server is gone and says nothing any more.
        query_timeout: timeoutMs + 500,
        connectionTimeoutMillis: timeoutMs,
        options: '-c default_transaction_read_only=on',
      } as Knex.PgConnectionConfig,
      pool: { min: 0, max: poolSize },
      acquireConnectionTimeout: timeoutMs,
    });
  }

  async fetch(read: ReadPlan, find: Find): Promise<readonly Row[]> {
    const { maxRows, schema, onStatement } = this.#options;
    const catalog = await this.#readCatalog();
    const wanted = possible(read, find, catalog);
    if (wanted === undefined) return [];
    const query = buildSelect(read, wanted, { knex: this.#knex, schema, catalog, maxRows });
    onStatement?.(query.toSQL().sql);
    const rows = await this.#answer(
      // Rows as arrays: a column's name is never a property name.
      query.options({ rowMode: 'array' }) as unknown as Promise<readonly (readonly unknown[])[]>,
    );
    if (rows.length > maxRows) {
      throw new SourceError(
        `source \`${this.name}\` has more than ${maxRows} rows for this field; ask for fewer with \`first\``,
        'SOURCE_TOO_LARGE',
        this.name,
      );
    }
    return rows.map((values) => ({ values }));
  }

  async check(types: readonly DomainType[]): Promise<readonly Problem[]> {
    this.#catalog = undefined;
    return checkTypes(types, await this.#readCatalog(), this.name);
  }

  async close(): Promise<void> {
    await this.#knex.destroy();
  }

  async #readCatalog(): Promise<Catalog> {
    return (this.#catalog ??= await this.#answer(readCatalog(this.#knex, this.#options.schema)));
  }

  async #answer<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#asSourceError(error);
    }
  }

  #asSourceError(error: unknown): SourceError {
    const { name, code, message } = error as { name?: string; code?: string; message?: string };
    const slow = code === '57014' || name === 'KnexTimeoutError' || /timeout/i.test(message ?? '');
    return slow
      ? new SourceError(
          `source \`${this.name}\` did not answer in time`,
          'SOURCE_TIMEOUT',
          this.name,
          error,
        )
      : new SourceError(
          `source \`${this.name}\` cannot be read`,
          'SOURCE_UNAVAILABLE',
          this.name,
          error,
        );
  }
}

/** Leaves out values that no row could have; nothing when none is left. */
const possible = (read: ReadPlan, find: Find, catalog: Catalog): Find | undefined => {
  const typeOf = (table: string, column: string): string =>
    catalog.get(table)?.get(column)?.type ?? 'text';
  if (find.by === 'page') {
    const fits = find.after?.every((value, i) =>
      couldBe(value, typeOf(read.table, read.key[i] ?? '')),
    );
    return fits === false ? undefined : find;
  }
  if (find.by === 'via') {
    const type = typeOf(find.table, find.on);
    const values = find.values.filter((value) => couldBe(value, type));
    return values.length === 0 ? undefined : { ...find, values };
  }
  const types = find.columns.map((column) => typeOf(read.table, column));
  const tuples = find.tuples.filter((tuple) =>
    tuple.every((value, i) => couldBe(value, types[i] ?? 'text')),
  );
  return tuples.length === 0 ? undefined : { ...find, tuples };
};
