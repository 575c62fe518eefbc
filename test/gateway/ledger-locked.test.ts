import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPool } from '../../src/database/connection.ts';
import type { TestGateway } from '../setup/gateway.ts';
import { startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterAll(() => gateway.close());

it('is answered where nothing turns on the ledger, while that is locked', async () => {
  const governed = '{ reviews(first: 3) { nodes { text } } }';
  const ask = async (query: string, purpose?: string) => {
    const since = performance.now();
    const { body } = await gateway.ask(query, purpose === undefined ? {} : { purpose });
    return { code: body.errors?.[0].extensions.code, ms: performance.now() - since };
  };
  await ask(governed, 'SUGGEST');
  await ask('{ __typename }');
  const locker = openPool(gateway.own.connection);
  const lock = await locker.transaction();
  try {
    await ask(governed, 'SUGGEST');
    await lock.raw('lock table ledger_head in access exclusive mode');
    const one = ask(governed, 'SUGGEST');
    await sleep(20);
    const open = await ask('{ __typename }');
    expect(open.code).toBeUndefined();
    expect(open.ms).toBeLessThan(5_000);
    // Nor do those that come later wait for it.
    const late = ask(governed, 'SUGGEST');
    await sleep(20);
    expect((await ask('{ __typename }')).ms).toBeLessThan(1_000);
    await lock.commit();
    // Decided again by what the ledger says then.
    expect((await late).code).toBeUndefined();
    expect((await one).code).toBe('AUDIT_UNAVAILABLE');
    expect((await ask(governed, 'SUGGEST')).code).toBeUndefined();
  } finally {
    if (!lock.isCompleted()) await lock.commit();
    await locker.destroy();
  }
}, 40_000);
