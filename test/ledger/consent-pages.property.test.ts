import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConsentPages, notHeld } from '../../src/ledger/consent-pages.ts';

const pairs = 3;
/** Room for two pages of 128 subjects. */
const room = 256;
// Neighbours, and others on pages of their own: more than there is room for.
const numbers = [0, 1, 127, 128, 200, 700, 9_000, 9_001, 70_000];
const anyNumber = fc.constantFrom(...numbers);
const anySaid = fc.record({
  states: fc.uint8Array({ minLength: pairs, maxLength: pairs }),
  ends: fc.array(fc.tuple(fc.nat(pairs - 1), fc.nat(9)), { maxLength: 2 }),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ keep: anyNumber, newest: fc.nat(9), said: anySaid }),
  },
  { weight: 2, arbitrary: fc.record({ forget: anyNumber }) },
  { weight: 3, arbitrary: fc.record({ evict: fc.array(anyNumber, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
);

interface Known {
  readonly newest: number;
  readonly states: Uint8Array;
  readonly ends: ReadonlyMap<number, number>;
}

const readOf = (pages: ConsentPages, start: number) =>
  Array.from({ length: pairs }, (_, pair) => [
    pages.states[start + pair],
    pages.hasEnd(start) ? pages.endOf(start + pair) : Infinity,
  ]);

describe('pages of say-so', () => {
  it('hold what a map holds, or nothing, whoever is kept, forgotten and given up', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pages = new ConsentPages(pairs, room);
        const model = new Map<number, Known>();
        for (const one of steps) {
          if ('keep' in one) {
            const { states, ends } = one.said;
            const known = { newest: one.newest, states, ends: new Map(ends) };
            pages.keep(one.keep, one.newest, { states, expiry: known.ends });
            model.set(one.keep, known);
          } else if ('forget' in one) {
            pages.forget(one.forget);
            model.delete(one.forget);
          } else if ('evict' in one) {
            const needed = one.evict.filter((number) => model.has(number));
            pages.evict(needed);
            expect(pages.hold(needed, Infinity)).toBe(true);
            for (const number of numbers)
              if (pages.startOf(number, Infinity) === notHeld) model.delete(number);
            const held = new Set([...model.keys()].map((number) => number >> 7));
            const most = new Set(needed.map((number) => number >> 7));
            expect(held.size).toBeLessThanOrEqual(Math.max(room >> 7, most.size));
          } else {
            pages.clear();
            model.clear();
          }
          for (const number of numbers) {
            const known = model.get(number);
            for (const head of [0, 4, 9, Infinity]) {
              const start = pages.startOf(number, head);
              expect(start !== notHeld).toBe(known !== undefined && known.newest <= head);
              if (!known || start === notHeld) continue;
              expect(readOf(pages, start)).toEqual(
                Array.from(known.states, (state, pair) => [
                  state,
                  known.ends.get(pair) ?? Infinity,
                ]),
              );
            }
          }
          expect(pages.missing([...numbers, -1])).toEqual(numbers.filter((one) => !model.has(one)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tell where all of a batch start, or that one is not held', () => {
    const pages = new ConsentPages(pairs, room);
    const said = { states: Uint8Array.of(1, 2, 3), expiry: new Map<number, number>() };
    pages.keep(5, 7, said);
    pages.keep(700, 8, said);
    const starts = new Int32Array(4);
    const batch = Int32Array.of(5, -1, 700, 4);
    expect(pages.locate(batch, 3, 8, starts)).toBe(true);
    expect([...starts]).toEqual([pages.startOf(5, 8), notHeld, pages.startOf(700, 8), 0]);
    expect(pages.locate(batch, 3, 7, starts)).toBe(false);
    expect(pages.locate(batch, 4, 8, starts)).toBe(false);
    for (const nobody of [-1, -129, 2 ** 31 - 1])
      expect(pages.startOf(nobody, Infinity)).toBe(notHeld);
  });
});
