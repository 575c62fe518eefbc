import knexModule, { type Knex } from 'knex';
import type pg from 'pg';
import { SourceError, tooManyRows, type Problem } from '../../core/errors.ts';
import type { DomainType } from '../../policy/model.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { EraseRequest, Find, Row, Source } from '../source.ts';
import { eraseStatement } from './build-erase.ts';
import { buildSelect } from './build-select.ts';
import { couldBe, kindOfSubject, readCatalog, readUniqueKeys, type Catalog } from './catalog.ts';
import { checkTypes, subjectColumn } from './check-types.ts';
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

/** By class of PostgreSQL's code. */
const eraseRefusals: Readonly<Record<string, string>> = {
  '23': 'other rows still point at these, or a column may not be empty',
  '25': 'it can only be read',
  '42': 'its user may not change these rows',
};

/** A silent server is given up this long after one that answers would have stopped by itself. */
const graceMs = 500;

const ignore = (): void => undefined;

type Prepared = (error: Error | undefined, client: pg.Client) => void;

/**
 * By statements and not by start-up options, which an address with options of its own would
 * replace: a source is only ever read, and dates come as this connector reads them.
 */
const prepare = (client: pg.Client, done: Prepared): void => {
  client.query(
    `set session characteristics as transaction read only; set datestyle to 'ISO'`,
    (error: Error | null) => done(error ?? undefined, client),
  );
};

/** A PostgreSQL database read by knex: planned columns only, read-only, one statement per fetch. */
export class SqlSource implements Source {
  readonly name: string;
  readonly maxRows: number;
  readonly #options: SqlSourceOptions;
  readonly #knex: Knex;
  #catalog: Catalog | undefined;

  constructor(options: SqlSourceOptions) {
    this.name = options.name;
    this.maxRows = options.maxRows;
    this.#options = options;
    const { connection, timeoutMs, poolSize } = options;
    this.#knex = knexModule({
      client: 'pg',
      connection: {
        ...(connection as Knex.PgConnectionConfig),
        types: typeParsers,
        statement_timeout: timeoutMs,
        connectionTimeoutMillis: timeoutMs,
      } as Knex.PgConnectionConfig,
      pool: { min: 0, max: poolSize, afterCreate: prepare },
      acquireConnectionTimeout: timeoutMs,
      // knex would write SQL and its values to the console; what matters is thrown as well.
      log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
    });
  }

  async fetch(read: ReadPlan, find: Find): Promise<readonly Row[]> {
    const { maxRows, schema, timeoutMs, onStatement } = this.#options;
    const catalog = await this.#readCatalog();
    const wanted = possible(read, find, catalog);
    if (wanted === undefined) return [];
    const query = buildSelect(read, wanted, { knex: this.#knex, schema, catalog, maxRows });
    onStatement?.(query.toSQL().sql);
    // Rows as arrays: a column's name is never a property name. The limit is for a server that is
    // gone and says nothing: its connection is then given up.
    const sent: PromiseLike<readonly (readonly unknown[])[]> = query
      .options({ rowMode: 'array' })
      .timeout(timeoutMs + graceMs);
    const rows = await this.#answer(sent);
    if (rows.length > maxRows) throw tooManyRows(this.name, maxRows);
    return rows.map((values) => ({ values }));
  }

  async erase(requests: readonly EraseRequest[], id: string): Promise<readonly number[]> {
    const { schema, timeoutMs, onStatement } = this.#options;
    const catalog = await this.#readCatalog();
    const work = this.#knex.transaction(async (trx) => {
      // Everything else is read only here.
      await trx.raw('set transaction read write');
      const counts: number[] = [];
      for (const request of requests) {
        const subject = subjectColumn(request.type);
        const column = subject && catalog.get(subject.table)?.get(subject.column);
        const { sql, counts: isCount } = eraseStatement(request, { knex: trx, schema, catalog });
        if (column === undefined || !couldBe(id, column.type)) {
          counts.push(0);
          continue;
        }
        onStatement?.(sql);
        const { rows, rowCount } = await trx
          .raw<{ rows: { count: number }[]; rowCount: number }>(sql, [id, id])
          .timeout(timeoutMs + graceMs);
        counts.push(isCount ? (rows[0]?.count ?? 0) : rowCount);
      }
      return counts;
    });
    try {
      return await work;
    } catch (error) {
      const { code } = error as { code?: string };
      // Rights, constraints: what the operator has to mend before it can be done.
      if (code !== undefined && /^(23|25006|42501|0A)/.test(code)) {
        throw new SourceError(
          `source \`${this.name}\` refused to erase (${code}): ${eraseRefusals[code.slice(0, 2)] ?? 'its user may not change these rows'}`,
          'SOURCE_UNAVAILABLE',
          this.name,
          error,
        );
      }
      throw this.#asSourceError(error);
    }
  }

  async check(types: readonly DomainType[]): Promise<readonly Problem[]> {
    this.#catalog = undefined;
    const { schema, timeoutMs } = this.#options;
    const catalog = await this.#readCatalog();
    const keys = await this.#answer(readUniqueKeys(this.#knex, schema, timeoutMs + graceMs));
    return checkTypes(types, catalog, keys, this.name);
  }

  subjectKind(type: DomainType): string | undefined {
    const naming = subjectColumn(type);
    const column = naming && this.#catalog?.get(naming.table)?.get(naming.column);
    return column && kindOfSubject(column.type);
  }

  async close(): Promise<void> {
    await this.#knex.destroy();
  }

  async #readCatalog(): Promise<Catalog> {
    const { schema, timeoutMs } = this.#options;
    return (this.#catalog ??= await this.#answer(
      readCatalog(this.#knex, schema, timeoutMs + graceMs),
    ));
  }

  async #answer<T>(work: PromiseLike<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#asSourceError(error);
    }
  }

  #asSourceError(error: unknown): SourceError {
    const { name, code, message } = error as { name?: string; code?: string; message?: string };
    const slow =
      code === '57014' ||
      code === 'ETIMEDOUT' ||
      name === 'KnexTimeoutError' ||
      (code === undefined && /timeout/i.test(message ?? ''));
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
    const { after, among } = find;
    const keyTypes = read.key.map((column) => typeOf(read.table, column));
    const fits =
      after === undefined ||
      (after.length === keyTypes.length &&
        after.every((value, i) => couldBe(value, keyTypes[i] ?? 'text')));
    if (!fits || among === undefined) return fits ? find : undefined;
    const type = typeOf(read.table, among.column);
    const values = among.values.filter((value) => couldBe(value, type));
    return values.length === 0 ? undefined : { ...find, among: { ...among, values } };
  }
  if (find.by === 'subject') {
    const { path } = read.subject ?? {};
    const table = path?.hops.at(-1)?.table ?? read.table;
    return path && couldBe(find.id, typeOf(table, path.column)) ? find : undefined;
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
