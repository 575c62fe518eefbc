import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAuditEntries } from '../../src/audit/audit-reader.ts';
import { createAuditStore, keepPolicy } from '../../src/audit/audit-store.ts';
import type { AuditDecision, AuditEntry } from '../../src/audit/entry.ts';
import { AuditError } from '../../src/core/errors.ts';
import { openPool } from '../../src/database/connection.ts';
import { packRanges } from '../../src/decision/recorder.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

const policy = { id: `sha256:${'a'.repeat(64)}`, text: 'type Query' };
let database: FreshDatabase;
let other: Knex;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
  await keepPolicy(database.knex, policy);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  id: randomUUID(),
  client: 'shop-web',
  actor: 'subject:7',
  purpose: 'SUGGEST',
  operation: 'Home',
  documentHash: 'b'.repeat(64),
  policy: policy.id,
  head: 42,
  decidedAt: 1_795_456_821_371_123,
  outcome: 'ANSWERED',
  signals: [],
  decisions: [],
  ...changes,
});
const decided = (subjects: string, changes: Partial<AuditDecision> = {}): AuditDecision => ({
  coordinates: ['Customer.email'],
  released: true,
  reason: 'CONSENTED',
  count: 1,
  subjects,
  ...changes,
});
const sequences = async (): Promise<readonly number[]> => {
  const { rows } = await database.knex.raw<{ rows: { sequence: number }[] }>(
    'select sequence from audit_entry order by sequence',
  );
  return rows.map(({ sequence }) => sequence);
};
const isGapFree = async (): Promise<boolean> => {
  const all = await sequences();
  const { rows } = await database.knex.raw<{ rows: { sequence: number }[] }>(
    'select sequence from audit_head',
  );
  return all.every((one, i) => one === i + 1) && rows[0]?.sequence === all.length;
};
const find = async (id: string) =>
  (await readAuditEntries(database.knex, { first: 10_000 })).find((one) => one.id === id);

describe('append', () => {
  it('has no gap, with 200 operations on two processes', async () => {
    const stores = [createAuditStore(database.knex), createAuditStore(other)];
    const entries = Array.from({ length: 200 }, () => entry());
    await Promise.all(entries.map(async (one, i) => stores[i % 2]?.append(one)));
    expect(await isGapFree()).toBe(true);
    const kept = new Set(
      (await readAuditEntries(database.knex, { first: 10_000 })).map(({ id }) => id),
    );
    expect(entries.every(({ id }) => kept.has(id))).toBe(true);
  });

  it('is there for every other process when it returns', async () => {
    const store = createAuditStore(database.knex);
    for (let i = 0; i < 10; i += 1) {
      const one = entry();
      await store.append(one);
      expect(await other('audit_entry').where({ id: one.id })).toHaveLength(1);
    }
  });

  it('keeps an entry as it was', async () => {
    const full = entry({
      head: 2 ** 40,
      decidedAt: 1_795_456_821_371_999,
      decisions: [
        decided('1-5,9', { coordinates: ['A.a', 'B.b'], count: 6 }),
        decided('?', { released: false, reason: 'NOT_EVALUATED' }),
      ],
    });
    const bare = entry({
      purpose: undefined,
      operation: undefined,
      head: undefined,
      decidedAt: undefined,
    });
    const store = createAuditStore(database.knex);
    await Promise.all([store.append(full), store.append(bare)]);
    expect(await find(full.id)).toMatchObject(full);
    const kept = await find(bare.id);
    expect(kept).toEqual({ ...bare, sequence: kept?.sequence, at: kept?.at });
    expect(Math.abs(Date.now() - (kept?.at.getTime() ?? 0))).toBeLessThan(60_000);
  });

  it('fails as a whole, and writes nothing, while the log cannot be written', async () => {
    const before = await sequences();
    const store = createAuditStore(other);
    await database.knex.raw('alter table audit_entry rename to away');
    const results = await Promise.allSettled(
      [entry(), entry(), entry()].map((one) => store.append(one)),
    );
    await database.knex.raw('alter table away rename to audit_entry');
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'AUDIT_UNAVAILABLE', status: 503 },
      });
      expect(result.status === 'rejected' && result.reason).toBeInstanceOf(AuditError);
    }
    expect(await sequences()).toEqual(before);
    await store.append(entry());
    expect(await isGapFree()).toBe(true);
  });

  it('fails when there is no database', async () => {
    const gone = openPool({ ...database.connection, host: '127.0.0.1', port: 1 });
    await expect(createAuditStore(gone).append(entry())).rejects.toMatchObject({
      code: 'AUDIT_UNAVAILABLE',
    });
    await gone.destroy();
  });

  it('refuses an entry that the log cannot hold, and takes those that shared its batch', async () => {
    const unknown = `sha256:${'f'.repeat(64)}`;
    const twice = entry();
    const store = createAuditStore(database.knex);
    await store.append(twice);
    const good = [entry(), entry(), entry()];
    const bad = [entry({ policy: unknown }), twice, entry({ id: 'no uuid' }), entry({ head: 1.5 })];
    const results = await Promise.allSettled(
      [bad[0], good[0], bad[1], good[1], bad[2], bad[3], good[2]].map(
        async (one) => one && store.append(one),
      ),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
      ...[false, true, false, true],
      ...[false, false, true],
    ]);
    for (const one of good) expect(await find(one.id)).toBeDefined();
    for (const one of bad) expect(one === twice || !(await find(one.id))).toBe(true);
    expect(await isGapFree()).toBe(true);
  });

  it('lets no answer out whose entry alone failed, though others were written', async () => {
    const bad = entry({ policy: 'unknown' });
    const store = createAuditStore(database.knex);
    await Promise.all([
      expect(store.append(bad)).rejects.toBeInstanceOf(AuditError),
      store.append(entry()),
    ]);
    expect(await find(bad.id)).toBeUndefined();
  });

  it.each([
    ['a\0b', 'a\\u0000b'],
    ['\ud83d', '\\ud83d'],
    ['\ude00x', '\\ude00x'],
    ['\ude00\ud83d', '\\ude00\\ud83d'],
    ['😀 "quoted" \\ \n', '😀 "quoted" \\ \n'],
    ['x'.repeat(100_000), 'x'.repeat(100_000)],
  ])('logs who and what, though they are called %j', async (text, kept) => {
    const strange = entry({ client: text, actor: text, operation: text });
    await createAuditStore(database.knex).append(strange);
    const found = await find(strange.id);
    expect([found?.client, found?.actor, found?.operation]).toEqual([kept, kept, kept]);
  });

  it('takes decisions on 10,000 subjects, in some 60 kB at worst', async () => {
    const scattered = Array.from({ length: 10_000 }, (_, i) => i * 6 + (i % 3));
    const subjects = packRanges(scattered);
    const large = entry({
      decisions: ['CONSENTED', 'REFUSED', 'NEVER_ASKED'].map((reason) =>
        decided(subjects, { reason, count: 10_000 }),
      ),
    });
    expect(subjects.length).toBeLessThan(60_000);
    await createAuditStore(database.knex).append(large);
    expect((await find(large.id))?.decisions).toEqual(large.decisions);
  });
});

describe('readAuditEntries', () => {
  let mine: FreshDatabase;
  const entries = Array.from({ length: 2_500 }, (_, i) =>
    entry({
      client: i % 2 ? 'app' : 'web',
      purpose: i % 5 ? 'SUGGEST' : undefined,
      decisions: i % 500 === 0 ? [decided('3,10-20'), decided('99')] : [decided('99')],
    }),
  );
  beforeAll(async () => {
    mine = await freshDatabase({ migrated: true });
    await keepPolicy(mine.knex, policy);
    const store = createAuditStore(mine.knex);
    await Promise.all(entries.map((one) => store.append(one)));
  });
  afterAll(() => mine.drop());
  const read = (query: Parameters<typeof readAuditEntries>[1]) =>
    readAuditEntries(mine.knex, query);

  it('reads the newest first, page by page', async () => {
    const first = await read({ first: 3 });
    expect(first.map(({ sequence }) => sequence)).toEqual([2_500, 2_499, 2_498]);
    const next = await read({ first: 2, before: 2_498 });
    expect(next.map(({ sequence }) => sequence)).toEqual([2_497, 2_496]);
    expect(await read({ first: 5, before: 1 })).toEqual([]);
    expect(await read({ first: 0 })).toEqual([]);
    expect(await read({ first: 5, before: 2 ** 40 })).toHaveLength(5);
  });

  it('reads those of one client and purpose', async () => {
    const found = await read({ first: 10_000, client: 'app', purpose: 'SUGGEST' });
    expect(found).toHaveLength(
      entries.filter(({ client, purpose }) => client === 'app' && purpose === 'SUGGEST').length,
    );
    expect(await read({ first: 5, client: "' or true --" })).toEqual([]);
    expect(await read({ first: 5, client: 'nul\0' })).toEqual([]);
  });

  it('reads those about one subject, however far back, and only what concerns them', async () => {
    const found = await read({ first: 10, subject: 15 });
    expect(found.map(({ decisions }) => decisions)).toEqual(
      Array.from({ length: 5 }, () => [decided('3,10-20')]),
    );
    expect(await read({ first: 2, subject: 15 })).toHaveLength(2);
    expect(await read({ first: 10, subject: 15, before: found[2]?.sequence })).toHaveLength(2);
    expect(await read({ first: 10, subject: 1 })).toEqual([]);
    expect(await read({ first: 10, subject: -1 })).toEqual([]);
    expect(await read({ first: 1_500, subject: 99 })).toHaveLength(1_500);
  });
});

describe('the database', () => {
  it.each([
    `update audit_entry set client = 'x'`,
    'delete from audit_entry',
    'truncate audit_entry',
    `update policy set sdl = 'other'`,
    'delete from policy',
    `insert into policy (id, sdl) values ('other', '')`,
    'insert into audit_head (sequence) values (0)',
    'update audit_head set sequence = 0',
  ])('refuses: %s', async (sql) => {
    await createAuditStore(database.knex).append(entry());
    await expect(database.knex.raw(sql)).rejects.toThrow();
  });

  it('keeps a policy once, whoever brings it first', async () => {
    await Promise.all([1, 2, 3].map(() => keepPolicy(other, policy)));
    expect(await database.knex('policy').where({ id: policy.id })).toHaveLength(1);
  });
});
