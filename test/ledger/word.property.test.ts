import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAsking, isYes, type ConsentKind } from '../../src/core/consent.ts';
import type { Basis } from '../../src/directives/basis.ts';
import { foldEvents, type StoredEvent } from '../../src/ledger/fold-events.ts';
import { judge } from '../../src/ledger/judge.ts';
import { policyOf } from './small-policy.ts';

const policy = policyOf();
const { purposeTree, categoryTree } = policy.model;
const bases: readonly Basis[] = [
  'CONSENT',
  'LEGITIMATE_INTEREST',
  'OPT_OUT',
  'CONTRACT',
  'LEGAL_OBLIGATION',
];

const someOf = (names: readonly string[]) => fc.subarray([...names], { minLength: 0 });
const kinds: readonly ConsentKind[] = [
  ...(['given', 'given', 'given', 'renewed', 'refused', 'withdrawn', 'revoked'] as const),
  ...(['objected', 'requested', 'deferred'] as const),
];

const anyEvent: fc.Arbitrary<StoredEvent> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    purposes: someOf([...purposeTree.names, 'LOST']),
    categories: someOf([...categoryTree.names, 'GONE']),
    at: fc.integer({ min: 1, max: 8 }),
    until: fc.option(fc.integer({ min: 2, max: 12 })),
    told: fc.boolean(),
    bases: fc.constantFrom(null, ['CONSENT'], ['LEGITIMATE_INTEREST']),
    origins: fc.constantFrom([], ['ZERO_PARTY'], ['FIRST_PARTY', 'THIRD_PARTY'], ['THIRD_PARTY']),
    confirmed: fc.boolean(),
    gpc: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ kind, until, told, confirmed, gpc, ...event }): StoredEvent => {
    const yes = isYes(kind);
    return {
      ...event,
      kind,
      validUntil: yes ? until : null,
      declared: [],
      recipients: told ? ['Anybody'] : [],
      confirmed: yes && confirmed,
      signal: gpc === 0 && kind === 'refused' ? 'GPC' : null,
    };
  });
const anyHistory = fc.array(anyEvent, { maxLength: 7 });
const runs = { numRuns: 3_000 };

/** For every pair, basis, instant and signal of the request whether the data would be released. */
const released = (history: readonly StoredEvent[]): readonly boolean[] => {
  const { states, expiry } = foldEvents(history, policy);
  return policy.pairs.flatMap((pair) =>
    bases.flatMap((basis) =>
      [1, 5, 13].flatMap((now) =>
        [false, true].map((signalled) => {
          const expired = now >= (expiry.get(pair.index) ?? Infinity);
          return judge(basis, states[pair.index] ?? 0, expired, pair, signalled).release;
        }),
      ),
    ),
  );
};

const neverMore = (before: readonly boolean[], after: readonly boolean[]): boolean =>
  after.every((release, i) => !release || before[i] === true);

describe('adding to what somebody said', () => {
  it('a refusal, withdrawal, revocation, objection or signal never releases more', () => {
    const no = anyEvent.filter(({ kind }) => !isYes(kind) && !isAsking(kind));
    fc.assert(
      fc.property(anyHistory, no, (history, added) => {
        expect(neverMore(released(history), released([...history, added]))).toBe(true);
      }),
      runs,
    );
  });

  it('a signal never releases more, least of all beside a confirmed yes and another signal', () => {
    const at = fc.integer({ min: 1, max: 4 });
    const sale = { purposes: ['SELL'], categories: ['BOUGHT'], validUntil: null };
    const signal = at.map((when): StoredEvent => ({
      ...{ ...sale, kind: 'refused', signal: 'GPC', at: when },
    }));
    const yes = fc.record({ at, confirmed: fc.boolean() }).map((said): StoredEvent => ({
      ...{ ...sale, kind: 'given', ...said },
    }));
    // Few instants of one pair: those of any event seldom meet.
    const history = fc.array(fc.oneof(signal, yes), { maxLength: 5 });
    fc.assert(
      fc.property(history, signal, (told, added) => {
        expect(neverMore(released(told), released([...told, added]))).toBe(true);
      }),
      runs,
    );
  });

  it('an erasure releases nothing that a person’s word could refuse', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const erased: StoredEvent = {
          kind: 'erased',
          purposes: [],
          categories: [],
          at: 0,
          validUntil: null,
        };
        const { states } = foldEvents([...history, erased], policy);
        for (const pair of policy.pairs) {
          const state = states[pair.index] ?? 0;
          expect(judge('CONSENT', state, false, pair)).toEqual({
            release: false,
            reason: 'ERASED',
          });
          expect(judge('OPT_OUT', state, false, pair).release).toBe(false);
        }
      }),
      runs,
    );
  });

  it('an end of a yes never releases more, nor does an earlier end', () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 1, max: 12 }), (history, until) => {
        const ended = history.map((event) =>
          isYes(event.kind)
            ? { ...event, validUntil: Math.min(until, event.validUntil ?? Infinity) }
            : event,
        );
        expect(neverMore(released(history), released(ended))).toBe(true);
      }),
      runs,
    );
  });

  it('the signal of a request never releases more', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const { states, expiry } = foldEvents(history, policy);
        for (const pair of policy.pairs) {
          for (const basis of bases) {
            const state = states[pair.index] ?? 0;
            const expired = 5 >= (expiry.get(pair.index) ?? Infinity);
            const without = judge(basis, state, expired, pair, false).release;
            const withIt = judge(basis, state, expired, pair, true).release;
            expect(withIt && !without).toBe(false);
          }
        }
      }),
      runs,
    );
  });

  it('that somebody was asked, or put it off, changes nothing that is released', () => {
    const asked = anyEvent.filter(({ kind }) => isAsking(kind));
    fc.assert(
      fc.property(anyHistory, asked, (history, added) => {
        expect(released([...history, added])).toEqual(released(history));
      }),
      runs,
    );
  });
});

describe('the order of arrival', () => {
  it('does not matter, whatever was said of which leaf', () => {
    fc.assert(
      fc.property(
        anyHistory.chain((history) =>
          fc.tuple(
            fc.constant(history),
            fc.shuffledSubarray(history, {
              minLength: history.length,
              maxLength: history.length,
            }),
          ),
        ),
        ([history, shuffled]) => {
          const [one, other] = [foldEvents(history, policy), foldEvents(shuffled, policy)];
          expect([...other.states]).toEqual([...one.states]);
          expect([...other.expiry].sort()).toEqual([...one.expiry].sort());
        },
      ),
      runs,
    );
  });
});
