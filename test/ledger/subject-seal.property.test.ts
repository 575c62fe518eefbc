import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSubjectSeal } from '../../src/ledger/subject-seal.ts';

const seal = createSubjectSeal(Buffer.alloc(32, 1));
const other = createSubjectSeal(Buffer.alloc(32, 2));

const type = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,30}$/);
const number = fc.nat(2 ** 31 - 1);
const id = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 256 })
  .filter((one) => !one.includes('\0') && one.length <= 256 && one.isWellFormed());

describe('a sealed id', () => {
  it('opens to the very text, for its own type and number alone', () => {
    fc.assert(
      fc.property(type, number, id, type, number, (t, n, text, t2, n2) => {
        const sealed = seal.seal(t, n, text);
        expect(seal.open(t, n, sealed)).toBe(text);
        if (t2 !== t) expect(() => seal.open(t2, n, sealed)).toThrow();
        if (n2 !== n) expect(() => seal.open(t, n2, sealed)).toThrow();
        expect(() => other.open(t, n, sealed)).toThrow();
      }),
    );
  });

  it('does not open when any bit of it was changed, or its end is gone', () => {
    fc.assert(
      fc.property(type, number, id, fc.nat(), (t, n, text, at) => {
        const sealed = seal.seal(t, n, text);
        const bit = at % (sealed.length * 8);
        sealed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => seal.open(t, n, sealed)).toThrow();
        sealed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => seal.open(t, n, sealed.subarray(0, at % sealed.length))).toThrow();
      }),
    );
  });

  it('looks otherwise each time, and no longer than its neighbours', () => {
    expect(seal.seal('Customer', 1, '5')).not.toEqual(seal.seal('Customer', 1, '5'));
    const lengthOf = (text: string): number => seal.seal('Customer', 1, text).length;
    expect(new Set(['5', '123456', 'x'.repeat(32)].map(lengthOf))).toEqual(new Set([60]));
    expect(lengthOf('x'.repeat(33))).toBe(92);
  });
});

describe('what a person is looked up by', () => {
  it('is the same each time, and another for another type, id or key', () => {
    fc.assert(
      fc.property(type, id, type, id, (t, text, t2, text2) => {
        const found = seal.lookup(t, text);
        expect(found).toHaveLength(32);
        expect(seal.lookup(t, text)).toEqual(found);
        expect(seal.lookup(t2, text2).equals(found)).toBe(t === t2 && text === text2);
        expect(other.lookup(t, text)).not.toEqual(found);
      }),
    );
  });

  it('takes no end of a type for the beginning of an id', () => {
    expect(seal.lookup('Ab', 'c')).not.toEqual(seal.lookup('A', 'bc'));
    expect(seal.lookup('A', 'Bc')).not.toEqual(seal.lookup('AB', 'c'));
  });

  it('costs little: a cold batch of 1,000 stays far below what the database takes for it', () => {
    const from = performance.now();
    for (let i = 0; i < 1_000; i += 1) seal.lookup('Customer', String(i));
    // A hundred times what it takes on an idle machine.
    expect(performance.now() - from).toBeLessThan(500);
  });
});

it('knows its key by a proof that is no key', () => {
  expect(createSubjectSeal(Buffer.alloc(32, 1)).proof).toEqual(seal.proof);
  expect(other.proof).not.toEqual(seal.proof);
  expect(() => createSubjectSeal(Buffer.alloc(31))).toThrow('32 bytes');
});
