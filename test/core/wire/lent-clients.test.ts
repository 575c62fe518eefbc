import type { Knex } from 'knex';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LentClients, type WirePool } from '../../../src/core/wire/lent-clients.ts';
import type { WireClient } from '../../../src/core/wire/wire-client.ts';
import { openPool } from '../../../src/database/connection.ts';
import { freshDatabase, type FreshDatabase } from '../../setup/database.ts';

let database: FreshDatabase;
let knex: Knex;
let pool: WirePool;
let lent: LentClients;
beforeEach(async () => {
  database = await freshDatabase();
  knex = openPool(database.connection);
  pool = knex.client as WirePool;
  lent = new LentClients(pool, 3);
});
afterEach(async () => {
  vi.restoreAllMocks();
  lent.close();
  await knex.destroy();
  await database.drop();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const used = (): number => (pool.pool as unknown as { numUsed(): number }).numUsed();
/** Asks for its process id, which tells connections apart. */
const pid = async (client: WireClient): Promise<number> => {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? -1;
};

describe('connections that are lent', () => {
  it('are asked of the pool once, and kept for whoever asks next', async () => {
    const acquire = vi.spyOn(pool, 'acquireConnection');
    const first = await lent.use(pid);
    for (let i = 0; i < 5; i += 1) expect(await lent.use(pid)).toBe(first);
    expect(acquire).toHaveBeenCalledTimes(1);
  });

  it('are lent to one at a time, also after one failed', async () => {
    const busy = new Set<WireClient>();
    const work = async (client: WireClient): Promise<void> => {
      expect(busy.has(client)).toBe(false);
      busy.add(client);
      await client.query('select pg_sleep(0.002)');
      busy.delete(client);
      if (Math.random() < 0.2) throw new Error('of the work');
    };
    const done = await Promise.allSettled(Array.from({ length: 200 }, () => lent.use(work)));
    expect(done.some(({ status }) => status === 'rejected')).toBe(true);
    expect(busy.size).toBe(0);
    expect(used()).toBeLessThanOrEqual(3);
  });

  it('go back to the pool soon when nobody asks, and only those that nobody asks for', async () => {
    let here = 0;
    const atOnce = [1, 2, 3].map(() =>
      lent.use(async (client) => {
        here += 1;
        // None goes back before all three are lent.
        while (here < 3) await pause(5);
        return pid(client);
      }),
    );
    expect(new Set(await Promise.all(atOnce)).size).toBe(3);
    expect(used()).toBe(3);
    for (let i = 0; i < 30; i += 1) {
      await lent.use(pid);
      await pause(10);
    }
    expect(used()).toBe(1);
    await pause(300);
    expect(used()).toBe(0);
  });

  it('are not kept from whoever waits for the pool', async () => {
    await Promise.all(Array.from({ length: 3 }, () => lent.use(pid)));
    // Seven more are all that the pool may have.
    const others = await Promise.all(Array.from({ length: 7 }, () => pool.acquireConnection()));
    const begin = performance.now();
    const waited = pool.acquireConnection();
    await lent.use(pid);
    await pool.releaseConnection(await waited);
    expect(performance.now() - begin).toBeLessThan(2_000);
    await Promise.all(others.map((one) => pool.releaseConnection(one)));
  });

  it('are never lent again once discarded or ended', async () => {
    const first = await lent.use(async (client) => {
      const own = await pid(client);
      client.discard(new Error('of the test'));
      return own;
    });
    const second = await lent.use(pid);
    expect(second).not.toBe(first);
    // Ended while it is kept.
    await database.knex.raw('select pg_terminate_backend(?)', [second]);
    await pause(50);
    expect(await lent.use(pid)).not.toBe(second);
  });

  it('are not kept after the end', async () => {
    await lent.use(pid);
    const late = lent.use(async (client) => {
      await pause(20);
      return pid(client);
    });
    lent.close();
    await late;
    expect(used()).toBe(0);
  });
});
