import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangesHold } from '../../src/audit/audit-reader.ts';
import { DecisionRecorder, packRanges, type LoggedReason } from '../../src/decision/recorder.ts';
import type { Decide } from '../../src/policy/plan.ts';
import { rowPlan } from './plans.ts';

const anyNumber = fc.oneof(
  fc.integer({ min: -1, max: 40 }),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
);

describe('packRanges', () => {
  it.each<[number[], string]>([
    [[], ''],
    [[0], '0'],
    [[-1], '?'],
    [[-1, 0], '0,?'],
    [[-1, 0, 1, 2], '0-2,?'],
    [[-1, 5], '5,?'],
    [[3, 1, 2, 2, 9], '1-3,9'],
    [[2 ** 31 - 1, 2 ** 31 - 2], '2147483646-2147483647'],
  ])('packs %j as %j', (numbers, text) => {
    expect(packRanges(numbers)).toBe(text);
  });

  it('holds exactly the numbers that were packed', () => {
    fc.assert(
      fc.property(fc.array(anyNumber, { maxLength: 60 }), anyNumber, (numbers, other) => {
        const text = packRanges(numbers);
        for (const number of numbers) {
          if (number >= 0) expect(rangesHold(text, number)).toBe(true);
        }
        if (other >= 0) expect(rangesHold(text, other)).toBe(numbers.includes(other));
        expect(text.endsWith('?')).toBe(numbers.includes(-1));
        expect(packRanges(numbers.toReversed())).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });
});

const decide = (...fields: string[]): Decide => ({
  kind: 'ask',
  coordinates: fields.map((field) => `Customer.${field}`),
  asks: [],
});
const plans = [
  rowPlan([decide('b', 'a'), decide('c')], []),
  rowPlan([decide('c'), decide('a', 'b')], []),
  rowPlan([decide('a')], []),
];

describe('the recorder', () => {
  it('merges what several selections decided alike, in an order of its own', () => {
    const anyNote = fc.record({
      plan: fc.constantFrom(...plans),
      decision: fc.nat(1),
      reason: fc.constantFrom<LoggedReason>('CONSENTED', 'REFUSED', 'OPEN', 'NOT_COVERED'),
      subject: fc.integer({ min: -1, max: 30 }),
    });
    const notes = fc.array(anyNote, { maxLength: 40 });
    fc.assert(
      fc.property(notes, (all) => {
        const entriesOf = (order: typeof all) => {
          const recorder = new DecisionRecorder();
          for (const { plan, decision, reason, subject } of order)
            recorder.note(plan, Math.min(decision, plan.decisions.length - 1), reason, subject);
          return recorder.entries();
        };
        const entries = entriesOf(all);
        expect(entriesOf(all.toReversed())).toEqual(entries);
        expect(entriesOf([...all, ...all])).toEqual(entries);
        const keys = entries.map(({ coordinates, reason }) => `${coordinates.join()} ${reason}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { coordinates, released, reason } of entries) {
          expect(coordinates).toEqual(coordinates.toSorted());
          expect(released).toBe(reason === 'CONSENTED' || reason === 'OPEN');
        }
      }),
    );
  });

  it('packs ten thousand subjects small when they are neighbours', () => {
    const recorder = new DecisionRecorder();
    const [plan] = plans;
    if (!plan) throw new Error('there are three');
    for (let i = 0; i < 10_000; i += 1) recorder.note(plan, 0, 'CONSENTED', i);
    expect(JSON.stringify(recorder.entries()).length).toBeLessThan(200);
  });
});
