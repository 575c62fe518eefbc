import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyedHash } from '../../src/ledger/keyed-hash.ts';

/** From https://github.com/veorq/SipHash: HalfSipHash-2-4 of 0, 1, 2 … under the key 0 to 7. */
const published = [
  ...['a9359f5b', '27475ab8', 'fa62a603', '8afee704', '2a6e4689', 'c5fab669', '5863fc23'],
  ...['8bcf63c5', 'd0b8848f', 'f806e779', '94b07934', '08083050', '57f0872f', '77e663ff'],
];
const key = Uint8Array.from({ length: 8 }, (_, i) => i);
const counting = Uint8Array.from({ length: 64 }, (_, i) => i);

describe('the hash of ids', () => {
  it('is HalfSipHash as published', () => {
    const hash = createKeyedHash(key, { each: 2, last: 4 });
    const hex = Buffer.alloc(4);
    published.forEach((expected, length) => {
      hex.writeInt32LE(hash(counting, 0, length));
      expect(hex.toString('hex')).toBe(expected);
    });
    hex.writeInt32LE(hash(counting, 0, 63));
    expect(hex.toString('hex')).toBe('59ea4a74');
  });

  it('reads nothing outside of what it is given', () => {
    const hash = createKeyedHash(key);
    for (let length = 0; length < 20; length += 1) {
      const alone = hash(counting.slice(0, length), 0, length);
      for (const from of [1, 2, 3, 7]) {
        const inside = new Uint8Array(64).fill(0xff);
        inside.set(counting.subarray(0, length), from);
        expect(hash(inside, from, from + length)).toBe(alone);
      }
    }
  });

  it('is another under another key', () => {
    const hashes = Array.from({ length: 50 }, () =>
      createKeyedHash(randomBytes(8))(counting, 0, 36),
    );
    expect(new Set(hashes).size).toBeGreaterThan(45);
  });
});
