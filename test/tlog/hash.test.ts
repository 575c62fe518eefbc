import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashLeaf } from '../../src/tlog/hash.ts';

describe('the hash of a leaf', () => {
  it.each([0, 1, 4_096, 65_534, 65_535, 65_536, 100_000])(
    'is that of 0x00 and its bytes, be they %i',
    (length) => {
      const bytes = randomBytes(length);
      const right = createHash('sha256').update(Buffer.of(0)).update(bytes).digest();
      expect(hashLeaf(bytes)).toEqual(right);
      // Nothing of a longer one before is left.
      expect(hashLeaf(Buffer.of(7))).toEqual(createHash('sha256').update('\0\x07').digest());
    },
  );
});
