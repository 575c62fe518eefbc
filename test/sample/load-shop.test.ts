import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { loadShop, sampleCounts, type LoadShopResult } from '../../src/sample/load-shop.ts';
import { sampleTables } from '../../src/sample/shop-tables.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

let shop: FreshDatabase;
let crm: FreshDatabase;
const steps: [done: number, total: number, what: string][] = [];

const load = (progress: (...step: [number, number, string]) => void): Promise<LoadShopResult> =>
  loadShop({ shop: shop.connection, crm: crm.connection, progress });

const tablesIn = async ({ knex }: FreshDatabase): Promise<string[]> => {
  const found = await knex('information_schema.tables')
    .where('table_schema', 'public')
    .orderBy('table_name')
    .pluck<string[]>('table_name');
  return found;
};

const countIn = async ({ knex }: FreshDatabase, table: string): Promise<number> =>
  Number((await knex(table).count({ count: '*' }))[0]?.['count']);

describe('loadShop', () => {
  beforeAll(async () => {
    shop = await freshDatabase();
    crm = await freshDatabase();
  });
  afterAll(async () => {
    await shop.drop();
    await crm.drop();
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const interrupted = load((done) => {
      if (done > 50_000) throw new Error('interrupted');
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    expect(await tablesIn(shop)).toEqual([]);
    expect(await tablesIn(crm)).toEqual([]);
  });

  it('fills both sources when two starts come at once, each row once', async () => {
    const [one, other] = await Promise.all([
      load((...step) => steps.push(step)),
      load(() => undefined),
    ]);
    expect([...one.filled, ...other.filled].sort()).toEqual(['crm', 'shop']);
    expect(one).toMatchObject(sampleCounts);
    for (const { source, name } of sampleTables) {
      expect(await countIn(source === 'shop' ? shop : crm, name), name).toBe(sampleCounts[name]);
    }
  });

  it('keeps each table in its own source', async () => {
    const named = (source: string) =>
      [
        ...sampleTables.filter((t) => t.source === source).map((t) => t.name),
        'sayso_sample',
      ].sort();
    expect(await tablesIn(shop)).toEqual(named('shop'));
    expect(await tablesIn(crm)).toEqual(named('crm'));
  });

  it('tells progress that only goes forward and never beyond the total', () => {
    const total = Object.values(sampleCounts).reduce((sum, count) => sum + count, 0);
    const done = steps.map(([count]) => count);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(steps.every(([count, of]) => count <= of && of <= total)).toBe(true);
  });

  it('has an index that begins with each column that rows are looked up by', async () => {
    const { rows } = await shop.knex.raw<{ rows: { at: string }[] }>(
      `SELECT indrelid::regclass || '.' || attname AS at FROM pg_index
       JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]`,
    );
    const indexed = rows.map(({ at }) => at);
    for (const { source, name, key, columns } of sampleTables) {
      if (source !== 'shop') continue;
      const references = Object.entries(columns)
        .filter(([, column]) => (column as { references?: string }).references)
        .map(([column]) => column);
      for (const column of [key[0], ...references]) expect(indexed).toContain(`${name}.${column}`);
    }
  });

  it('does nothing when all is there', async () => {
    const again = await load(() => {
      throw new Error('there was nothing to do');
    });
    expect(again.filled).toEqual([]);
  });

  it('fills again only the source that is missing', async () => {
    await crm.knex.raw('DROP TABLE sayso_sample, loyalty_members, bought_profiles');
    const totals = new Set<number>();
    const again = await load((_done, total) => totals.add(total));
    expect(again.filled).toEqual(['crm']);
    expect([...totals]).toEqual([sampleCounts.loyalty_members + sampleCounts.bought_profiles]);
  });

  it('refuses a source that holds another version, and says what to do', async () => {
    await shop.knex('sayso_sample').update({ version: '0' });
    const refused = await load(() => undefined).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect((refused as ConfigError).problems).toMatchObject([
      { where: 'source `shop`', what: expect.stringContaining('version `0`') },
    ]);
  });

  it('does not touch tables that are somebody else’s', async () => {
    await shop.knex.raw('DROP TABLE sayso_sample');
    const refused = await load(() => undefined).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect((refused as ConfigError).message).toContain('`customers`');
    expect(await countIn(shop, 'customers')).toBe(sampleCounts.customers);
  });
});
