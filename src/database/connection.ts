import knex from 'knex';
import type { Knex } from 'knex';
import pg from 'pg';
import { ConfigError } from '../core/errors.ts';
import type { WirePool } from '../core/wire/lent-clients.ts';
import { WireClient } from '../core/wire/wire-client.ts';
import { ownTypes } from './own-types.ts';

const ignore = (): void => undefined;

/** A pool of Sayso's own for that database. */
export function openPool(connection: pg.ClientConfig): Knex {
  const settings = { ...connection, types: ownTypes, application_name: 'sayso' };
  const pool = knex({
    client: 'pg',
    // The settings are pg's own, which knex passes on; its type lists only some of them.
    connection: settings as unknown as Knex.PgConnectionConfig,
    pool: { min: 0, max: 10 },
    acquireConnectionTimeout: 10_000,
    // knex would write SQL and its values to the console; what matters is thrown as well.
    log: { warn: ignore, error: ignore, deprecate: ignore, debug: ignore },
  });
  // All that knex asks of its driver is a client to connect.
  (pool.client as WirePool).driver = { Client: WireClient };
  return pool;
}

/**
 * Checks a database's name and returns it quoted for SQL. Names are plain words, so that they need
 * no quoting anywhere else either.
 */
export function quotedDatabaseName(name: string): string {
  if (/^[a-z][a-z0-9_]{0,62}$/.test(name)) return `"${name}"`;
  throw new ConfigError([
    {
      where: `database \`${name}\``,
      what: 'this is not a name for a database',
      mend: 'use a lower-case letter, then at most 62 lower-case letters, digits or `_`',
    },
  ]);
}

/** What of knex or pg it takes to make a database: `send` runs one statement outside a transaction. */
export type Send = (sql: string, values: readonly string[]) => Promise<{ rows: unknown[] }>;

const alreadyThere = new Set(['42P04', '23505']);

/** Makes the database if missing; true when it was made now. ConfigError when we may not. */
export async function ensureDatabase(send: Send, name: string): Promise<boolean> {
  const quoted = quotedDatabaseName(name);
  const found = await send('select 1 from pg_database where datname = $1', [name]);
  if (found.rows.length > 0) return false;
  try {
    // template0 because nobody is ever connected to it, which would make the copy fail.
    await send(`create database ${quoted} template template0`, []);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== undefined && alreadyThere.has(code)) return false;
    if (code !== '42501') throw error;
    const problem = {
      where: 'DATABASE_URL',
      what: `its user may not create the database \`${name}\``,
      mend: `create it by hand (\`CREATE DATABASE ${name}\`) or give the user CREATEDB`,
    };
    throw Object.assign(new ConfigError([problem]), { cause: error });
  }
}

/** Runs `use` with one connection that is closed afterwards. */
export async function withClient<T>(
  connection: pg.ClientConfig,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
