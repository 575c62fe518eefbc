import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePaths, type ResponsePath } from '../../src/core/response-path.ts';
import { clientReason, maxPaths, WithheldNotes } from '../../src/decision/withheld.ts';
import { rowPlan } from './plans.ts';

const path = (...keys: readonly (string | number)[]): ResponsePath => {
  let at: ResponsePath | undefined;
  for (const key of keys) at = { prev: at, key };
  return at ?? { prev: undefined, key: '' };
};

describe('withheld notes', () => {
  it('keep the first 20 places of the answer, whatever the order they were found in', () => {
    const places = Array.from({ length: 45 }, (_, i) => i);
    fc.assert(
      fc.property(fc.shuffledSubarray(places, { minLength: 45 }), (order) => {
        const notes = new WithheldNotes();
        for (const i of order)
          notes.note('Customer.email', 'NOT_CONSENTED', path('customers', 'nodes', i, 'email'));
        expect(notes.list()).toEqual([
          {
            field: 'Customer.email',
            reason: 'NOT_CONSENTED',
            count: 45,
            paths: places.slice(0, maxPaths).map((i) => `customers.nodes.${i}.email`),
          },
        ]);
      }),
    );
  });

  it('have a line for each field and reason, in a fixed order', () => {
    const notes = new WithheldNotes();
    notes.note('Customer.phone', 'NOT_COVERED', path('a', 'phone'));
    notes.note('Customer.email', 'NOT_COVERED', path('a', 'email'));
    notes.note('Customer.email', 'NOT_CONSENTED', path('b', 'email'));
    notes.note('__proto__', 'NOT_PERMITTED', path('c'));
    expect(notes.list().map(({ field, reason, count }) => [field, reason, count])).toEqual([
      ['Customer.email', 'NOT_CONSENTED', 1],
      ['Customer.email', 'NOT_COVERED', 1],
      ['Customer.phone', 'NOT_COVERED', 1],
      ['__proto__', 'NOT_PERMITTED', 1],
    ]);
    expect(new WithheldNotes().list()).toEqual([]);
  });
});

describe('places noted at once', () => {
  const anyPath = fc
    .tuple(
      fc.constantFrom('a', 'b'),
      fc.nat(30),
      fc.option(fc.tuple(fc.constantFrom('orders', 'x'), fc.nat(3))),
    )
    .map(([key, index, below]) => [key, index, ...(below ?? []), 'field']);
  const anyNotes = fc.record({
    field: fc.constantFrom('A.a', 'A.b', '__proto__'),
    reason: fc.constantFrom('NOT_COVERED' as const, 'NOT_CONSENTED' as const),
    paths: fc.array(anyPath, { maxLength: 40 }),
    atOnce: fc.boolean(),
  });

  it('are told as if each had been noted by itself', () => {
    fc.assert(
      fc.property(fc.array(anyNotes, { maxLength: 5 }), (all) => {
        const each = new WithheldNotes();
        const together = new WithheldNotes();
        for (const { field, reason, paths, atOnce } of all) {
          for (const keys of paths) each.note(field, reason, path(...keys));
          const inOrder = paths.toSorted(comparePaths);
          const smallest = inOrder.slice(0, maxPaths).map((keys, i) =>
            // Some know their text already.
            i % 2 === 0 ? { keys } : { keys, text: keys.join('.') },
          );
          if (atOnce) together.noteMany(field, reason, paths.length, smallest);
          else for (const keys of paths) together.note(field, reason, path(...keys));
        }
        expect(together.list()).toEqual(each.list());
      }),
      { numRuns: 300 },
    );
  });
});

describe('the reason for the client', () => {
  it('is what holds for every row, or that no say-so was found', () => {
    const plan = rowPlan(
      [
        { kind: 'never', coordinates: [], reason: 'NOT_PERMITTED' },
        { kind: 'ask', coordinates: [], asks: [] },
        { kind: 'always', coordinates: [], basis: 'CONTRACT' },
      ],
      [
        { field: 'a', decision: 0, index: -1 },
        { field: 'b', decision: 1, index: 0 },
        { field: 'c', decision: 2, index: 1 },
      ],
    );
    expect(['a', 'b', 'c', 'nowhere'].map((field) => clientReason(plan, field))).toEqual([
      'NOT_PERMITTED',
      'NOT_CONSENTED',
      'NOT_CONSENTED',
      'NOT_CONSENTED',
    ]);
  });
});
