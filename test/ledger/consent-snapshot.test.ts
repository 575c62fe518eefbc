import type { Knex } from 'knex';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { openPool } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import type { Statements } from '../../src/core/statement.ts';
import { ConsentSnapshot, type LedgerView } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { State } from '../../src/ledger/fold-events.ts';
import type { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { pairOf, policyOf } from './small-policy.ts';
import { directoryOn } from '../setup/subjects.ts';

const policy = policyOf();
const mail = pairOf(policy, 'SUGGEST MAIL');
let database: FreshDatabase;
let other: Knex;
let subjects: SubjectDirectory;
let store: ConsentStore;

beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
});
beforeEach(() => {
  subjects = directoryOn(database.knex, 10_000);
  store = new ConsentStore(other, directoryOn(other, 10_000), policy);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});

const snapshotOf = (maxSubjects = 10_000, knex = database.knex) =>
  new ConsentSnapshot(
    knex,
    policy,
    maxSubjects,
    undefined,
    // What is held or sent elsewhere goes by knex.
    knex === database.knex ? preparedStatements(knex) : undefined,
  );
const numberOf = async (id: string): Promise<number> => {
  const [number] = await subjects.numbersOf('Customer', [id]);
  return number ?? -1;
};
const say = (id: string, kind: ConsentInput['kind'] = 'given', more: Partial<ConsentInput> = {}) =>
  store.append([
    { subject: { type: 'Customer', id }, kind, purpose: 'SUGGEST', method: 'test', ...more },
  ]);

/** The way a request reads one person's say-so. */
const read = async (snapshot: ConsentSnapshot, number: number): Promise<number> => {
  for (;;) {
    const view = await snapshot.view();
    if (await snapshot.ensure([number], view)) return snapshot.state(number, mail);
  }
};

/** A knex whose reads can be held, before they are sent or after they were answered. */
const gated = () => {
  const sent: string[] = [];
  const gates: { match: RegExp; before: boolean; reached: () => void; open: Promise<void> }[] = [];
  const pass = async (sql: string, before: boolean): Promise<void> => {
    const at = gates.findIndex((gate) => gate.before === before && gate.match.test(sql));
    const [gate] = at < 0 ? [] : gates.splice(at, 1);
    gate?.reached();
    await gate?.open;
  };
  const raw = (sql: string, bindings: readonly Knex.RawBinding[] = []) => ({
    timeout: async (ms: number): Promise<unknown> => {
      await pass(sql, true);
      sent.push(sql);
      const result: unknown = await database.knex.raw(sql, bindings).timeout(ms);
      await pass(sql, false);
      return result;
    },
  });
  /** Holds the next read like this; `reached` is when it got there. */
  const hold = (match: RegExp, before = false) => {
    let release = (): void => undefined;
    let arrive = (): void => undefined;
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const open = new Promise<void>((resolve) => (release = resolve));
    gates.push({ match, before, reached: arrive, open });
    return { reached, release };
  };
  // Only what a snapshot uses.
  return { knex: { raw } as unknown as Knex, hold, sent };
};
const headRead = /from ledger_head/;
const tailRead = /group by subject/;
const load = /where subject = any/;

describe('a view', () => {
  it('shares one read of the head between all who ask before it is sent, and no others', async () => {
    const { knex, hold, sent } = gated();
    const snapshot = snapshotOf(10, knex);
    await snapshot.view();
    sent.length = 0;
    const held = hold(headRead);
    const early = [snapshot.view(), snapshot.view(), snapshot.view()];
    await held.reached;
    // The head was read; what is appended now must be seen by whoever asks now.
    const appended = await say('shared');
    const late = [snapshot.view(), snapshot.view()];
    held.release();
    const [first] = await Promise.all(early);
    expect(first?.head).toBe((appended?.head ?? 0) - 1);
    for (const view of await Promise.all(late)) expect(view.head).toBe(appended?.head);
    expect(sent.filter((sql) => headRead.test(sql))).toHaveLength(2);
  });

  it('sees at once what another process appended', async () => {
    const snapshot = snapshotOf();
    const number = await numberOf('at once');
    expect(await read(snapshot, number)).toBe(State.none);
    for (let i = 0; i < 20; i += 1) {
      await say('at once', i % 2 ? 'withdrawn' : 'given');
      expect(await read(snapshot, number)).toBe(i % 2 ? State.withdrawn : State.given);
    }
  });

  it('is of the database, not of this machine: an end is judged by its clock', async () => {
    const { rows } = await database.knex.raw<{ rows: { now: number }[] }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
    );
    const validUntil = new Date((rows[0]?.now ?? 0) + 400);
    await say('ends', 'given', { validUntil });
    const snapshot = snapshotOf();
    const number = await numberOf('ends');
    const before = await snapshot.view();
    await snapshot.ensure([number], before);
    expect(snapshot.expiry(number, mail)).toBe(validUntil.getTime() * 1_000);
    expect(before.now).toBeLessThan(snapshot.expiry(number, mail));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await snapshot.view()).now).toBeGreaterThan(snapshot.expiry(number, mail));
  });

  it('is refused while the ledger is down, and had again when it is back', async () => {
    const gone = openPool({ ...database.connection, host: '127.0.0.1', port: 1 });
    let real = false;
    const knex = {
      raw: (sql: string, bindings: Knex.RawBinding[] = []) =>
        (real ? database.knex : gone).raw(sql, bindings),
    } as unknown as Knex;
    const snapshot = snapshotOf(10, knex);
    const failure = { code: 'LEDGER_UNAVAILABLE', status: 503 };
    await Promise.all([1, 2, 3].map(() => expect(snapshot.view()).rejects.toMatchObject(failure)));
    await expect(
      snapshot.ensure([1], { head: 0, now: 0, notices: 0, history: 0 }),
    ).rejects.toMatchObject(failure);
    real = true;
    const view = await snapshot.view();
    real = false;
    await expect(snapshot.ensure([123_456], view)).rejects.toMatchObject(failure);
    real = true;
    expect(await snapshot.ensure([123_456], await snapshot.view())).toBe(true);
    await gone.destroy();
  });
});

describe('a head that went back', () => {
  const setHead = async (position: number) => {
    await database.knex.raw('alter table ledger_head disable trigger all');
    await database.knex.raw('update ledger_head set position = ?', [position]);
    await database.knex.raw('alter table ledger_head enable trigger all');
  };

  it('is none where connections have several time zones', async () => {
    const far = openPool({ ...database.connection, options: '-c timezone=Asia/Tokyo' });
    try {
      await say('anybody');
      const pools = [database.knex, far, database.knex].map(preparedStatements);
      let asked = 0;
      const byTurns: Statements = {
        ask: (...what) => {
          const statements = pools[asked % pools.length];
          asked += 1;
          if (!statements) throw new Error('nobody to ask');
          return statements.ask(...what);
        },
      };
      const snapshot = new ConsentSnapshot(database.knex, policy, 100, undefined, byTurns);
      for (let tries = 0; tries < 3; tries += 1)
        expect((await snapshot.view()).head).toBeGreaterThan(0);
    } finally {
      await far.destroy();
    }
  });

  it('is refused, and what was known before is not used when others take its positions', async () => {
    const number = await numberOf('rolled back');
    await say('rolled back');
    const snapshot = snapshotOf();
    expect(await read(snapshot, number)).toBe(State.given);
    const view = await snapshot.view();
    const { head } = view;
    const carried = snapshot.carried();
    // As a backup restored over it: the grant never was.
    await setHead(head - 1);
    if (carried === undefined) throw new Error('nothing is carried on');
    await expect(snapshot.confirm(carried, [])).rejects.toMatchObject({
      code: 'LEDGER_ROLLED_BACK',
      status: 503,
    });
    expect(snapshot.carried()).toBeUndefined();
    await database.knex.raw('alter table consent_event disable trigger all');
    await database.knex.raw('delete from consent_event where position = ?', [head]);
    await database.knex.raw('alter table consent_event enable trigger all');
    await expect(snapshot.view()).rejects.toMatchObject({ code: 'LEDGER_ROLLED_BACK' });
    await say('somebody else');
    expect((await snapshot.view()).head).toBe(head);
    // Whoever decided before by what was lost may hear of it only now.
    expect(await snapshot.confirm(carried, [number])).toBeUndefined();
    expect(await snapshot.confirm(view, [number])).toBeUndefined();
    expect(await read(snapshot, number)).toBe(State.none);
  });
});

describe('memory', () => {
  it('may be smaller than a batch, whatever of it was there before', async () => {
    const ids = Array.from({ length: 600 }, (_, i) => `small${i}`);
    const numbers = await subjects.numbersOf('Customer', ids);
    await store.append(
      ids
        .filter((_, i) => i % 2)
        .map((id) => ({
          subject: { type: 'Customer', id },
          kind: 'given',
          purpose: 'SUGGEST',
          method: 'test',
        })),
    );
    const snapshot = snapshotOf(1);
    const view = await snapshot.view();
    for (const size of [1, 10, 300, 599, 600, 5, 600]) {
      const batch = numbers.slice(0, size);
      expect(await snapshot.ensure(batch, view)).toBe(true);
      batch.forEach((number, i) => {
        expect(snapshot.state(number, mail)).toBe(i % 2 ? State.given : State.none);
      });
    }
  });

  it('stays right for many requests at once that drive each other out', async () => {
    const ids = Array.from({ length: 600 }, (_, i) => `small${i}`);
    const numbers = await subjects.numbersOf('Customer', ids);
    const snapshot = snapshotOf(1);
    const wrong: number[] = [];
    await Promise.all(
      Array.from({ length: 30 }, async (_, k) => {
        const mine = numbers.filter((_, i) => (i * 7 + k) % 5 === 0);
        const view = await snapshot.view();
        expect(await snapshot.ensure(mine, view)).toBe(true);
        expect(snapshot.holds(mine, view)).toBe(true);
        for (const number of mine) {
          const given = numbers.indexOf(number) % 2 === 1;
          if (snapshot.state(number, mail) !== (given ? State.given : State.none))
            wrong.push(number);
        }
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('does not answer for whoever was not loaded', async () => {
    const snapshot = snapshotOf();
    expect(() => snapshot.state(4_711, mail)).toThrow('before it was loaded');
    expect(snapshot.holds([4_711], await snapshot.view())).toBe(false);
  });

  it('reads everything anew when it was away for long', async () => {
    const number = await numberOf('away');
    const snapshot = snapshotOf();
    await say('away');
    const view = await snapshot.view();
    expect(await read(snapshot, number)).toBe(State.given);
    await say('away', 'withdrawn');
    const at = new Date('2020-01-01');
    await store.append(
      Array.from({ length: 20_001 }, (_, i) => ({
        subject: { type: 'Customer', id: `long${i % 100}` },
        kind: 'given',
        purpose: 'SUGGEST',
        method: 'test',
        at,
      })),
    );
    expect(await read(snapshot, number)).toBe(State.withdrawn);
    // It no longer remembers who changed, so it says that everybody may have.
    expect(snapshot.movedSince([1], view.head)).toBe(true);
  });
});

describe('a change meanwhile', () => {
  it('makes a request decide again whose view is older', async () => {
    const number = await numberOf('older view');
    const calm = await numberOf('calm');
    const snapshot = snapshotOf();
    const view = await snapshot.view();
    expect(await snapshot.ensure([number, calm], view)).toBe(true);
    expect(snapshot.movedSince([number], view.head)).toBe(false);
    await say('older view');
    // Nobody has looked yet, so by that view nothing has changed.
    expect(snapshot.holds([number], view)).toBe(true);
    await snapshot.view();
    expect(snapshot.movedSince([number, calm], view.head)).toBe(true);
    expect(snapshot.movedSince([calm], view.head)).toBe(false);
    expect(snapshot.holds([number], view)).toBe(false);
    expect(await snapshot.ensure([calm], view)).toBe(true);
    expect(await snapshot.ensure([number], view)).toBe(false);
  });

  it('that a load read too early for is not forgotten', async () => {
    const number = await numberOf('overtaken');
    await say('overtaken');
    const { knex, hold } = gated();
    const snapshot = snapshotOf(10_000, knex);
    const old = await snapshot.view();
    // The load has read the grant and is on its way back; a withdrawal comes, and others see it.
    const held = hold(load);
    const loading = snapshot.ensure([number], old);
    await held.reached;
    await say('overtaken', 'withdrawn');
    const now = await snapshot.view();
    held.release();
    expect(await loading).toBe(false);
    expect(await snapshot.ensure([number], now)).toBe(true);
    expect(snapshot.state(number, mail)).toBe(State.withdrawn);
  });

  it('is not missed when a load ends while the tail is being read', async () => {
    const number = await numberOf('between');
    await say('between');
    const { knex, hold } = gated();
    const snapshot = snapshotOf(10_000, knex);
    const old = await snapshot.view();
    const loadHeld = hold(load);
    const loading = snapshot.ensure([number], old);
    await loadHeld.reached;
    await say('between', 'withdrawn');
    const tailHeld = hold(tailRead);
    const viewing = snapshot.view();
    await tailHeld.reached;
    loadHeld.release();
    await loading;
    tailHeld.release();
    const view = await viewing;
    expect(await snapshot.ensure([number], view)).toBe(true);
    expect(snapshot.state(number, mail)).toBe(State.withdrawn);
  });

  it('that a load saw before the head did makes the older view decide again', async () => {
    const number = await numberOf('early');
    const { knex, hold } = gated();
    const snapshot = snapshotOf(10_000, knex);
    const old = await snapshot.view();
    const held = hold(load, true);
    const loading = snapshot.ensure([number], old);
    await held.reached;
    await say('early');
    held.release();
    expect(await loading).toBe(false);
    expect(await snapshot.ensure([number], await snapshot.view())).toBe(true);
    expect(snapshot.state(number, mail)).toBe(State.given);
  });

  it('while all is forgotten does not let an old load in', async () => {
    const number = await numberOf('forgotten');
    await say('forgotten');
    const { knex, hold } = gated();
    const snapshot = snapshotOf(10_000, knex);
    const old = await snapshot.view();
    const held = hold(load);
    const loading = snapshot.ensure([number], old);
    await held.reached;
    await say('forgotten', 'withdrawn');
    const at = new Date('2020-01-01');
    await store.append(
      Array.from({ length: 20_001 }, () => ({
        subject: { type: 'Customer', id: 'flood' },
        kind: 'given',
        purpose: 'SUGGEST',
        method: 'test',
        at,
      })),
    );
    const view = await snapshot.view();
    held.release();
    expect(await loading).toBe(false);
    expect(await snapshot.ensure([number], view)).toBe(true);
    expect(snapshot.state(number, mail)).toBe(State.withdrawn);
  });

  it('again and again makes a load give up rather than answer', async () => {
    const number = await numberOf('restless');
    const { knex, hold } = gated();
    const snapshot = snapshotOf(10_000, knex);
    const view = await snapshot.view();
    let held = hold(load);
    const loading = snapshot.ensure([number], view);
    for (let i = 0; i < 5; i += 1) {
      await held.reached;
      await say('restless');
      await snapshot.view();
      const next = hold(load);
      held.release();
      held = next;
    }
    expect(await loading).toBe(false);
  });
});

describe('a view that is carried on', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A view that a request may begin with, after one was read. */
  const carriedBy = async (snapshot: ConsentSnapshot): Promise<LedgerView> => {
    await snapshot.view();
    const view = snapshot.carried();
    if (view === undefined) throw new Error('nothing is carried on');
    return view;
  };

  it('is not to be had before anything was read, nor long after', async () => {
    const snapshot = snapshotOf();
    expect(snapshot.carried()).toBeUndefined();
    await carriedBy(snapshot);
    const clock = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(clock + 1_001);
    expect(snapshot.carried()).toBeUndefined();
  });

  it('is never before the time that the database has by then', async () => {
    const snapshot = snapshotOf();
    for (let i = 0; i < 20; i += 1) {
      const view = await carriedBy(snapshot);
      const { rows } = await database.knex.raw<{ rows: { now: number }[] }>(
        'select (extract(epoch from clock_timestamp()) * 1000000)::float8 as now',
      );
      const later = snapshot.carried();
      expect(later?.now).toBeGreaterThan(view.now);
      expect(later?.now).toBeGreaterThanOrEqual(rows[0]?.now ?? Infinity);
    }
  });

  it('is confirmed at the newest head, where only others changed', async () => {
    const snapshot = snapshotOf();
    const number = await numberOf('quiet');
    const view = await carriedBy(snapshot);
    const appended = await say('someone else');
    expect(await snapshot.confirm(view, [number])).toEqual({
      head: appended?.head,
      now: view.now,
      notices: view.notices,
      history: 0,
    });
  });

  it('is not confirmed where one of those it turned on has spoken since', async () => {
    const snapshot = snapshotOf();
    const number = await numberOf('spoke');
    const view = await carriedBy(snapshot);
    await say('spoke', 'withdrawn');
    expect(await snapshot.confirm(view, [number])).toBeUndefined();
    const read = await snapshot.view();
    await say('spoke');
    expect(await snapshot.confirm(read, [number])).toBeUndefined();
    expect(await snapshot.confirm(await snapshot.view(), [number])).toBeDefined();
  });

  it('is not confirmed after a clock was set forward, or this machine slept', async () => {
    const snapshot = snapshotOf();
    const view = await carriedBy(snapshot);
    expect(await snapshot.confirm({ ...view, now: view.now - 2_000_000 }, [])).toBeUndefined();
    expect(await snapshot.confirm(view, [])).toBeDefined();
  });

  it('is not confirmed after a new notice', async () => {
    const snapshot = snapshotOf();
    const view = await carriedBy(snapshot);
    expect(await snapshot.confirm({ ...view, notices: view.notices - 1 }, [])).toBeUndefined();
  });
});

describe('where the ledger has to stand', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is not known before it was read', async () => {
    const view = await snapshotOf().view();
    expect(snapshotOf().standing(view, [])).toBeUndefined();
  });

  it('is at the newest head known, where only others changed since', async () => {
    const snapshot = snapshotOf();
    const number = await numberOf('standing');
    const view = await snapshot.view();
    const appended = await say('somebody else');
    expect(snapshot.standing(view, [number])?.standing.head).toBe(view.head);
    await snapshot.view();
    const known = snapshot.standing(view, [number]);
    expect(known?.standing).toMatchObject({ head: appended?.head, until: Infinity });
    expect(known?.view).toMatchObject({ head: appended?.head, now: view.now });
  });

  it('is nowhere for whoever has spoken since', async () => {
    const snapshot = snapshotOf();
    const number = await numberOf('spoken');
    const view = await snapshot.view();
    await say('spoken', 'withdrawn');
    await snapshot.view();
    expect(snapshot.standing(view, [number])).toBeUndefined();
  });

  it('is nowhere for a view of another history, or of other notices', async () => {
    const snapshot = snapshotOf();
    const view = await snapshot.view();
    expect(snapshot.standing({ ...view, history: view.history + 1 }, [])).toBeUndefined();
    expect(snapshot.standing({ ...view, notices: view.notices - 1 }, [])).toBeUndefined();
    expect(snapshot.standing(view, [])).toBeDefined();
  });

  it('is for a carried view until the database’s clock would be ahead', async () => {
    const snapshot = snapshotOf();
    const read = await snapshot.view();
    const clock = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(clock);
    const carried = snapshot.carried();
    if (!carried) throw new Error('nothing is carried on');
    vi.spyOn(performance, 'now').mockReturnValue(clock + 100);
    const known = snapshot.standing(carried, []);
    expect(known?.view).not.toHaveProperty('carriedAt');
    expect(known?.view.now).toBe(carried.now);
    const ahead = ((known?.standing.until ?? NaN) - carried.now) / 1_000;
    // What passed here, its slack, and the way to the database.
    expect(ahead).toBeGreaterThanOrEqual(100);
    expect(ahead).toBeLessThan(1_200);
    expect(carried.now).toBeGreaterThanOrEqual(read.now);
  });
});

describe('positions', () => {
  it('may be beyond 2^31', async () => {
    const beyond = 2 ** 33;
    await database.knex.raw('update ledger_head set position = ?', [beyond]);
    const snapshot = snapshotOf();
    expect((await snapshot.view()).head).toBe(beyond);
    const number = await numberOf('beyond');
    expect((await say('beyond'))?.head).toBe(beyond + 1);
    const view = await snapshot.view();
    expect(view.head).toBe(beyond + 1);
    expect(await snapshot.ensure([number], view)).toBe(true);
    expect(snapshot.state(number, mail)).toBe(State.given);
    expect(snapshot.movedSince([number], beyond)).toBe(true);
    expect(snapshot.movedSince([number], beyond + 1)).toBe(false);
  });
});
