import type { Knex } from 'knex';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { openPool } from '../../src/database/connection.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { foldEvents, State, type StoredEvent } from '../../src/ledger/fold-events.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { pairOf, policyOf } from './small-policy.ts';

const policy = policyOf();
let database: FreshDatabase;
let other: Knex;
let store: ConsentStore;
const storeOn = (knex: Knex) => new ConsentStore(knex, new SubjectDirectory(knex, 1_000), policy);

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
     from consent_event join subject on number = subject where external_id = ? order by position`,
    [id],
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

  it('keeps each leaf purpose of a grant to what it covers today', async () => {
    const before = await headOf();
    const appended = await store.append([by('inner', { purpose: 'PERSONAL' })]);
    expect(appended?.head).toBe(before + 2);
    expect(
      (await eventsOf('inner')).map(({ purposes, categories }) => [purposes, categories]),
    ).toEqual([
      [['SUGGEST'], ['MAIL', 'PHONE', 'BOUGHT']],
      [['REWARD'], ['BIRTH']],
    ]);
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
    const directory = new SubjectDirectory(database.knex, 10);
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
