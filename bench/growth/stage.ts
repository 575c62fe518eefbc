import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { openPool, withClient } from '../../src/database/connection.ts';
import { migrate } from '../../src/database/migrate.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { loadPolicy } from '../../src/load-policy.ts';
import { configFor, type Place } from '../config-for.ts';
import { fillLedger, type People } from '../ledger/fill.ts';
import { governedOfCustomer, governedOfOrder, purposes, scramble, tablesOf } from '../shop.ts';
import { mintTokens, urlOf, type Stage } from '../stage.ts';
import { openTemporaryDatabase, type TemporaryDatabase } from '../temporary-database.ts';
import type { Filled } from './samples.ts';

/** Gateways over ledgers and shops of several sizes, in one PostgreSQL. */
export interface GrowthStage {
  readonly postmaster: number;
  readonly postgresVersion: string;
  readonly tokens: Stage['tokens'];
  /** A place of its own for one more gateway over that many subjects. */
  place(subjects: number, name: string): Place;
  /** By number of subjects. */
  readonly filled: ReadonlyMap<number, Filled>;
  close(): Promise<void>;
}

/** Bytes of disk for one subject and its three orders, with room for what is written on the way. */
const bytesEach = 3_000;

const categories = [...Object.values(governedOfCustomer), ...Object.values(governedOfOrder)];

/** Seven in ten of the categories, drawn once for each of a hundred sayings. */
const sayings = Array.from({ length: 100 }, (_, saying) => {
  const agreed = categories.filter((_, i) => scramble(saying * 8 + i + 1) % 10 < 7);
  return {
    kind: 'given' as const,
    purpose: purposes.measured,
    categories: agreed.length > 0 ? agreed : categories.slice(0, 1),
  };
});

/**
 * The customers of the shop, who came in the order of their keys. Nothing expires: when somebody said
 * something turns on how many there are, and the answers must not.
 */
const people: People = { type: 'Customer', idOf: (n) => String(n + 1), sayings, expiring: 0 };

const databasesOf = (subjects: number) => ({
  ledger: `ledger_${subjects}`,
  shop: `shop_${subjects}`,
});

export interface GrowthFill {
  readonly sizes: readonly number[];
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const fillOne = async (
  { database }: TemporaryDatabase,
  subjects: number,
  policy: Policy,
  { signal, say }: GrowthFill,
): Promise<Filled> => {
  const begin = performance.now();
  say(`growth: filling a shop and a ledger of ${subjects.toLocaleString('en')} subjects`);
  const { ledger, shop } = databasesOf(subjects);
  await database.ensureDatabase(shop);
  await database.ensureDatabase(ledger);
  const bytesOf = `select pg_database_size(current_database()) as bytes`;
  const shopBytes = await withClient(database.connection(shop), async (client) => {
    await client.query(`set maintenance_work_mem = '512MB'`);
    await client.query(tablesOf(subjects));
    await client.query('vacuum (analyze) customers, orders');
    const { rows } = await client.query<{ bytes: string }>(bytesOf);
    return Number(rows[0]?.bytes);
  });
  signal.throwIfAborted();
  const knex = openPool(database.connection(ledger));
  await migrate(knex).finally(() => knex.destroy());
  const ledgerBytes = await withClient(database.connection(ledger), async (client) => {
    await fillLedger(client, { people, subjects, events: 1, policy, signal, say });
    const { rows } = await client.query<{ bytes: string }>(bytesOf);
    return Number(rows[0]?.bytes);
  });
  return { seconds: (performance.now() - begin) / 1_000, bytes: shopBytes + ledgerBytes };
};

/** @throws when the disk has no room for that many subjects */
const seeToRoom = async (folder: string, sizes: readonly number[]): Promise<void> => {
  const { bavail, bsize } = await statfs(folder);
  const wanted = sizes.reduce((sum, one) => sum + one, 0) * bytesEach;
  if (bavail * bsize >= wanted) return;
  throw new Error(
    `so many subjects take up to ${Math.ceil(wanted / 1e9)} GB of disk, and ${Math.floor((bavail * bsize) / 1e9)} are free; ask for fewer by --subjects, or set TMPDIR to another disk`,
  );
};

/** Sets up a shop and a ledger of each size; `close` removes them. */
export const setGrowthStage = async (fill: GrowthFill): Promise<GrowthStage> => {
  const temporary = await openTemporaryDatabase();
  const { database, folder, postmaster, postgresVersion, close } = temporary;
  try {
    await seeToRoom(folder, fill.sizes);
    const identity = join(folder, 'identity');
    await mkdir(identity);
    const tokens = await mintTokens(identity);
    const place = (subjects: number, name: string): Place => ({
      dataDir: join(folder, name),
      databaseUrl: urlOf(database.connection(databasesOf(subjects).ledger)),
      shopUrl: urlOf(database.connection(databasesOf(subjects).shop)),
      keySet: join(identity, 'demo-jwks.json'),
    });
    const { policy } = await loadPolicy(configFor(place(0, 'main')));
    const filled = new Map<number, Filled>();
    for (const subjects of fill.sizes)
      filled.set(subjects, await fillOne(temporary, subjects, policy, fill));
    return { postmaster, postgresVersion, tokens, place, filled, close };
  } catch (error) {
    await close();
    throw error;
  }
};
