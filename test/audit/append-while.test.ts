import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuditStore, type AuditStore } from '../../src/audit/audit-store.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import type { OperationEntry } from '../../src/audit/entry.ts';
import { readLeaves } from '../../src/audit/leaf-reader.ts';
import { beginLog, loadTail, readLog } from '../../src/audit/log-state.ts';
import type { Standing } from '../../src/core/standing.ts';
import { openPool } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { policyOf } from '../ledger/small-policy.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { directoryOn } from '../setup/subjects.ts';
import { cuttingProxy } from './cutting-proxy.ts';
import { operation } from './raw-log.ts';
import { byKnex } from '../../src/core/statement.ts';

const policy = policyOf();
let database: FreshDatabase;
let other: Knex;
let log: number;
let origin: string;
let store: AuditStore;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});
const storeOn = (knex: Knex): AuditStore =>
  createAuditStore({ knex, database: preparedStatements(knex), log, origin });
beforeEach(async () => {
  origin = `test.local/${randomUUID()}`;
  log = await beginLog(database.knex, origin, `${origin}+00000000+AA==`);
  store = storeOn(database.knex);
  await say();
});

const entry = (): OperationEntry => operation({ id: randomUUID() });

/** Somebody says something, and the head moves. */
const say = (): Promise<unknown> =>
  new ConsentStore(other, directoryOn(other, 100), policy).append([
    {
      subject: { type: 'Customer', id: randomUUID() },
      kind: 'given',
      purpose: 'SUGGEST',
      method: 'test',
    },
  ]);

/** Where the ledger stands now, as a gateway knows it. */
const standing = async (changes: Partial<Standing> = {}): Promise<Standing> => {
  const snapshot = new ConsentSnapshot(database.knex, policy, 100);
  const known = snapshot.standing(await snapshot.view(), []);
  if (!known) throw new Error('the ledger was read and is not known');
  return { ...known.standing, ...changes };
};

/** Ids in the log, which is whole. */
const ids = async (): Promise<readonly string[]> => {
  const leaves = await readLeaves(other, log, 0, 1e9);
  expect((await readLog(byKnex(other), log))?.size).toBe(leaves.length);
  expect((await loadTail(byKnex(other), log)).size).toBe(leaves.length);
  return leaves.map(({ bytes }) => decodeEntry(bytes).id);
};

describe('an entry that is written while the ledger stands', () => {
  it('is written where it does', async () => {
    const one = entry();
    expect(await store.appendWhile(one, await standing())).toEqual({ log: origin, index: 0 });
    expect(await ids()).toEqual([one.id]);
  });

  it.each<[string, (now: Standing) => Standing | Promise<Standing>]>([
    ['the head has moved', async (now) => (await say(), now)],
    ['it is of a head that is not there yet', (now) => ({ ...now, head: now.head + 1 })],
    ['other events stand there', (now) => ({ ...now, newest: '2020-01-01 00:00:00+00' })],
    ['nothing stood there', (now) => ({ ...now, newest: null })],
    ['its time is over', (now) => ({ ...now, until: (Date.now() - 1_000) * 1_000 })],
  ])('is not where %s, and the log goes on', async (_, changed) => {
    const past = await changed(await standing());
    const before = entry();
    await store.append(before);
    expect(await store.appendWhile(entry(), past)).toBeUndefined();
    const after = entry();
    expect(await store.append(after)).toMatchObject({ index: 1 });
    expect(await ids()).toEqual([before.id, after.id]);
  });

  it('leaves the log as it was at every size of its tiles', async () => {
    const past = await standing();
    await say();
    const written: string[] = [];
    for (const count of [1, 252, 1, 1, 1, 1, 255, 1]) {
      const entries = Array.from({ length: count }, () => entry());
      await Promise.all(entries.map((one) => store.append(one)));
      written.push(...entries.map(({ id }) => id));
      const refused = await Promise.all([1, 2, 3].map(() => store.appendWhile(entry(), past)));
      expect(refused).toEqual([undefined, undefined, undefined]);
    }
    expect(await ids()).toEqual(written);
  });

  it('does not keep others from being written that arrive with it', async () => {
    const past = await standing();
    await say();
    const now = await standing();
    const [free, held, late, again] = [entry(), entry(), entry(), entry()];
    const places = await Promise.all([
      store.append(free),
      store.appendWhile(late, past),
      store.appendWhile(held, now),
      store.append(again),
    ]);
    expect(places.map((place) => place?.index)).toEqual([0, undefined, 2, 1]);
    // Those that go without the ledger in front.
    expect(await ids()).toEqual([free.id, again.id, held.id]);
  });

  it('does not, with the ledger moved, either', async () => {
    const past = await standing();
    await say();
    const [free, late] = [entry(), entry()];
    const places = await Promise.all([store.appendWhile(late, past), store.append(free)]);
    expect(places.map((place) => place?.index)).toEqual([undefined, 0]);
    expect(await ids()).toEqual([free.id]);
  });

  it('holds until the earliest of the times of those that arrive together', async () => {
    const now = await standing();
    const over = { ...now, until: (Date.now() - 1_000) * 1_000 };
    const places = await Promise.all([
      store.appendWhile(entry(), now),
      store.appendWhile(entry(), over),
    ]);
    expect(places).toEqual([undefined, undefined]);
    expect(await ids()).toEqual([]);
  });

  it('is written once where another process writes to the log as well', async () => {
    const rival = storeOn(other);
    const now = await standing();
    const entries = Array.from({ length: 40 }, () => entry());
    const places = await Promise.all(
      entries.map((one, i) => (i % 2 === 0 ? store : rival).appendWhile(one, now)),
    );
    const found = await ids();
    expect(found).toHaveLength(40);
    expect(places.map((place) => found[place?.index ?? -1])).toEqual(entries.map(({ id }) => id));
  });

  it('is refused when the ledger cannot be asked: for the ledger to say', async () => {
    const now = await standing();
    await other.raw('alter table ledger_head rename to ledger_head_away');
    try {
      expect(await store.appendWhile(entry(), now)).toBeUndefined();
    } finally {
      await other.raw('alter table ledger_head_away rename to ledger_head');
    }
    const one = entry();
    await store.append(one);
    expect(await ids()).toEqual([one.id]);
  });
});

describe('an attempt whose outcome is not told', () => {
  it('is settled once, though the ledger moves before it is looked for', async () => {
    const proxy = await cuttingProxy(database.connection);
    const cut = openPool(proxy.connection);
    try {
      const through = storeOn(cut);
      await through.append(entry());
      const now = await standing();
      proxy.cutNext('after');
      const one = entry();
      const appending = through.appendWhile(one, now);
      await say();
      // It went through before, or the ledger had moved by then: it is in the log if it is said to be.
      const place = await appending;
      expect(proxy.cuts).toBe(1);
      expect((await ids()).includes(one.id)).toBe(place !== undefined);
    } finally {
      await cut.destroy();
      await proxy.close();
    }
  });

  it('is not said to be unwritten while it may still arrive', async () => {
    const proxy = await cuttingProxy(database.connection);
    const cut = openPool(proxy.connection);
    try {
      const through = storeOn(cut);
      await through.append(entry());
      const now = await standing();
      proxy.delayNext(600);
      const appending = through.appendWhile(entry(), now);
      appending.catch(() => undefined);
      await say();
      await expect(appending).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
      await new Promise((resolve) => setTimeout(resolve, 900));
      const next = entry();
      await through.append(next);
      expect(await ids()).toContain(next.id);
    } finally {
      await cut.destroy();
      await proxy.close();
    }
  });
});
