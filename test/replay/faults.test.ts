import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as DecideRows from '../../src/decision/decide-rows.ts';
import type { DecisionRecorder, LoggedReason } from '../../src/decision/recorder.ts';
import type { SaidBytes } from '../../src/ledger/consent-pages.ts';
import type { ConsentSnapshot, LedgerView } from '../../src/ledger/consent-snapshot.ts';
import { State } from '../../src/ledger/fold-events.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { readLogs } from '../../src/audit/log-state.ts';
import type { Asks, TestGateway } from '../setup/gateway.ts';
import { numberOf, startRightsShop } from '../gateway/rights-shop.ts';
import { replay, type Replayed } from './replay.ts';

// A replay is only worth something if it finds what is wrong. Here the gateway is broken on purpose,
// one way after another, and each must be found at the very entry, person and field.

type Context = DecideRows.DecisionContext;
type Fault = (context: Context) => Context;
const broken = vi.hoisted((): { fault: Fault | undefined } => ({ fault: undefined }));

// Every way of answering decides here: one that were broken alone would differ from the other.
vi.mock('../../src/decision/decide-rows.ts', async (original) => {
  const module = await original<typeof DecideRows>();
  const decideRows: typeof module.decideRows = (plan, subjects, count, places, context, ...rest) =>
    module.decideRows(plan, subjects, count, places, broken.fault?.(context) ?? context, ...rest);
  return { ...module, decideRows };
});

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterEach(() => {
  broken.fault = undefined;
});
afterAll(async () => {
  await gateway.close();
});

const done = async (query: string, asks: Asks = {}): Promise<void> => {
  const { body } = await gateway.ask(query, asks);
  expect(body.errors, query).toBeUndefined();
};
const say = (id: string, mutation: string): Promise<void> =>
  done(`mutation { ${mutation} { head } }`, { subject: id });
const everybody = '{ customers(first: 20) { nodes { id name email reviews { text } } } }'.replace(
  ' reviews { text }',
  '',
);
const look = (purpose: string, more: Asks = {}): Promise<void> =>
  done(everybody, { purpose, ...more });
const sizeOf = async (): Promise<number> => (await readLogs(gateway.own.knex))[0]?.size ?? 0;
const number = async (id: string): Promise<string> => String(await numberOf(gateway, id));

/** Entries written while `body` runs, replayed. */
const replayOf = async (
  body: () => Promise<void>,
): Promise<Replayed & { readonly from: number }> => {
  const from = await sizeOf();
  await body();
  return { ...(await replay(gateway.own.knex, { from })), from };
};

/** Wraps an object whose methods hold on to private fields. */
const overlay = <T extends object>(target: T, changes: Partial<T>): T =>
  new Proxy(target, {
    get: (_, name) => {
      const own = Reflect.get(changes, name) as unknown;
      if (own !== undefined) return own;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

/** What is read of say-so, as an object whose parts may be others. */
const reading = (said: SaidBytes): SaidBytes => ({
  states: said.states,
  hasEnd: (start) => said.hasEnd(start),
  endOf: (at) => said.endOf(at),
});

const startsOf = (snapshot: ConsentSnapshot, view: LedgerView, victim: string): Int32Array => {
  const starts = new Int32Array(1).fill(-1);
  snapshot.locate(Int32Array.of(Number(victim)), 1, view, starts);
  return starts;
};

/** A snapshot that takes another word for the victim's, of one pair or of all. */
const saying = ({ snapshot, view }: Context, victim: string, word: State, pair?: number) =>
  overlay(snapshot, {
    get said() {
      const { said } = snapshot;
      const [start = -1] = startsOf(snapshot, view, victim);
      if (start < 0) return said;
      const states = said.states.slice();
      const pairs = gateway.app.policy.pairs.length;
      if (pair === undefined) states.fill(word, start, start + pairs);
      else states[start + pair] = word;
      return { ...reading(said), states };
    },
  });

const pairOf = (policy: Policy, purpose: string, category: string): number => {
  const pair = policy.pairOf(purpose, category);
  if (!pair) throw new Error('no such pair');
  return pair.index;
};

describe('a gateway that is sound', () => {
  it('replays without a difference', async () => {
    await look('TAX');
    await say('101', 'giveConsent(purpose: NEWS)');
    await say('102', 'refuseConsent(purpose: NEWS)');
    for (const purpose of ['NEWS', 'SERVE', 'FRAUD', 'ADS', 'GROUP', 'CLUB'])
      for (const headers of [{}, { 'sec-gpc': '1' }]) await look(purpose, { headers });
    const { differences, summary } = await replay(gateway.own.knex);
    expect(differences).toEqual([]);
    expect(summary.derived).toBeGreaterThan(100);
  });
});

describe('a gateway that', () => {
  it('releases one cell too many is caught at the very entry, person and field', async () => {
    const victim = await number('103');
    const pair = pairOf(gateway.app.policy, 'NEWS', 'EMAIL');
    const { differences, summary, from } = await replayOf(async () => {
      await look('NEWS');
      broken.fault = (context) => ({
        ...context,
        snapshot: saying(context, victim, State.given, pair),
      });
      await look('NEWS');
      broken.fault = undefined;
      await look('NEWS');
    });
    expect(differences).toEqual([
      {
        severity: 'OVER_RELEASE',
        kind: 'DECISION',
        log: expect.stringMatching(/^test\.local/),
        index: from + 1,
        id: expect.any(String),
        coordinate: 'Customer.email',
        subjects: victim,
        says: 'CONSENTED',
        follows: 'NEVER_ASKED',
      },
    ]);
    expect(summary.entries).toBe(3);
  });

  it('ignores that a yes has ended is caught', async () => {
    const validUntil = new Date(Date.now() + 1_500).toISOString();
    await say('104', `giveConsent(purpose: NEWS, validUntil: "${validUntil}")`);
    const victim = await number('104');
    const { differences, from } = await replayOf(async () => {
      await look('NEWS');
      await sleep(1_600);
      await look('NEWS');
      broken.fault = (context) => ({
        ...context,
        snapshot: overlay(context.snapshot, {
          get said() {
            return { ...reading(context.snapshot.said), endOf: () => Infinity };
          },
        }),
      });
      await look('NEWS');
    });
    expect(differences).toEqual([
      expect.objectContaining({
        ...{ severity: 'OVER_RELEASE', index: from + 2, coordinate: 'Customer.email' },
        ...{ subjects: victim, says: 'CONSENTED', follows: 'EXPIRED' },
      }),
    ]);
  });

  it('ignores a signal of the request is caught', async () => {
    const headers = { 'sec-gpc': '1' };
    const { differences, from } = await replayOf(async () => {
      await look('SELL', { headers });
      broken.fault = (context) => ({ ...context, gpc: false });
      await look('SELL', { headers });
    });
    expect(differences.length).toBeGreaterThan(0);
    for (const difference of differences)
      expect(difference).toMatchObject({
        ...{ severity: 'OVER_RELEASE', index: from + 1, coordinate: 'Customer.name' },
        ...{ says: 'LEGITIMATE_INTEREST', follows: 'GPC' },
      });
  });

  it('decides by what was true before is caught', async () => {
    await say('105', 'giveConsent(purpose: NEWS)');
    const victim = await number('105');
    const { differences, from } = await replayOf(async () => {
      await look('NEWS');
      await say('105', 'withdrawConsent(purpose: NEWS)');
      await look('NEWS');
      broken.fault = (context) => ({
        ...context,
        snapshot: saying(context, victim, State.given),
      });
      await look('NEWS');
    });
    expect(differences).toEqual([
      expect.objectContaining({
        ...{ severity: 'OVER_RELEASE', index: from + 3, coordinate: 'Customer.email' },
        ...{ subjects: victim, says: 'CONSENTED', follows: 'WITHDRAWN' },
      }),
    ]);
  });

  it('gives another reason than the right one is caught', async () => {
    const victim = await number('102');
    const swap: Fault = (context) => ({
      ...context,
      recorder: overlay<DecisionRecorder>(context.recorder, {
        noteRows: (rows) =>
          context.recorder.noteRows({
            ...rows,
            profiles: rows.profiles.map((profile) => ({
              ...profile,
              reasons: profile.reasons.map((reason): LoggedReason =>
                reason === 'REFUSED' ? 'REVOKED' : reason,
              ),
            })),
          }),
      }),
    });
    const { differences, from } = await replayOf(async () => {
      await look('NEWS');
      broken.fault = swap;
      await look('NEWS');
    });
    expect(differences).toEqual([
      expect.objectContaining({
        ...{ severity: 'REASON', index: from + 1, coordinate: 'Customer.email' },
        ...{ subjects: victim, says: 'REVOKED', follows: 'REFUSED' },
      }),
    ]);
  });

  it('withholds what it may release is caught', async () => {
    const victim = await number('101');
    const pair = pairOf(gateway.app.policy, 'NEWS', 'EMAIL');
    const { differences } = await replayOf(async () => {
      broken.fault = (context) => ({
        ...context,
        snapshot: saying(context, victim, State.none, pair),
      });
      await look('NEWS');
    });
    expect(differences).toEqual([
      expect.objectContaining({
        severity: 'OVER_WITHHELD',
        subjects: victim,
        follows: 'CONSENTED',
      }),
    ]);
  });
});

describe('what is changed afterwards', () => {
  const tamper = async (table: string, sql: string): Promise<void> => {
    const { knex } = gateway.own;
    await knex.raw(`alter table ${table} disable trigger user`);
    await knex.raw(sql);
    await knex.raw(`alter table ${table} enable trigger user`);
  };
  let before: Replayed;
  beforeEach(async () => {
    before = await replay(gateway.own.knex);
  });

  it('a yes that is taken out of the ledger is found, where it stood and by what it released', async () => {
    await tamper(
      'consent_event',
      `delete from consent_event where position = (select min(position) from consent_event
        where subject = ${await number('101')})`,
    );
    const { differences } = await replay(gateway.own.knex);
    const more = differences.filter(
      (one) => !before.differences.some((other) => JSON.stringify(one) === JSON.stringify(other)),
    );
    expect(more[0]).toMatchObject({ kind: 'LEDGER', severity: 'RECORD' });
    expect(more).toContainEqual(
      expect.objectContaining({
        ...{ severity: 'OVER_RELEASE', coordinate: 'Customer.email' },
        ...{ subjects: await number('101'), says: 'CONSENTED', follows: 'NEVER_ASKED' },
      }),
    );
  });

  it('a policy that is taken away leaves nothing that counts as right', async () => {
    await tamper('policy', 'delete from policy');
    const { summary } = await replay(gateway.own.knex);
    expect(summary.lost).toEqual([
      {
        policy: gateway.app.policy.id,
        problem: 'its text is not in the database',
        entries: summary.entries,
      },
    ]);
    expect(summary.derived).toBe(0);
  });
});
