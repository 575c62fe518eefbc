import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { countStale, type Figures } from './count-stale.ts';
import type { Fault } from './faults.ts';

// `npm run staleness` does the same over ten thousand withdrawals.

/** The run ends its processes by itself before the test would be given up. */
const runMs = 50_000;

describe('a withdrawal on one of three gateways', { timeout: runMs + 9_000 }, () => {
  let own: FreshDatabase;
  let shop: FreshDatabase;
  beforeEach(async () => {
    own = await freshDatabase();
    shop = await freshDatabase();
  });
  afterEach(async () => {
    await own.drop();
    await shop.drop();
  });

  const run = (withdrawals: number, fault?: Fault): Promise<Figures> =>
    countStale({
      databases: { own: own.connection, shop: shop.connection },
      withdrawals,
      fault,
      signal: AbortSignal.timeout(runMs),
    });

  it('counts for the next answer of the others', async () => {
    const figures = await run(300);
    expect(figures).toMatchObject({
      withdrawals: 300,
      answers: 600,
      stale: 0,
      lateGrants: 0,
      unwarmed: 0,
    });
    // Each has been the writer about as often, and so a reader.
    for (const written of figures.byWriter) expect(written).toBeGreaterThan(50);
  });

  it('would be seen not to, did the gateways not read the head', async () => {
    const figures = await run(100, 'no-head-check');
    expect(figures).toMatchObject({ withdrawals: 100, answers: 200 });
    expect(figures.stale).toBeGreaterThan(0);
  });
});
