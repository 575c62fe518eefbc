import pg from 'pg';
import { ConfigError } from '../core/errors.ts';
import { sampleTables } from './shop-tables.ts';
import { createTable, finishTable } from './table-ddl.ts';
import { TableWriter } from './table-writer.ts';

/** Changes whenever the generated rows or the tables do. */
export const sampleVersion = '2';

type SampleCounts = Readonly<Record<(typeof sampleTables)[number]['name'], number>>;

/** How many rows each table has, known beforehand so that progress can be shown. */
export const sampleCounts = {
  departments: 12,
  products: 504,
  product_pairs: 1512,
  customers: 24_000,
  orders: 64_090,
  order_lines: 137_425,
  reviews: 12_480,
  loyalty_members: 14_312,
  bought_profiles: 16_718,
} as const satisfies SampleCounts;

export interface LoadShopOptions {
  readonly shop: pg.ClientConfig;
  readonly crm: pg.ClientConfig;
  /** Rows written so far, of how many, and the table just written to. */
  readonly progress: (done: number, total: number, what: string) => void;
}

export interface LoadShopResult extends SampleCounts {
  /** The sources that this call has filled; empty when all was there. */
  readonly filled: readonly SourceName[];
}

const sources = ['shop', 'crm'] as const;
type SourceName = (typeof sources)[number];

const tablesOf = (source: SourceName) => sampleTables.filter((table) => table.source === source);
const rowsOf = (source: SourceName): number =>
  tablesOf(source).reduce((sum, { name }) => sum + sampleCounts[name], 0);

/**
 * Fills both sources with the sample shop where it is missing. A source is filled in one
 * transaction, marked as such within it: whatever interrupts it leaves nothing behind.
 */
export const loadShop = async (options: LoadShopOptions): Promise<LoadShopResult> => {
  const clients = sources.map((source) => ({ source, client: connectionTo(options[source]) }));
  try {
    const missing = [];
    for (const { source, client } of clients) {
      await client.connect();
      if (!(await isFilled(client, source))) missing.push({ source, client });
    }
    const total = missing.reduce((sum, { source }) => sum + rowsOf(source), 0);
    const filled: SourceName[] = [];
    let before = 0;
    for (const { source, client } of missing) {
      const progress = (done: number, what: string) => options.progress(before + done, total, what);
      if (await fillOnce(client, source, progress)) filled.push(source);
      before += rowsOf(source);
    }
    return { ...sampleCounts, filled };
  } finally {
    await Promise.all(clients.map(({ client }) => client.end()));
  }
};

const connectionTo = (config: pg.ClientConfig): pg.Client => {
  const client = new pg.Client(config);
  // A lost connection also fails the statement under way, which tells; unheard, it would end the process.
  client.on('error', () => undefined);
  return client;
};

const isFilled = async (client: pg.Client, source: SourceName): Promise<boolean> => {
  const { rows: marker } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('sayso_sample') IS NOT NULL AS there`,
  );
  if (!marker[0]?.there) {
    await refuseOthersTables(client, source);
    return false;
  }
  const { rows } = await client.query<{ version: string }>('SELECT version FROM sayso_sample');
  if (rows[0]?.version === sampleVersion) return true;
  throw new ConfigError([
    {
      where: `source \`${source}\``,
      what: `holds version \`${rows[0]?.version ?? 'unknown'}\` of the sample shop; this program brings version \`${sampleVersion}\``,
      mend: 'drop the database of that source, or start with a new data directory: the sample is then loaded afresh',
    },
  ]);
};

/** Never writes into tables that are not the sample's own. */
const refuseOthersTables = async (client: pg.Client, source: SourceName): Promise<void> => {
  const names = tablesOf(source).map(({ name }) => name);
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL',
    [names],
  );
  if (rows.length === 0) return;
  throw new ConfigError([
    {
      where: `source \`${source}\``,
      what: `already has tables named as the sample shop’s: ${rows.map(({ name }) => `\`${name}\``).join(', ')}`,
      mend: 'give the sample an empty database, or turn the loading of the sample shop off',
    },
  ]);
};

/** False when another process filled the source while this one waited for it. */
const fillOnce = async (
  client: pg.Client,
  source: SourceName,
  progress: (done: number, what: string) => void,
): Promise<boolean> => {
  // The lock comes before the transaction: one that began while waiting may not see, from
  // PostgreSQL's caches, tables that the process before it made.
  await client.query(`SELECT pg_advisory_lock(hashtext('sayso_sample'))`);
  try {
    await client.query('BEGIN');
    const fill = !(await isFilled(client, source));
    if (fill) await fillSource(client, source, progress);
    await client.query('COMMIT');
    return fill;
  } catch (error) {
    // On a broken connection this fails too; the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    // The lock goes with the connection at the latest.
    await client
      .query(`SELECT pg_advisory_unlock(hashtext('sayso_sample'))`)
      .catch(() => undefined);
  }
};

const fillSource = async (
  client: pg.Client,
  source: SourceName,
  progress: (done: number, what: string) => void,
): Promise<void> => {
  const tables = tablesOf(source);
  await client.query(tables.map(createTable).join('\n'));
  await writeRows(client, source, progress);
  await client.query(tables.map(finishTable).join('\n'));
  await client.query(
    `CREATE TABLE sayso_sample (version text NOT NULL, loaded_at timestamptz NOT NULL DEFAULT now());
     COMMENT ON TABLE sayso_sample IS 'Says that the sample shop was loaded whole';
     INSERT INTO sayso_sample (version) VALUES ('${sampleVersion}')`,
  );
  await client.query(`ANALYZE ${tables.map(({ name }) => name).join(', ')}`);
};

const writeRows = async (
  client: pg.Client,
  source: SourceName,
  progress: (done: number, what: string) => void,
): Promise<void> => {
  // Loaded here, because faker takes longer to load than a start with the sample in place.
  const { generateSource } = await import('./generate-shop.ts');
  const tables = tablesOf(source);
  const writers = new Map<string, TableWriter>(
    tables.map((table) => [table.name, new TableWriter(client, table)]),
  );
  let done = 0;
  const flush = async (table: string, writer: TableWriter): Promise<void> => {
    done += await writer.flush();
    progress(done, table.replaceAll('_', ' '));
  };
  for (const { table, row } of generateSource(source)) {
    const writer = writers.get(table);
    if (writer?.put(row)) await flush(table, writer);
  }
  for (const [table, writer] of writers) await flush(table, writer);
};
