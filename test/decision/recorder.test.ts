import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackedDecisions } from '../../src/audit/entry.ts';
import { rangesHold, unpackRanges } from '../../src/audit/number-ranges.ts';
import { DecisionRecorder, type LoggedReason } from '../../src/decision/recorder.ts';
import type { Decide, RowPlan } from '../../src/policy/plan.ts';
import { rowPlan } from './plans.ts';
import { decisionsOf } from '../setup/decisions-of.ts';

const decide = (...fields: string[]): Decide => ({
  kind: 'ask',
  coordinates: fields.map((field) => `Customer.${field}`),
  asks: [],
});
const plans = [
  rowPlan([decide('b', 'a'), decide('c')], []),
  rowPlan([decide('c'), decide('a', 'b')], []),
  rowPlan([decide('a')], []),
  rowPlan([decide('d'), decide('e')], [], { gates: [{ decision: 1, coordinate: 'Customer.e' }] }),
];

interface Note {
  readonly plan: RowPlan;
  readonly reasons: readonly LoggedReason[];
  readonly hidden: boolean;
  readonly subject: number;
}

const anyReason = fc.constantFrom<LoggedReason>('CONSENTED', 'REFUSED', 'OPEN', 'NOT_COVERED');
const anyNote: fc.Arbitrary<Note> = fc.constantFrom(...plans).chain((plan) =>
  fc.record({
    plan: fc.constant(plan),
    reasons: fc.array(anyReason, {
      minLength: plan.decisions.length,
      maxLength: plan.decisions.length,
    }),
    hidden: fc.boolean(),
    subject: fc.integer({ min: -1, max: 30 }),
  }),
);

const recorded = (notes: readonly Note[]) => {
  const recorder = new DecisionRecorder();
  for (const { plan, reasons, hidden, subject } of notes) {
    const releases = new Uint8Array(reasons.length);
    recorder.noteRows({
      ...{ plan, profiles: [{ reasons, releases, stays: !hidden }] },
      ...{ subjects: Int32Array.of(subject), profileOf: Int32Array.of(0), count: 1 },
    });
  }
  return recorder.packed();
};

/** Who was decided alike is in one set and in no other, and sets are in the order of their first. */
const expectSetsOf = ({ sets }: PackedDecisions, cells: ReadonlySet<string>) => {
  const saidOf = new Map<number, string[]>();
  for (const cell of [...cells].sort()) {
    const [coordinate, reason, subject] = cell.split(' ');
    saidOf.set(Number(subject), [
      ...(saidOf.get(Number(subject)) ?? []),
      `${coordinate ?? ''} ${reason ?? ''}`,
    ]);
  }
  const alike = new Map<string, number[]>();
  for (const subject of [...saidOf.keys()].sort((a, b) => a - b)) {
    const key = (saidOf.get(subject) ?? []).join();
    alike.set(key, [...(alike.get(key) ?? []), subject]);
  }
  // A field may be in several lines, so persons alike by their cells may be told apart: never less.
  const numbers = sets.map((set) => unpackRanges(set));
  for (const set of numbers)
    expect([...alike.values()].some((one) => set.every((number) => one.includes(number)))).toBe(
      true,
    );
  expect(numbers.flat().sort((a, b) => a - b)).toEqual([...saidOf.keys()].sort((a, b) => a - b));
  const firsts = numbers.map((set) => Math.min(...set));
  expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
};

describe('the recorder', () => {
  it('says of each cell exactly what was noted, in an order of its own', () => {
    fc.assert(
      fc.property(fc.array(anyNote, { maxLength: 40 }), (notes) => {
        const cells = new Set<string>();
        for (const { plan, reasons, hidden, subject } of notes) {
          plan.decisions.forEach(({ coordinates }, k) => {
            if (hidden && !plan.gates.some(({ decision }) => decision === k)) return;
            for (const coordinate of coordinates)
              cells.add(`${coordinate} ${reasons[k] ?? ''} ${subject}`);
          });
        }
        const decisions = decisionsOf(recorded(notes));
        const said = decisions.flatMap(({ coordinates, reason, subjects, count }) => {
          const numbers = [-1, ...Array.from({ length: 31 }, (_, i) => i)].filter((number) =>
            rangesHold(subjects, number),
          );
          expect(numbers.length).toBe(count);
          return coordinates.flatMap((coordinate) =>
            numbers.map((number) => `${coordinate} ${reason} ${number}`),
          );
        });
        expect(new Set(said)).toEqual(cells);
        // Not only the same decisions: the same text.
        expect(recorded(notes.toReversed())).toEqual(recorded(notes));
        expect(recorded([...notes, ...notes])).toEqual(recorded(notes));
        expectSetsOf(recorded(notes), cells);
        for (const { coordinates, released, reason } of decisions) {
          expect(coordinates).toEqual(coordinates.toSorted());
          expect(released).toBe(reason === 'CONSENTED' || reason === 'OPEN');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('writes each person once however many fields were decided alike', () => {
    const plan = plans[0]!;
    const notes = Array.from({ length: 1_000 }, (_, i): Note => ({
      plan,
      reasons: [i % 3 === 0 ? 'REFUSED' : 'CONSENTED', i % 2 === 0 ? 'OPEN' : 'NOT_COVERED'],
      hidden: false,
      subject: (i * 7_919) % 1_000_003,
    }));
    const packed = recorded(notes);
    expect(packed.sets).toHaveLength(4);
    expect(packed.sets.join().split(',')).toHaveLength(1_000);
    expect(JSON.stringify(packed).length).toBeLessThan(8_500);
  });

  it('packs ten thousand subjects small when they are neighbours', () => {
    const plan = plans[2]!;
    const notes = Array.from({ length: 10_000 }, (_, subject): Note => ({
      plan,
      reasons: ['CONSENTED'],
      hidden: false,
      subject,
    }));
    expect(JSON.stringify(recorded(notes)).length).toBeLessThan(200);
  });
});
