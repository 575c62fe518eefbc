import knexModule, { type Knex } from 'knex';
import pg from 'pg';
import { SourceError, tooManyRows, type Problem } from '../../core/errors.ts';
import { LentClients, type WirePool } from '../../core/wire/lent-clients.ts';
import { WireClient } from '../../core/wire/wire-client.ts';
import type { DomainType } from '../../policy/model.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { Asked } from '../../core/wire/exchange.ts';
import type { Below, EraseRequest, Find, RawRows, Row, Source } from '../source.ts';
import { eraseStatement } from './build-erase.ts';
import { couldBe, kindOfSubject, readCatalog, readUniqueKeys, type Catalog } from './catalog.ts';
import { checkTypes, subjectColumn } from './check-types.ts';
import { possible, widthOf } from './possible.ts';
import { Statements, type Statement } from './statements.ts';
import { typeParsers } from './type-parsers.ts';
import { ask, noRows, type WireRows } from './wire-rows.ts';

export interface SqlSourceOptions {
  readonly name: string;
  readonly connection: pg.ClientConfig;
  /** PostgreSQL schema of the tables. */
  readonly schema: string;
  readonly poolSize: number;
  /** For waiting for a connection and for the statement, each. */
  readonly timeoutMs: number;
  readonly maxRows: number;
  /** Whether the server is to keep statements for its connections; as when left out. */
  readonly prepare?: boolean;
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

/** What failed together is not tried again so soon: each time it would be read twice. */
const apartMs = 60_000;

const ignore = (): void => undefined;

/**
 * Whether statements that failed together may come through one by one: the server said no, there is
 * too much, or they took longer together than one of them may by itself.
 */
const isOfAll = ({ code, cause }: SourceError): boolean =>
  code === 'SOURCE_TOO_LARGE' ||
  cause instanceof pg.DatabaseError ||
  (cause as { readonly code?: unknown } | undefined)?.code === 'ETIMEDOUT';

type Ready = (error: Error | undefined, client: pg.Client) => void;

/**
 * By statements and not by start-up options, which an address with options of its own would
 * replace: a source is only ever read, statements that are sent together see one moment, and dates
 * come as this connector reads them.
 */
const makeReady = (client: pg.Client, done: Ready): void => {
  client.query(
    `set session characteristics as transaction isolation level repeatable read, read only;
     set datestyle to 'ISO'`,
    (error: Error | null) => done(error ?? undefined, client),
  );
};

/** What is known of the database's tables, and the statements made of it. */
interface Known {
  readonly catalog: Catalog;
  readonly statements: Statements;
}

/** A PostgreSQL database read by knex: planned columns only, read-only, one statement per fetch. */
export class SqlSource implements Source {
  readonly name: string;
  readonly maxRows: number;
  readonly #options: SqlSourceOptions;
  readonly #knex: Knex;
  readonly #clients: LentClients;
  #known: Known | undefined;
  /** Until when rows of a plan come alone: together with those below them they failed. */
  readonly #apartUntil = new WeakMap<ReadPlan, number>();

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
      pool: { min: 0, max: poolSize, afterCreate: makeReady },
      acquireConnectionTimeout: timeoutMs,
      // knex would write SQL and its values to the console; what matters is thrown as well.
      log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
    });
    // All that knex asks of its driver is a client to connect.
    const pool = this.#knex.client as WirePool;
    pool.driver = { Client: WireClient };
    this.#clients = new LentClients(pool, poolSize - 1);
  }

  async fetch(read: ReadPlan, find: Find): Promise<readonly Row[]> {
    return (await this.#read(read, find))?.values() ?? [];
  }

  async fetchRaw(read: ReadPlan, find: Find): Promise<RawRows> {
    return (await this.#read(read, find)) ?? noRows(widthOf(read, find));
  }

  async fetchAlong(
    read: ReadPlan,
    find: Find,
    below: readonly Below[],
  ): Promise<readonly [RawRows, ...RawRows[]] | undefined> {
    const apartUntil = this.#apartUntil.get(read);
    if (apartUntil !== undefined && performance.now() < apartUntil) return undefined;
    const { catalog, statements } = this.#known ?? (await this.#readCatalog());
    const wanted = possible(read, find, catalog);
    if (wanted === undefined) return undefined;
    const under: Statement[] = [];
    for (const one of below) {
      const statement = statements.below(read, wanted, one);
      if (statement === undefined) return undefined;
      under.push(statement);
    }
    const first = statements.of(read, wanted);
    // Each of them has the first within it, and so the same values.
    const values = statements.parametersBelow(first, wanted);
    const asked = [
      this.#asked(first, statements.parametersOf(first, wanted)),
      ...under.map((one) => this.#asked(one, values)),
    ];
    try {
      return await this.#send(asked);
    } catch (error) {
      // Perhaps for rows that nobody would have asked for.
      if (!(error instanceof SourceError && isOfAll(error))) throw error;
      this.#apartUntil.set(read, performance.now() + apartMs);
      return undefined;
    }
  }

  /** Nothing when no row could match. */
  async #read(read: ReadPlan, find: Find): Promise<WireRows | undefined> {
    const { catalog, statements } = this.#known ?? (await this.#readCatalog());
    const wanted = possible(read, find, catalog);
    if (wanted === undefined) return undefined;
    const statement = statements.of(read, wanted);
    const values = statements.parametersOf(statement, wanted);
    const [rows] = await this.#send([this.#asked(statement, values)]);
    return rows;
  }

  #asked({ text, shown, name }: Statement, values: Asked['values']): Asked {
    const { prepare: keeps = true, onStatement } = this.#options;
    onStatement?.(shown);
    return keeps ? { text, values, name } : { text, values };
  }

  /** Sends statements together, and reads the rows of each. */
  async #send(asked: readonly Asked[]): Promise<readonly [WireRows, ...WireRows[]]> {
    const { maxRows, timeoutMs } = this.#options;
    let all: readonly [WireRows, ...WireRows[]];
    try {
      all = await this.#clients.use((client) => ask(client, asked, timeoutMs + graceMs));
    } catch (error) {
      throw this.#asSourceError(error);
    }
    for (const { count } of all) if (count > maxRows) throw tooManyRows(this.name, maxRows);
    return all;
  }

  async erase(requests: readonly EraseRequest[], id: string): Promise<readonly number[]> {
    const { schema, timeoutMs, onStatement } = this.#options;
    const { catalog } = await this.#readCatalog();
    const work = this.#knex.transaction(async (trx) => {
      // Everything else is read only here, and as of one moment.
      await trx.raw('set transaction isolation level read committed, read write');
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
    this.#known = undefined;
    const { schema, timeoutMs } = this.#options;
    const { catalog } = await this.#readCatalog();
    const keys = await this.#answer(readUniqueKeys(this.#knex, schema, timeoutMs + graceMs));
    return checkTypes(types, catalog, keys, this.name);
  }

  subjectKind(type: DomainType): string | undefined {
    const naming = subjectColumn(type);
    const column = naming && this.#known?.catalog.get(naming.table)?.get(naming.column);
    return column && kindOfSubject(column.type);
  }

  async close(): Promise<void> {
    this.#clients.close();
    await this.#knex.destroy();
  }

  async #readCatalog(): Promise<Known> {
    if (this.#known) return this.#known;
    const { schema, timeoutMs, maxRows } = this.#options;
    const knex = this.#knex;
    const catalog = await this.#answer(readCatalog(knex, schema, timeoutMs + graceMs));
    return (this.#known ??= {
      catalog,
      statements: new Statements({ knex, schema, catalog, maxRows }),
    });
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
