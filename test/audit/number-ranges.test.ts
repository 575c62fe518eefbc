import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areDisjoint,
  countRanges,
  isRanges,
  joinRanges,
  packRanges,
  rangesHold,
  unpackRanges,
} from '../../src/audit/number-ranges.ts';

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

const anyNumbers = fc.array(anyNumber, { minLength: 1, maxLength: 60 });

describe('ranges', () => {
  it('give back the numbers that were packed, each once and in order', () => {
    fc.assert(
      fc.property(anyNumbers, (numbers) => {
        const text = packRanges(numbers);
        const known = [...new Set(numbers)].filter((one) => one >= 0).sort((a, b) => a - b);
        expect(unpackRanges(text)).toEqual(numbers.includes(-1) ? [...known, -1] : known);
        expect(countRanges(text)).toBe(new Set(numbers).size);
        expect(isRanges(text)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('join to what all hold', () => {
    fc.assert(
      fc.property(anyNumbers, anyNumbers, (a, b) => {
        expect(joinRanges([packRanges(a), packRanges(b)])).toBe(packRanges([...a, ...b]));
        expect(areDisjoint([packRanges(a), packRanges(b)])).toBe(!a.some((n) => b.includes(n)));
      }),
    );
    expect(joinRanges([])).toBe('');
    // Ranges of any length, of which nothing is unpacked.
    const all = '0-2147483647';
    expect(joinRanges([all, '5,?', all])).toBe(`${all},?`);
    expect(areDisjoint([all, '?'])).toBe(true);
    expect(countRanges('')).toBe(0);
  });

  it.each([
    '',
    '1-',
    '-1',
    '5-5',
    '2,1',
    '1,2',
    '1-2,3',
    '?,1',
    '01',
    '1,,2',
    '1-3,3',
    '2147483648',
    'x',
    '1 ',
  ])('are not `%s`', (text) => expect(isRanges(text)).toBe(false));
});
