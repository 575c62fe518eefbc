import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { openPool } from '../../src/database/connection.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { publishNotice } from '../../src/ledger/notice-store.ts';
import { foldEvents, State, type StoredEvent } from '../../src/ledger/fold-events.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { pairOf, personalNotice, policyOf } from './small-policy.ts';
import { directoryOn, testSeal } from '../setup/subjects.ts';

const policy = policyOf();
let database: FreshDatabase;
let other: Knex;
let store: ConsentStore;
const storeOn = (knex: Knex) => new ConsentStore(knex, directoryOn(knex, 1_000), policy);

beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
});
beforeEach(() => {
  store = storeOn(database.knex);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});

const say = (changes: Partial<ConsentInput> = {}): ConsentInput => ({
  subject: { type: 'Customer', id: '1' },
  kind: 'given',
  purpose: 'SUGGEST',
  method: 'test',
  ...changes,
});
const by = (id: string, changes: Partial<ConsentInput> = {}) =>
  say({ subject: { type: 'Customer', id }, ...changes });

const headOf = async (): Promise<number> => {
  const { rows } = await database.knex.raw<{ rows: { position: number }[] }>(
    'select position from ledger_head',
  );
  return rows[0]?.position ?? -1;
};
const eventsOf = async (id: string): Promise<StoredEvent[]> => {
  const { rows } = await database.knex.raw<{ rows: StoredEvent[] }>(
    `select kind, purposes, categories, (extract(epoch from at) * 1000000)::float8 as at,
       (extract(epoch from valid_until) * 1000000)::float8 as "validUntil"
     from consent_event join subject on number = subject where lookup = ? order by position`,
    [testSeal.lookup('Customer', id)],
  );
  return rows;
};
const stateOf = async (id: string, pair = 'SUGGEST MAIL') =>
  foldEvents(await eventsOf(id), policy).states[pairOf(policy, pair)];

describe('append', () => {
  it('has no gaps and its head misses no late commit, with 20 writers on two pools', async () => {
    const start = await headOf();
    const stores = [store, storeOn(other)];
    const seen: number[] = [];
    const writers = { writing: true };
    // A reader that goes on from the head it saw, as another process does.
    const tail = (async () => {
      for (let from = start; writers.writing || from < start + 60;) {
        const { rows } = await other.raw<{ rows: { position: number }[] }>(
          `select position from consent_event where position > ?
             and position <= (select position from ledger_head) order by position`,
          [from],
        );
        seen.push(...rows.map(({ position }) => position));
        from = rows.at(-1)?.position ?? from;
      }
    })();
    const heads = await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        stores[i % 2]?.append([by(`w${i}`), by(`w${(i + 1) % 20}`), by('w-all')]),
      ),
    );
    writers.writing = false;
    await tail;
    const expected = Array.from({ length: 60 }, (_, i) => start + 1 + i);
    expect(seen).toEqual(expected);
    expect(await headOf()).toBe(start + 60);
    expect(heads.map((one) => one?.head).sort((a = 0, b = 0) => a - b)).toEqual(
      expected.filter((_, i) => i % 3 === 2),
    );
  });

  it('appends all or nothing, and names the event that is wrong', async () => {
    const before = await headOf();
    const inputs = [by('whole'), by('whole', { purpose: 'NOWHERE' }), by('whole')];
    await expect(store.append(inputs)).rejects.toMatchObject({
      code: 'CONSENT_INVALID',
      message: expect.stringMatching(/^event 2: the purpose `NOWHERE`/) as string,
      details: { index: 1 },
    });
    for (const id of ['', 'a'.repeat(257), 'nul\0', '\ud800']) {
      await expect(store.append([by('whole'), by(id)])).rejects.toMatchObject({
        code: 'CONSENT_INVALID',
        details: { index: 1 },
      });
    }
    expect(await headOf()).toBe(before);
    expect(await eventsOf('whole')).toEqual([]);
  });

  it('appends nothing when the database fails on the way', async () => {
    const before = await headOf();
    await database.knex.raw(
      `alter table consent_event add constraint broken check (method <> 'fails')`,
    );
    await expect(store.append([by('half'), by('half', { method: 'fails' })])).rejects.toMatchObject(
      { code: 'LEDGER_UNAVAILABLE', status: 503 },
    );
    await database.knex.raw('alter table consent_event drop constraint broken');
    expect(await headOf()).toBe(before);
    expect(await eventsOf('half')).toEqual([]);
  });

  it('appends several thousand events in one go and tells how far it is', async () => {
    const before = await headOf();
    const progress: number[] = [];
    const inputs = Array.from({ length: 4_500 }, (_, i) =>
      by(`many${i % 1_000}`, { at: new Date(i) }),
    );
    const appended = await store.append(inputs, { onProgress: (done) => progress.push(done) });
    expect(appended?.head).toBe(before + 4_500);
    expect(progress).toEqual([2_000, 4_000, 4_500]);
  });

  it('makes one import of a name, also when two processes start it at once', async () => {
    const before = await headOf();
    const results = await Promise.all(
      [store, storeOn(other), store].map((one) => one.append([by('named')], { name: 'first' })),
    );
    expect(results.filter((one) => one === undefined)).toHaveLength(2);
    expect(await headOf()).toBe(before + 1);
    expect(await store.append([by('named')], { name: 'first' })).toBeUndefined();
  });

  it('makes an import again that failed before', async () => {
    await database.knex.raw(
      `alter table consent_event add constraint broken check (method <> 'fails')`,
    );
    const failing = [by('again', { method: 'fails' })];
    await expect(store.append(failing, { name: 'again' })).rejects.toThrow();
    await database.knex.raw('alter table consent_event drop constraint broken');
    expect(await store.append(failing, { name: 'again' })).toBeDefined();
  });

  it('refuses an event of the future, beyond what clocks differ by', async () => {
    await expect(store.append([say({ at: new Date(Date.now() + 6 * 60_000) })])).rejects.toThrow(
      'the event lies in the future',
    );
    await expect(store.append([say({ at: new Date(Date.now() + 60_000) })])).resolves.toBeDefined();
  });

  it('lets a withdrawal of now win over a grant that was imported with a later time', async () => {
    await store.append([by('ahead', { at: new Date(Date.now() + 4 * 60_000) })]);
    expect(await stateOf('ahead')).toBe(State.given);
    await store.append([by('ahead', { kind: 'withdrawn' })]);
    expect(await stateOf('ahead')).toBe(State.withdrawn);
    await store.append([by('ahead')]);
    expect(await stateOf('ahead')).toBe(State.given);
  });

  it('keeps the order of what one person says in one batch', async () => {
    const later = new Date(Date.now() + 4 * 60_000);
    await store.append([by('batch', { at: later }), by('batch', { kind: 'withdrawn' })]);
    expect(await stateOf('batch')).toBe(State.withdrawn);
    await store.append([by('batch', { kind: 'refused' }), by('batch'), by('x'), by('batch')]);
    expect(await stateOf('batch')).toBe(State.given);
    await store.append([by('batch'), by('batch', { kind: 'refused' }), by('x')]);
    expect(await stateOf('batch')).toBe(State.refused);
    const times = (await eventsOf('batch')).map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
  });

  it('keeps instants from year 1 to 9999', async () => {
    const at = new Date('0001-01-01T00:00:00Z');
    const validUntil = new Date('9999-12-31T23:59:59.999Z');
    await store.append([by('times', { at, validUntil })]);
    const [first] = await eventsOf('times');
    expect(first?.at).toBe(at.getTime() * 1_000);
    expect(first?.validUntil).toBeGreaterThan(2e17);
  });

  it('does not take a person of another type for the same', async () => {
    const directory = directoryOn(database.knex, 10);
    const [one] = await directory.numbersOf('Customer', ['shared']);
    const [two] = await directory.numbersOf('Employee', ['shared']);
    expect(one).not.toBe(two);
  });
});

describe('the database', () => {
  it.each([
    'update consent_event set kind = kind',
    'delete from consent_event',
    'truncate consent_event',
    'update ledger_head set position = position - 1',
    `insert into consent_event (position, subject, kind, purposes, categories, at, method)
       values (-1, 1, 'given', '{A}', '{}', now(), 'test')`,
    `insert into consent_event (position, subject, kind, purposes, categories, at, method)
       values (-1, 1, 'maybe', '{A}', '{B}', now(), 'test')`,
    `insert into consent_event (position, subject, kind, purposes, categories, at, method, valid_until)
       values (-1, 1, 'refused', '{A}', '{B}', now(), 'test', now())`,
    'insert into ledger_head (position) values (0)',
  ])('refuses: %s', async (sql) => {
    await store.append([say()]);
    await expect(database.knex.raw(sql)).rejects.toThrow();
  });
});

describe('what is held against history', () => {
  const events = async (knex: Knex) => {
    const { rows } = await knex.raw<{ rows: { purposes: string[]; categories: string[] }[] }>(
      'select purposes, categories from consent_event order by position',
    );
    return rows.map(({ purposes, categories }) => [purposes, categories]);
  };
  const rowsOf = async (): Promise<number> => {
    const { rows } = await database.knex.raw<{ rows: { count: number }[] }>(
      'select count(*)::int as count from consent_event',
    );
    return rows[0]?.count ?? -1;
  };

  it('keeps each leaf purpose of a yes to what its notice lists', async () => {
    const own = await freshDatabase({ migrated: true });
    try {
      const draft = {
        id: 'personal',
        content: personalNotice,
        contentHash: 'sha256:c',
        meaningHash: 'sha256:m',
        publishedBy: 'test',
      };
      expect(await publishNotice(own.knex, draft)).toBe(1);
      expect(await publishNotice(own.knex, draft)).toBeUndefined();
      const notice = { id: 'personal' };
      const appended = await storeOn(own.knex).append([say({ purpose: 'PERSONAL', notice })]);
      // The notice has the position before.
      expect(appended?.head).toBe(3);
      expect(appended?.events[0]?.notice).toEqual({ id: 'personal', version: 1, language: 'en' });
      expect(await events(own.knex)).toEqual([
        [['SUGGEST'], ['MAIL', 'BOUGHT']],
        [['REWARD'], ['BIRTH']],
      ]);
      await expect(storeOn(own.knex).append([say()])).rejects.toThrow(/told of by the notice/);
    } finally {
      await own.drop();
    }
  });

  it('refuses a yes that was shown before a later no', async () => {
    const shown = (await store.append([by('stale', { purpose: 'REWARD' })]))?.head ?? 0;
    await store.append([by('stale', { kind: 'withdrawn', purpose: 'PERSONAL' })]);
    const before = await rowsOf();
    for (const kind of ['given', 'renewed'] as const) {
      await expect(store.append([by('stale', { kind, seen: shown })])).rejects.toMatchObject({
        code: 'CONSENT_CONFLICT',
        status: 409,
      });
    }
    expect(await rowsOf()).toBe(before);
    // What the no did not speak of may be agreed to, and all of it once the no was seen.
    await store.append([by('stale', { purpose: 'SELL', seen: shown })]);
    await store.append([by('stale', { seen: await headOf() })]);
    // A no is never stale.
    await store.append([by('stale', { kind: 'withdrawn', seen: 0 })]);
    await expect(store.append([by('stale', { seen: 1e9 })])).rejects.toThrow(/not reached/);
  });

  it('renews what was said yes to, and nothing else', async () => {
    const renewed = by('renew', { kind: 'renewed' });
    await expect(store.append([renewed])).rejects.toThrow(/no yes to renew/);
    await store.append([by('renew', { at: new Date(5), validUntil: new Date(9) })]);
    await store.append([renewed]);
    await store.append([by('renew', { kind: 'withdrawn' })]);
    await expect(store.append([renewed])).rejects.toThrow(/no yes to renew/);
  });

  it('asks again where the signal says no', async () => {
    await store.append([by('gpc', { kind: 'refused', purpose: 'SELL', signal: 'GPC' })]);
    await expect(store.append([by('gpc', { purpose: 'SELL' })])).rejects.toMatchObject({
      code: 'CONSENT_CONFLICT',
    });
    await store.append([by('gpc', { purpose: 'SELL', confirmed: true }), by('gpc')]);
  });

  it('records the same statement under one key once, and another not at all', async () => {
    const keyed = by('keyed', { idempotencyKey: 'k', actor: 'a' });
    const first = await store.append([keyed]);
    const before = await rowsOf();
    const again = await storeOn(other).append([keyed]);
    expect(again?.head).toBe(first?.head);
    expect(again?.events[0]?.record).toBe(first?.events[0]?.record);
    const withdrawal = by('keyed', { kind: 'withdrawn', idempotencyKey: 'k', actor: 'a' });
    await expect(store.append([withdrawal])).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      status: 409,
    });
    expect(await rowsOf()).toBe(before);
    // Another actor's key, and another person's, are others.
    await store.append([by('keyed', { idempotencyKey: 'k', actor: 'b' })]);
    await store.append([by('keyed-2', { idempotencyKey: 'k', actor: 'a' })]);
    expect(await rowsOf()).toBe(before + 2);
  });

  it('records one of many that come at once under one key', async () => {
    const keyed = by('race', { idempotencyKey: 'k' });
    const stores = [store, storeOn(other)];
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => stores[i % 2]!.append([keyed])),
    );
    expect(new Set(all.map((one) => one?.events[0]?.record)).size).toBe(1);
  });

  it('takes no word under a number that stands for nobody any more', async () => {
    await store.append([by('gone')]);
    const [number] = await directoryOn(database.knex, 10).numbersOf('Customer', ['gone']);
    await database.knex.raw('delete from subject where number = ?', [number ?? -1]);
    await store.append([by('gone', { kind: 'withdrawn' })]);
    const { rows } = await database.knex.raw<{ rows: { kind: string; subject: number }[] }>(
      `select kind, subject from consent_event where position = (select position from ledger_head)`,
    );
    expect(rows[0]?.kind).toBe('withdrawn');
    expect(rows[0]?.subject).not.toBe(number);
  });
});
