import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  foldEvents,
  gpcOverridden,
  gpcSeen,
  State,
  type StoredEvent,
} from '../../src/ledger/fold-events.ts';
import { judge } from '../../src/ledger/judge.ts';
import { pairOf, policyOf, purposes } from './small-policy.ts';

const policy = policyOf();
const event = (changes: Partial<StoredEvent>): StoredEvent => ({
  kind: 'given',
  purposes: ['SUGGEST'],
  categories: ['MAIL'],
  at: 1,
  validUntil: null,
  ...changes,
});
const stateOf = (events: readonly StoredEvent[], pair: string, by = policy): number =>
  foldEvents(events, by).states[pairOf(by, pair)] ?? -1;

describe('foldEvents', () => {
  it('knows nothing of whoever said nothing', () => {
    expect([...foldEvents([], policy).states]).toEqual(policy.pairs.map(() => State.none));
  });

  it('lets the newest win, in whatever order events come', () => {
    const events = [event({ at: 1 }), event({ at: 3 }), event({ kind: 'withdrawn', at: 2 })];
    expect(stateOf(events, 'SUGGEST MAIL')).toBe(State.given);
    expect(stateOf(events.toReversed(), 'SUGGEST MAIL')).toBe(State.given);
    expect(stateOf([...events, event({ kind: 'refused', at: 4 })], 'SUGGEST MAIL')).toBe(
      State.refused,
    );
  });

  it('withholds at a tie', () => {
    const tie = [event({}), event({ kind: 'refused' })];
    expect(stateOf(tie, 'SUGGEST MAIL')).toBe(State.refused);
    expect(stateOf(tie.toReversed(), 'SUGGEST MAIL')).toBe(State.refused);
  });

  it('of two grants of one instant takes the shorter', () => {
    const grants = [event({ validUntil: 9 }), event({ validUntil: 5 }), event({})];
    for (const order of [grants, grants.toReversed()]) {
      expect(foldEvents(order, policy).expiry.get(pairOf(policy, 'SUGGEST MAIL'))).toBe(5);
    }
  });

  it('forgets the end of a grant that a later word replaced', () => {
    const pair = pairOf(policy, 'SUGGEST MAIL');
    const short = event({ validUntil: 5 });
    expect(foldEvents([short, event({ at: 2 })], policy).expiry.has(pair)).toBe(false);
    const no = event({ kind: 'refused', at: 2 });
    expect(foldEvents([short, no], policy).expiry.has(pair)).toBe(false);
  });

  it('counts a grant for exactly its leaves', () => {
    const { states } = foldEvents([event({ categories: ['MAIL', 'BOUGHT'] })], policy);
    const given = policy.pairs.filter(({ index }) => states[index] === State.given);
    expect(given.map(({ purpose, category }) => `${purpose} ${category}`)).toEqual([
      'SUGGEST MAIL',
      'SUGGEST BOUGHT',
    ]);
    expect(stateOf([event({ purposes: ['PERSONAL'] })], 'SUGGEST MAIL')).toBe(State.none);
    expect(stateOf([event({ categories: ['CONTACT'] })], 'SUGGEST MAIL')).toBe(State.none);
  });

  const later = policyOf({
    purposes: purposes.replace(
      'DELIVER',
      'LATER @purpose(under: "PERSONAL", covers: [MAIL, BIRTH])\n  DELIVER',
    ),
  });

  it('counts a no for everything below, what came later included', () => {
    const no = event({ kind: 'refused', purposes: ['PERSONAL'], categories: [] });
    expect(stateOf([no], 'LATER MAIL', later)).toBe(State.refused);
    expect(stateOf([no], 'REWARD BIRTH', later)).toBe(State.refused);
    expect(stateOf([no], 'SELL BOUGHT', later)).toBe(State.none);
    const mail = event({ kind: 'refused', purposes: ['PERSONAL'], categories: ['CONTACT'] });
    expect(stateOf([mail], 'LATER MAIL', later)).toBe(State.refused);
    expect(stateOf([mail], 'LATER BIRTH', later)).toBe(State.none);
  });

  it('keeps a no to an inner purpose that the policy has lost', () => {
    const flat = policyOf({
      purposes: purposes.replace('PERSONAL @purpose\n', '').replaceAll('under: "PERSONAL", ', ''),
    });
    const events = [
      event({}),
      event({
        kind: 'withdrawn',
        purposes: ['PERSONAL', 'SUGGEST', 'REWARD'],
        categories: [],
        at: 2,
      }),
    ];
    expect(stateOf(events, 'SUGGEST MAIL', flat)).toBe(State.withdrawn);
    expect(stateOf(events, 'PREVENT MAIL', flat)).toBe(State.withdrawn);
  });

  it('keeps a no to a purpose that the policy has lost, for whatever needs no yes', () => {
    const no = [event({}), event({ kind: 'objected', purposes: ['GONE'], at: 2 })];
    expect(stateOf(no, 'PREVENT MAIL')).toBe(State.objected);
    expect(stateOf(no, 'SELL BOUGHT')).toBe(State.objected);
    expect(stateOf(no, 'SUGGEST MAIL')).toBe(State.given);
  });

  it('keeps a no to a category that the policy has lost, for all that the purpose uses', () => {
    const no = [event({}), event({ kind: 'refused', categories: ['GONE'], at: 2 })];
    expect(stateOf(no, 'SUGGEST MAIL')).toBe(State.refused);
    expect(stateOf(no, 'SUGGEST BOUGHT')).toBe(State.refused);
  });

  it('takes a kind that this version does not know for no yes, on any basis', () => {
    const strange = [
      event({ kind: 'restricted' as 'given', categories: [], purposes: ['PREVENT'] }),
    ];
    const state = stateOf(strange, 'PREVENT MAIL');
    expect(judge('LEGITIMATE_INTEREST', state, false)).toEqual({
      release: false,
      reason: 'NOT_EVALUATED',
    });
  });

  describe('the signal', () => {
    const sale = { purposes: ['SELL'], categories: ['BOUGHT'] };
    const signalAt = (at: number) => event({ ...sale, kind: 'refused', signal: 'GPC', at });
    const yesAt = (at: number) => event({ ...sale, confirmed: true, at });
    const terms = policy.pairs[pairOf(policy, 'SELL BOUGHT')];
    const isReleased = (events: readonly StoredEvent[]): readonly boolean[] =>
      (['CONSENT', 'OPT_OUT', 'LEGITIMATE_INTEREST'] as const).map(
        (basis) => judge(basis, stateOf(events, 'SELL BOUGHT'), false, terms).release,
      );
    const [open, shut] = [
      [true, true, true],
      [false, false, false],
    ];

    it('is lifted by no yes of its instant, nor by adding an earlier signal', () => {
      const told = [yesAt(2), signalAt(2)];
      expect(isReleased(told)).toEqual(shut);
      expect(isReleased([...told, signalAt(1)])).toEqual(shut);
      expect(isReleased([signalAt(1), ...told])).toEqual(shut);
      expect(isReleased([yesAt(2), signalAt(1)])).toEqual(open);
    });

    it('is lifted by a confirmed yes after all of them, in whatever order they come', () => {
      const times = [1, 2, 3];
      for (const one of times)
        for (const two of times)
          for (const yes of times) {
            const told = [signalAt(one), yesAt(yes), signalAt(two)];
            const wanted = yes > one && yes > two;
            expect(isReleased(told)).toEqual(wanted ? open : shut);
            expect(isReleased(told.toReversed())).toEqual(wanted ? open : shut);
            const state = State.given | gpcSeen | (wanted ? gpcOverridden : 0);
            expect(stateOf(told, 'SELL BOUGHT')).toBe(state);
          }
    });

    it('asks again where it follows a confirmed yes, until that is said once more', () => {
      const told = [signalAt(1), yesAt(2), signalAt(3)];
      expect(isReleased(told)).toEqual(shut);
      expect(isReleased([...told, yesAt(4)])).toEqual(open);
    });
  });

  it('depends on no order', () => {
    const anyEvent = fc.record({
      kind: fc.constantFrom('given', 'refused', 'withdrawn', 'objected'),
      purposes: fc.subarray([...policy.model.purposeTree.names, 'GONE'], { minLength: 1 }),
      categories: fc.subarray([...policy.model.categoryTree.names, 'GONE']),
      at: fc.integer({ min: 1, max: 4 }),
      validUntil: fc.option(fc.integer({ min: 1, max: 9 })),
    });
    const list = fc.array(anyEvent, { maxLength: 8 });
    fc.assert(
      fc.property(
        list.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([inOrder, shuffled]) => {
          const plain = (events: readonly StoredEvent[]) => {
            const { states, expiry } = foldEvents(
              events.map((one) => (one.kind === 'given' ? one : { ...one, validUntil: null })),
              policy,
            );
            return { states: [...states], expiry: [...expiry].sort(([a], [b]) => a - b) };
          };
          expect(plain(shuffled)).toEqual(plain(inOrder));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never shows more for one more no', () => {
    const grants = fc.array(
      fc.record({
        kind: fc.constantFrom('given', 'refused'),
        purposes: fc.subarray([...policy.model.purposeTree.leaves], { minLength: 1 }),
        categories: fc.subarray([...policy.model.categoryTree.leaves], { minLength: 1 }),
        at: fc.integer({ min: 1, max: 9 }),
        validUntil: fc.constant(null),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(grants, fc.constantFrom(...policy.model.purposeTree.names), (events, purpose) => {
        const no = event({ kind: 'withdrawn', purposes: [purpose], categories: [], at: 10 });
        const before = foldEvents(events, policy).states;
        const after = foldEvents([...events, no], policy).states;
        for (const { index, basis } of policy.pairs) {
          const shown = (states: Uint8Array) => judge(basis, states[index] ?? 255, false).release;
          expect(shown(after) && !shown(before)).toBe(false);
        }
      }),
    );
  });
});
