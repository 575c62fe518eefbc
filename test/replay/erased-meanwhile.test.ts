import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { askReplica, startRightsShop } from '../gateway/rights-shop.ts';
import type { TestGateway } from '../setup/gateway.ts';
import { replay } from './replay.ts';

const confirmed = vi.spyOn(ConsentSnapshot.prototype, 'confirm');

let gateway: TestGateway;
let other: App;
beforeAll(async () => {
  gateway = await startRightsShop();
  const dataDir = `${gateway.config.dataDir}-other`;
  // Compared with graphql-js, which is later, the answer would be decided again.
  other = await startApp({ ...gateway.config, shadow: 0, dataDir });
});
afterAll(async () => {
  confirmed.mockRestore();
  await other.close();
  await gateway.close();
});

it('is nobody’s number to another gateway either, whatever view it carried on', async () => {
  // Nobody’s say-so is asked for: the basis is a contract.
  const look = async (): Promise<void> => {
    const query = '{ customers(first: 20) { nodes { id name } } }';
    const { body } = await askReplica(gateway, other, query, { purpose: 'SERVE' });
    expect(body.errors).toBeUndefined();
  };
  // Hardly any is so slow that nothing is carried on.
  for (const id of ['101', '102', '103', '104', '105']) {
    await look();
    const { body } = await gateway.ask('mutation { erase { complete } }', { subject: id });
    expect(body.errors).toBeUndefined();
    await look();
  }
  expect(confirmed.mock.calls.some(([{ carriedAt }]) => carriedAt !== undefined)).toBe(true);
  expect((await replay(gateway.own.knex)).differences).toEqual([]);
});
