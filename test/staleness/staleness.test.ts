import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { countStale, type Figures } from './count-stale.ts';
import { startTrio, type Trio } from './trio.ts';

// `npm run staleness` does the same over ten thousand withdrawals.

/** A run breaks off by itself before its test, or the hook, would be given up. */
const runMs = 50_000;

describe('a withdrawal on one of three gateways', { timeout: runMs + 5_000 }, () => {
  const made: FreshDatabase[] = [];
  let trio: Trio | undefined;
  beforeAll(async () => {
    const [own, shop] = [await freshDatabase(), await freshDatabase()];
    made.push(own, shop);
    const databases = { own: own.connection, shop: shop.connection };
    trio = await startTrio(databases, AbortSignal.timeout(runMs));
  });
  afterAll(async () => {
    await trio?.close();
    for (const database of made) await database.drop();
  });

  const run = (withdrawals: number): Promise<Figures> =>
    countStale(trio!, { withdrawals, signal: AbortSignal.timeout(runMs) });

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

  // Last: the same gateways stay broken.
  it('would be seen not to, did the gateways not read the head', async () => {
    await trio!.breakBy('no-head-check');
    const figures = await run(100);
    expect(figures).toMatchObject({ withdrawals: 100, answers: 200 });
    expect(figures.stale).toBeGreaterThan(0);
  });
});
