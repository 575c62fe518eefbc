import type { Knex } from 'knex';
import pg from 'pg';
import type { Answer, Statement, Statements } from '../core/statement.ts';

/** A connection of knex's pool, which gives up those that bear this mark. */
interface Pooled extends pg.Client {
  __knex__disposed?: unknown;
}

interface Pool {
  acquireConnection(): Promise<Pooled>;
  releaseConnection(client: Pooled): Promise<void>;
}

/**
 * What was prepared is not there (26000), is there already (42P05), or gives other columns since a
 * table was changed (0A000). All are found before anything is carried out.
 */
const unprepared = new Set(['26000', '42P05', '0A000']);
/** After so many a pooler that hands on transactions stands between, and nothing is prepared. */
const maxUnprepared = 20;

const codeOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/** Ends a connection and keeps the pool from handing it out again. */
const dispose = (client: Pooled, why: unknown): void => {
  client.__knex__disposed = why;
  client.end().catch(() => undefined);
};

const send = <Row extends pg.QueryResultRow>(
  client: Pooled,
  query: pg.QueryConfig,
  timeoutMs: number,
): Promise<Answer<Row>> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new Error('the database did not answer in time');
      dispose(client, error);
      reject(error);
    }, timeoutMs);
    // By callback: the promise of pg's own takes a stack trace with every statement.
    client.query<Row>(query, (error: Error | null, result) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(result);
    });
  });

/**
 * Sends statements over connections of knex's pool, but not by way of knex: each connection has
 * them prepared once, so that neither knex builds nor PostgreSQL plans them again with each request.
 */
export const preparedStatements = (knex: Knex): Statements => {
  // knex types its own pool as `any`.
  const pool = knex.client as Pool;
  let failures = 0;

  const sendOn = async <Row extends pg.QueryResultRow>(
    client: Pooled,
    { name, numbered: text }: Statement,
    values: unknown[],
    timeoutMs: number,
  ): Promise<Answer<Row>> => {
    const plain = { text, values };
    if (failures >= maxUnprepared) return send(client, plain, timeoutMs);
    try {
      return await send<Row>(client, { name, ...plain }, timeoutMs);
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !unprepared.has(code)) throw error;
      if (code !== '0A000') failures += 1;
      const answer = await send<Row>(client, plain, timeoutMs);
      // What else is prepared on it may be gone as well; the next connection begins anew.
      dispose(client, error);
      return answer;
    }
  };

  return {
    ask: async <Row>(statement: Statement, values: readonly unknown[], timeoutMs: number) => {
      const client = await pool.acquireConnection();
      try {
        // pg's rows are objects, of whatever type the asker says.
        return await sendOn<Row & pg.QueryResultRow>(client, statement, [...values], timeoutMs);
      } catch (error) {
        // Only after an error of a statement alone its state is known.
        const known = error instanceof pg.DatabaseError && error.severity === 'ERROR';
        if (!known && client.__knex__disposed === undefined) dispose(client, error);
        throw error;
      } finally {
        void pool.releaseConnection(client);
      }
    },
  };
};
