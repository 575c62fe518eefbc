import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { int32s, scratchBytes } from '../../src/core/slab.ts';

const lengths = fc.array(fc.oneof(fc.nat(20), fc.nat(3_000), fc.nat(20_000)), { maxLength: 60 });

describe('memory that is shared', () => {
  it('is nobody else’s: numbers begin as 0 and stay what was written', () => {
    fc.assert(
      fc.property(lengths, (all) => {
        const lists = all.map((length) => int32s(length));
        for (const [i, list] of lists.entries()) {
          expect(list).toHaveLength(all[i] ?? -1);
          expect(list.every((one) => one === 0)).toBe(true);
          list.fill(i + 1);
        }
        for (const [i, list] of lists.entries())
          expect(list.every((one) => one === i + 1)).toBe(true);
      }),
    );
  });

  it('is nobody else’s: bytes stay what was written', () => {
    fc.assert(
      fc.property(lengths, (all) => {
        const pieces = all.map((length, i) => scratchBytes(length).fill(i + 1));
        for (const [i, piece] of pieces.entries())
          expect(piece.equals(Buffer.alloc(all[i] ?? 0, i + 1))).toBe(true);
      }),
    );
  });

  it('is not spoiled by a length that is none', () => {
    for (const none of [NaN, 2.5]) {
      int32s(none);
      scratchBytes(none);
      const [one, other] = [int32s(4).fill(1), int32s(4).fill(2)];
      expect([...one, ...other]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
      expect(scratchBytes(8)).toHaveLength(8);
    }
    expect(() => int32s(-1)).toThrow(RangeError);
    expect(int32s(4)).toHaveLength(4);
  });
});
