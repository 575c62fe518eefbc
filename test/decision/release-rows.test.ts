import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DecisionRecorder } from '../../src/decision/recorder.ts';
import { isReleased, inputsOf, planOf } from '../../src/decision/released.ts';
import {
  asText,
  ConsentMoved,
  releaseRows,
  type DecisionContext,
} from '../../src/decision/release-rows.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { noSubject, type SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import type { Decide } from '../../src/policy/plan.ts';
import { policyOf } from '../ledger/small-policy.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { row, rowPlan } from './plans.ts';
import { directoryOn } from '../setup/subjects.ts';
import { decisionsOf } from '../setup/decisions-of.ts';

const policy = policyOf();
let database: FreshDatabase;
let subjects: SubjectDirectory;
let store: ConsentStore;

beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  subjects = directoryOn(database.knex, 1_000);
  store = new ConsentStore(database.knex, subjects, policy);
  await say('yes', 'given', 'SUGGEST');
  await say('no', 'refused', 'SUGGEST');
  await say('no', 'objected', 'PREVENT');
});
afterAll(() => database.drop());

const say = (id: string, kind: 'given' | 'refused' | 'objected', purpose: string) =>
  store.append([{ subject: { type: 'Customer', id }, kind, purpose, method: 'test' }]);
const numberOf = async (id: string) => (await subjects.numbersOf('Customer', [id]))[0] ?? noSubject;

const context = async (snapshot = new ConsentSnapshot(database.knex, policy, 1_000)) => {
  const recorder = new DecisionRecorder();
  const view = await snapshot.view();
  const c: DecisionContext = { subjects, snapshot, view, recorder, onFault: () => undefined };
  return { c, recorder, snapshot };
};

const coordinates = (field: string) => [`Customer.${field}`];
const open: Decide = { kind: 'open', coordinates: coordinates('id') };
const always: Decide = { kind: 'always', coordinates: coordinates('name'), basis: 'CONTRACT' };
const never: Decide = { kind: 'never', coordinates: coordinates('income'), reason: 'NOT_COVERED' };
const ask = (purpose: string, category: string, field = 'email'): Decide => {
  const {
    index = -1,
    basis = 'CONSENT',
    places = new Map(),
  } = policy.pairOf(purpose, category) ?? {};
  return { kind: 'ask', coordinates: coordinates(field), asks: [{ pair: index, basis, places }] };
};
const secret = 'canary-7d1f';
/** Everything that can be read off an object, from any side. */
const everything = (value: object): string =>
  [
    JSON.stringify(value),
    JSON.stringify({ ...value }),
    inspect(value, { depth: 9, showHidden: true, getters: true }),
    ...Reflect.ownKeys(value).map((key) => inspect(Reflect.get(value, key), { depth: 9 })),
    inspect(Object.getPrototypeOf(value), { depth: 9, showHidden: true }),
  ].join('\n');

const plan = rowPlan(
  [open, always, ask('SUGGEST', 'MAIL')],
  [
    { field: 'id', decision: 0, index: 0 },
    { field: 'name', decision: 1, index: 1 },
    { field: 'email', decision: 2, index: 2 },
  ],
);
const person = (id: string | null, email: unknown = secret) => row(id, 'Ada', email, id);

describe('a released row', () => {
  it('holds what was released, and null where there is nothing', async () => {
    const { c } = await context();
    const [full, empty] = await releaseRows(
      [person('yes'), person('yes', null)],
      plan,
      undefined,
      c,
    );
    expect({ ...full }).toMatchObject({ id: 'yes', name: 'Ada', email: secret });
    expect(empty?.['email']).toBeNull();
  });

  it('shows a withheld cell from no side', async () => {
    const { c } = await context();
    const released = await releaseRows(
      [person('no'), person('never asked'), person('no', null)],
      plan,
      undefined,
      c,
    );
    for (const one of released) {
      expect(one).toBeDefined();
      if (!one) continue;
      expect('email' in one).toBe(false);
      expect(one['email']).toBeUndefined();
      expect(Object.keys(one)).toEqual(['id', 'name']);
      expect(everything(one)).not.toContain(secret);
      expect(Object.isFrozen(one)).toBe(true);
      expect('toString' in one).toBe(false);
      expect(isReleased(one)).toBe(true);
    }
    // Whether there was a value cannot be told.
    expect({ ...released[2], [planOf]: 0, id: 0 }).toEqual({ ...released[0], [planOf]: 0, id: 0 });
  });

  it('holds fields of any name as its own', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'toJSON'];
    const { c } = await context();
    const [one] = await releaseRows(
      [row(...names.map((name) => `value of ${name}`), 'yes')],
      rowPlan(
        [open],
        names.map((field, index) => ({ field, decision: 0, index })),
      ),
      undefined,
      c,
    );
    expect(Object.keys(one ?? {})).toEqual(names);
    for (const name of names) expect(one?.[name]).toBe(`value of ${name}`);
    expect(Object.getPrototypeOf(Object.getPrototypeOf(one))).toBeNull();
  });

  it('gives derived fields their inputs only where they themselves are released', async () => {
    const derived = rowPlan(
      [open, ask('SUGGEST', 'MAIL', 'greeting')],
      [
        { field: 'id', decision: 0, index: 0 },
        {
          field: 'greeting',
          decision: 1,
          index: -1,
          inputs: [{ field: 'email', index: 1 }],
        },
      ],
      { read: { ...plan.read, columns: ['id', 'email'] } },
    );
    const { c } = await context();
    const [yes, no] = await releaseRows(
      [row('yes', secret, 'yes'), row('no', secret, 'no')],
      derived,
      undefined,
      c,
    );
    const inputs = [yes, no].map((one) => one && new Map(one[inputsOf]));
    expect(inputs[0]?.get('greeting')).toMatchObject({ email: secret });
    expect(yes && 'email' in yes).toBe(false);
    expect(inputs[1]?.size).toBe(0);
    expect(everything(no ?? {})).not.toContain(secret);
  });

  it('is open throughout where the type concerns nobody, but for what may never be shown', async () => {
    const product = rowPlan(
      [open, never],
      [
        { field: 'id', decision: 0, index: 0 },
        { field: 'price', decision: 1, index: 1 },
      ],
      { personal: false },
    );
    const { c, recorder } = await context();
    const [one] = await releaseRows([row('1', secret)], product, undefined, c);
    expect(Object.keys(one ?? {})).toEqual(['id']);
    expect(decisionsOf(recorder.packed())).toEqual([]);
  });
});

describe('a decision', () => {
  it('is recorded for each coordinate with its full reason and the subjects', async () => {
    const { c, recorder } = await context();
    await releaseRows([person('yes'), person('no'), person('nobody yet')], plan, undefined, c);
    const [yes, no, nobody] = await subjects.numbersOf('Customer', ['yes', 'no', 'nobody yet']);
    const entry = (field: string, released: boolean, reason: string, count: number) =>
      expect.objectContaining({
        coordinates: coordinates(field),
        released,
        reason,
        count,
      }) as object;
    expect(decisionsOf(recorder.packed())).toEqual([
      entry('email', true, 'CONSENTED', 1),
      entry('name', true, 'CONTRACT', 3),
      entry('email', false, 'NEVER_ASKED', 1),
      entry('id', true, 'OPEN', 3),
      entry('email', false, 'REFUSED', 1),
    ]);
    expect(decisionsOf(recorder.packed()).map(({ subjects: text }) => text)).toEqual(
      expect.arrayContaining([String(yes), String(no), String(nobody)]),
    );
    expect([...recorder.asked].sort()).toEqual([yes, no, nobody].sort());
  });

  it.each([null, '', 'x'.repeat(300), 'nul\0', '\ud800'])(
    'about nobody known withholds whatever is governed (%j)',
    async (id) => {
      const { c, recorder } = await context();
      const [one] = await releaseRows([person(id)], plan, undefined, c);
      expect(Object.keys(one ?? {})).toEqual(['id']);
      expect(everything(one ?? {})).not.toContain(secret);
      const notEvaluated = decisionsOf(recorder.packed()).filter(
        ({ reason }) => reason === 'NOT_EVALUATED',
      );
      expect(notEvaluated.map((one) => [one.coordinates, one.released, one.subjects])).toEqual([
        [['Customer.email'], false, '?'],
        [['Customer.name'], false, '?'],
      ]);
    },
  );

  it('that needs several say-sos needs all of them', async () => {
    const both: Decide = {
      kind: 'ask',
      coordinates: coordinates('email'),
      asks: [...asksOf('SUGGEST', 'MAIL'), ...asksOf('REWARD', 'BIRTH')],
    };
    const nothing: Decide = { kind: 'ask', coordinates: coordinates('email'), asks: [] };
    const { c, recorder } = await context();
    for (const decision of [both, nothing]) {
      const single = rowPlan([decision], [{ field: 'email', decision: 0, index: 0 }]);
      const [one] = await releaseRows([row(secret, 'yes')], single, undefined, c);
      expect(Object.keys(one ?? {})).toEqual([]);
    }
    expect(decisionsOf(recorder.packed()).map(({ reason }) => reason)).toEqual([
      'NEVER_ASKED',
      'NOT_EVALUATED',
    ]);
  });
  const asksOf = (purpose: string, category: string) => {
    const decide = ask(purpose, category);
    return decide.kind === 'ask' ? decide.asks : [];
  };

  it('turns on where the person lives, and on opt-in where that is not known', async () => {
    const sold = rowPlan(
      [ask('SELL', 'BOUGHT', 'bought')],
      [{ field: 'bought', decision: 0, index: 0 }],
    );
    const { c, recorder } = await context();
    const rows = ['US-CA', 'US', null, 'DE', 'us-ca', 5].map(() => row(secret, 'lives somewhere'));
    const places = ['US-CA', 'US', null, 'DE', 'us-ca', 5];
    const shown = async (at: readonly unknown[] | undefined) =>
      (await releaseRows(rows, sold, at, c)).map((one) => one?.['bought'] === secret);
    expect(await shown(places)).toEqual([true, false, false, false, true, false]);
    expect(await shown(undefined)).toEqual(rows.map(() => false));
    expect(new Set(decisionsOf(recorder.packed()).map(({ reason }) => reason))).toEqual(
      new Set(['OPT_OUT', 'NEVER_ASKED']),
    );
  });

  it('on legitimate interest holds until the person objects', async () => {
    const prevent = rowPlan([ask('PREVENT', 'MAIL')], [{ field: 'email', decision: 0, index: 0 }]);
    const { c } = await context();
    const released = await releaseRows(
      [row(secret, 'yes'), row(secret, 'no')],
      prevent,
      undefined,
      c,
    );
    expect(released.map((one) => one?.['email'])).toEqual([secret, undefined]);
  });

  it('drops a row that a gate withholds, and records the gate alone', async () => {
    const gated = { ...plan, gates: [{ decision: 2, coordinate: 'Customer.email' }] };
    const { c, recorder } = await context();
    const released = await releaseRows(
      [person('no'), person('yes'), person(null)],
      gated,
      undefined,
      c,
    );
    expect(released.map((one) => one?.['id'])).toEqual([undefined, 'yes', undefined]);
    expect(released[0]).toBeUndefined();
    const about = async (id: string) => {
      const number = String(await numberOf(id));
      return decisionsOf(recorder.packed())
        .filter((entry) => entry.subjects.split(',').includes(number))
        .map(({ coordinates: [field], reason }) => `${field ?? ''} ${reason}`);
    };
    expect(await about('no')).toEqual(['Customer.email REFUSED']);
    expect(await about('yes')).toEqual([
      'Customer.email CONSENTED',
      'Customer.name CONTRACT',
      'Customer.id OPEN',
    ]);
  });

  it('stands for each of the rows, with a memory for one person only', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `crowd${i}`);
    await store.append(
      ids
        .filter((_, i) => i % 3 === 0)
        .map((id) => ({
          subject: { type: 'Customer', id },
          kind: 'given',
          purpose: 'SUGGEST',
          method: 'test',
        })),
    );
    const { c } = await context(new ConsentSnapshot(database.knex, policy, 1));
    const small = { ...c, subjects: directoryOn(database.knex, 7) };
    const found = await Promise.all(
      [0, 1, 2].map((skip) =>
        releaseRows(
          ids.slice(skip * 50).map((id) => person(id)),
          plan,
          undefined,
          small,
        ),
      ),
    );
    found.forEach((rows, k) => {
      rows.forEach((one, i) => {
        expect(one?.['email']).toBe((i + k * 50) % 3 === 0 ? secret : undefined);
      });
    });
  });
});

describe('say-so that moved', () => {
  it('stops whoever decides by an older view', async () => {
    const { c, snapshot } = await context();
    await say('moved', 'given', 'SUGGEST');
    await expect(releaseRows([person('moved')], plan, undefined, c)).rejects.toThrow(ConsentMoved);
    const now = { ...c, view: await snapshot.view() };
    const [one] = await releaseRows([person('moved')], plan, undefined, now);
    expect(one?.['email']).toBe(secret);
    await say('moved', 'refused', 'SUGGEST');
    await snapshot.view();
    await expect(releaseRows([person('moved')], plan, undefined, now)).rejects.toThrow(
      ConsentMoved,
    );
    // Others are not disturbed.
    expect(await releaseRows([person('yes')], plan, undefined, now)).toHaveLength(1);
  });

  it('between loading and deciding stops it too', async () => {
    const { c, snapshot } = await context();
    // Whoever has its turn in between takes the memory away.
    const robbed = new Proxy(snapshot, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (name === 'locate') return () => false;
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const deciding = releaseRows([person('yes')], plan, undefined, { ...c, snapshot: robbed });
    await expect(deciding).rejects.toThrow(ConsentMoved);
  });

  it('without an answer from the ledger releases nothing', async () => {
    const broken = await freshDatabase({ migrated: true });
    const snapshot = new ConsentSnapshot(broken.knex, policy, 10);
    const view = await snapshot.view();
    const known = directoryOn(broken.knex, 10);
    await known.numbersOf('Customer', ['yes']);
    await broken.knex.raw('alter table consent_event rename to gone');
    const { c } = await context();
    await expect(
      releaseRows([person('yes')], plan, undefined, { ...c, subjects: known, snapshot, view }),
    ).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await broken.knex.raw('alter table subject rename to gone_too');
    await expect(
      releaseRows([person('no')], plan, undefined, { ...c, subjects: known, snapshot, view }),
    ).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await broken.drop();
  });
});

describe('asText', () => {
  it.each<[unknown, string | null]>([
    [null, null],
    [undefined, null],
    ['', ''],
    [0, '0'],
    [-0, '0'],
    [9007199254740993n, '9007199254740993'],
    [true, 'true'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), null],
    [{ a: 1 }, '{"a":1}'],
  ])('of %s is %j', (value, text) => {
    expect(asText(value)).toBe(text);
  });
});
