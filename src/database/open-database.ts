import type { Knex } from 'knex';
import type pg from 'pg';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import type { Statements } from '../core/statement.ts';
import { ensureDatabase, openPool, quotedDatabaseName, withClient } from './connection.ts';
import { embeddedServer, outsideServer, reach } from './database-server.ts';
import type { DatabaseServer } from './database-server.ts';
import { readSecrets } from './create-cluster.ts';
import { claimDataFolder } from './data-lock.ts';
import { makeDataFolder } from './data-folder.ts';
import { preparedStatements } from './prepared-statements.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import type { EmbeddedPostgres } from './embedded-postgres.ts';
import type { OwnedDatabase, Owner, Role } from './owner-file.ts';

export interface SaysoDatabase {
  /** Sayso's own database. */
  readonly knex: Knex;
  /** Sends what every request sends there, over the same pool. */
  readonly statements: Statements;
  readonly embedded: boolean;
  /** What it takes to join it from another process: see `joinDatabase`. */
  readonly at: OwnedDatabase;
  /**
   * pg's connection settings for the database of that name on the same server; it need not exist
   * (see `ensureDatabase`). On a server of others its name there begins with `sayso_`.
   */
  connection(database: string): pg.ClientConfig;
  /** Makes that database if missing; true when it was made now. */
  ensureDatabase(name: string): Promise<boolean>;
  /** Closes the pool; the owner also stops its server and gives up the data folder. */
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  readonly config: Pick<Config, 'dataDir' | 'databaseUrl'>;
  readonly role: Role;
  readonly log: (line: string) => void;
  /** How many connections our own server may have to take; a hundred are always taken. */
  readonly connections?: number;
}

const database = (
  server: DatabaseServer,
  at: OwnedDatabase,
  end: () => Promise<void>,
): SaysoDatabase => {
  const knex = openPool(server.own);
  const statements = preparedStatements(knex);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    statements.close();
    return knex.destroy().finally(end);
  };
  const named = (name: string): string => {
    const there = server.nameThere(name);
    quotedDatabaseName(there);
    return there;
  };
  return {
    knex,
    statements,
    at,
    embedded: server.embedded,
    connection: (name) => server.connection(named(name)),
    ensureDatabase: (name) =>
      withClient(server.own, (client) =>
        ensureDatabase((sql, values) => client.query(sql, [...values]), named(name)),
      ),
    close: () => (closed ??= close()),
  };
};

/**
 * Sayso works as a role that may make databases but is no superuser: such a one could read files
 * and run programs by SQL.
 */
const prepare = async ({ socketDir, secrets }: EmbeddedPostgres): Promise<void> => {
  const own = embeddedServer(socketDir, secrets.sayso).connection('postgres');
  const superuser = { ...own, user: 'postgres', password: secrets.superuser };
  await withClient(superuser, async (client) => {
    const role = await client.query(`select 1 from pg_roles where rolname = 'sayso'`);
    if (role.rows.length === 0) {
      await client.query(`create role sayso login createdb password '${secrets.sayso}'`);
    }
  });
  await withClient(own, (client) =>
    ensureDatabase((sql, values) => client.query(sql, [...values]), 'sayso'),
  );
};

const nothingToEnd = (): Promise<void> => Promise.resolve();

/**
 * The database that another process of ours, which holds the data folder, has opened. It stays that
 * one's: closing it here closes our connections alone.
 *
 * @param at what that process has of it
 * @throws ConfigError when it cannot be reached
 */
export const joinDatabase = async (
  { dataDir, databaseUrl }: Pick<Config, 'dataDir' | 'databaseUrl'>,
  at: OwnedDatabase,
): Promise<SaysoDatabase> => {
  if ('socketDir' in at) return join(dataDir, { pid: process.ppid, database: at });
  if (databaseUrl === undefined) throw new Error('a database elsewhere has a URL');
  await reach(databaseUrl);
  return database(outsideServer(databaseUrl), at, nothingToEnd);
};

const join = (dataDir: string, beside: Pick<Owner, 'pid' | 'database'>): SaysoDatabase => {
  const where = beside.database;
  const secrets = readSecrets(dataDir);
  if (where && 'socketDir' in where && secrets) {
    return database(embeddedServer(where.socketDir, secrets.sayso), where, nothingToEnd);
  }
  const what = `the gateway with pid ${beside.pid} on this data folder keeps its data elsewhere, by DATABASE_URL`;
  throw new ConfigError([
    { where: dataDir, what, mend: 'give this command the same DATABASE_URL as the gateway' },
  ]);
};

/**
 * Opens Sayso's database: that of DATABASE_URL, or the embedded PostgreSQL in the data folder,
 * starting it unless a running gateway has it already. Throws ConfigError
 * `DATA_DIRECTORY_IN_USE` when another gateway owns the folder, and other ConfigErrors when the
 * folder or the server cannot be used or reached.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<SaysoDatabase> {
  const { config, role, log } = options;
  const { databaseUrl } = config;
  if (databaseUrl !== undefined && role === 'command') {
    await reach(databaseUrl);
    return database(outsideServer(databaseUrl), { outside: true }, nothingToEnd);
  }
  const dataDir = makeDataFolder(config.dataDir);
  const claim = await claimDataFolder(dataDir, role, log);
  if ('beside' in claim) return join(dataDir, claim.beside);
  const { lock } = claim;
  let server: EmbeddedPostgres | undefined;
  try {
    if (databaseUrl !== undefined) {
      await reach(databaseUrl);
      lock.publish({ outside: true });
      return database(outsideServer(databaseUrl), { outside: true }, () => {
        lock.release();
        return Promise.resolve();
      });
    }
    const started = await startEmbeddedPostgres({ dataDir, log, connections: options.connections });
    server = started;
    await prepare(started);
    const at = { socketDir: started.socketDir };
    lock.publish(at);
    return database(embeddedServer(started.socketDir, started.secrets.sayso), at, async () => {
      await started.stop();
      lock.release();
    });
  } catch (error) {
    await server?.stop();
    lock.release();
    throw error;
  }
}
