import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import type pg from 'pg';
import type { Config } from '../src/config/config.ts';
import { withClient } from '../src/database/connection.ts';
import { migrate } from '../src/database/migrate.ts';
import { openDemoIssuer } from '../src/identity/demo-issuer.ts';
import { ConsentStore } from '../src/ledger/consent-store.ts';
import { loadPolicy } from '../src/load-policy.ts';
import { openSubjects } from '../src/open-subjects.ts';
import { configFor, type Place } from './config-for.ts';
import { customerCount, purposes, sayings, tablesOf } from './shop.ts';
import { openTemporaryDatabase } from './temporary-database.ts';

/** What every variant stands on: one PostgreSQL with the data and the say-so, and tokens. */
export interface Stage {
  /** A place of its own for one more serving process. */
  place(name: string): Place;
  readonly tokens: Readonly<Record<keyof typeof purposes, string>>;
  /** The process whose children are the database's. */
  readonly postmaster: number;
  readonly postgresVersion: string;
  readonly folder: string;
  close(): Promise<void>;
}

/** pg's settings as a URL; a socket folder goes into the query. */
export const urlOf = ({ user, password, host, port, database }: pg.ClientConfig): string => {
  const parameters = new URLSearchParams({
    user: user ?? '',
    password: typeof password === 'string' ? password : '',
    host: host ?? '127.0.0.1',
    port: String(port ?? 5432),
  });
  return `postgres:///${database ?? ''}?${parameters.toString()}`;
};

const fillLedger = async (config: Config, knex: Knex) => {
  await migrate(knex);
  const { policy } = await loadPolicy(config);
  const subjects = await openSubjects(config, knex);
  await new ConsentStore(knex, subjects, policy).append(sayings());
  await knex.raw('analyze');
};

/** Tokens of a client who may ask for each of the purposes; the keys lie in the folder. */
export const mintTokens = async (folder: string): Promise<Stage['tokens']> => {
  const issuer = await openDemoIssuer(folder);
  const mint = (purpose: string): Promise<string> =>
    issuer.mint({ client: 'bench', scope: `purpose:${purpose}` });
  return { measured: await mint(purposes.measured), everything: await mint(purposes.everything) };
};

/** Sets up a database in a new folder; `close` stops it and removes the folder. */
export const setStage = async (): Promise<Stage> => {
  const { database, folder, postmaster, postgresVersion, close } = await openTemporaryDatabase();
  try {
    await database.ensureDatabase('shop');
    const shop = database.connection('shop');
    await withClient(shop, (client) => client.query(tablesOf(customerCount)));
    const identity = join(folder, 'identity');
    await mkdir(identity);
    const tokens = await mintTokens(identity);
    const place = (name: string): Place => ({
      dataDir: join(folder, name),
      databaseUrl: urlOf(database.connection('sayso')),
      shopUrl: urlOf(shop),
      keySet: join(identity, 'demo-jwks.json'),
    });
    await fillLedger(configFor(place('main')), database.knex);
    return { place, tokens, postmaster, postgresVersion, folder, close };
  } catch (error) {
    await close();
    throw error;
  }
};
