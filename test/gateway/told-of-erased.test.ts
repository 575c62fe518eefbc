import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { NoticesInForce } from '../../src/ledger/notices-in-force.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import { readLeaves } from '../../src/audit/leaf-reader.ts';
import { readLogs } from '../../src/audit/log-state.ts';
import type { TestGateway } from '../setup/gateway.ts';
import { startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterAll(() => gateway.close());

/** Does something once a query was decided, and before it is settled. */
const whenDecided = (then: () => Promise<unknown>): void => {
  const spy = vi.spyOn(NoticesInForce.prototype, 'telling');
  spy.mockImplementationOnce(async function (this: NoticesInForce, ...of) {
    spy.mockRestore();
    await then();
    return this.telling(...of);
  });
};

interface Told {
  readonly extensions: { readonly sayso: { readonly entry: string } };
}

const done = async (...of: Parameters<TestGateway['ask']>): Promise<Told> => {
  const { body } = await gateway.ask(...of);
  expect(body.errors).toBeUndefined();
  return body as Told;
};

it.each([
  ['carried on', 0],
  ['read for it', 1_100],
])('tells of nobody at a head at which they are erased, by a view that was %s', async (_, ms) => {
  const id = ms === 0 ? '105' : '106';
  const others = '{ reviews(first: 1) { nodes { text } } }';
  await done(others, { purpose: 'SUGGEST' });
  await done(`mutation { giveConsent(purpose: SUGGEST) { head } }`, { subject: id });
  await done(others, { purpose: 'SUGGEST' });
  await sleep(ms);
  // Say-so is asked for of the one, and the other is shown what is theirs.
  const query = '{ reviews(first: 1) { nodes { text } } me { held { fields } } }';
  whenDecided(async () => {
    await done('mutation { erase { complete } }', { subject: id });
    // From here on the gateway knows of it.
    await done(others, { purpose: 'SUGGEST' });
  });
  const { extensions } = await done(query, { purpose: 'SUGGEST', subject: id });
  const [log] = await readLogs(gateway.own.knex);
  const leaves = await readLeaves(gateway.own.knex, log?.id ?? -1, 0, 1e6);
  const entry = leaves
    .map(({ bytes }) => decodeEntry(bytes))
    .find((one) => one.id === extensions.sayso.entry);
  if (entry?.kind !== 'operation') throw new Error('an answer without its entry');
  const { rows } = await gateway.own.knex.raw<{ rows: unknown[] }>(
    `select from consent_event where kind = 'erased' and position <= ? and 'subject:' || subject = ?`,
    [entry.head ?? -1, entry.actor],
  );
  expect(entry.actor).toMatch(/subject:\d/);
  expect(rows).toEqual([]);
});
