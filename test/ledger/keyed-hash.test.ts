import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { IdWords } from '../../src/ledger/id-words.ts';
import { createKeyedHash } from '../../src/ledger/keyed-hash.ts';

/** HalfSipHash-1-3 of 0, 1, 2 … under the key 0 to 7, from Linux, lib/tests/siphash_kunit.c. */
const published = [
  ...[0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65],
  ...[0x9d38d9d6, 0x577999b1, 0xc839caed, 0xe4fa32cf, 0x959246ee, 0x6b28096c, 0x66dd9cd6],
];
const key = Uint8Array.from({ length: 8 }, (_, i) => i);
const counting = Uint8Array.from({ length: 64 }, (_, i) => i);
const idOf = (length: number, bytes = counting): IdWords => {
  const id = new IdWords();
  id.words.fill(-1);
  id.take(new DataView(bytes.buffer), 0, length);
  return id;
};

describe('the hash of ids', () => {
  it('is HalfSipHash as published', () => {
    const hash = createKeyedHash(key);
    const of = (length: number) => hash(idOf(length).words, length) >>> 0;
    published.forEach((expected, length) => expect(of(length)).toBe(expected));
    expect(of(63)).toBe(0x87178304);
  });

  it('is another under another key', () => {
    const { words } = idOf(36);
    const hashes = Array.from({ length: 50 }, () => createKeyedHash(randomBytes(8))(words, 36));
    expect(new Set(hashes).size).toBeGreaterThan(45);
  });
});

describe('the words of an id', () => {
  it('are the same from text and from bytes, whatever was there before', () => {
    for (const id of ['a', 'ab', 'abc', 'abcd', 'abcde', 'é', 'éa', '€', '€a', '😀', '\x7f\x01']) {
      const text = new IdWords();
      text.words.fill(-1);
      expect(text.takeText(id)).toBe(true);
      const bytes = new Uint8Array(Buffer.from(id));
      const { words, length } = idOf(bytes.length, bytes);
      expect(text.length).toBe(length);
      const whole = (length >> 2) + 1;
      expect([...text.words.subarray(0, whole)]).toEqual([...words.subarray(0, whole)]);
      const back = Buffer.alloc(4 * whole);
      words.subarray(0, whole).forEach((word, i) => back.writeInt32LE(word, 4 * i));
      expect(back.subarray(0, length).toString()).toBe(id);
      expect([...back.subarray(length)].every((byte) => byte === 0)).toBe(true);
    }
  });

  it('are not had of a text that is nobody', () => {
    for (const id of ['', 'x'.repeat(257), '\ud800', 'é\udc00'])
      expect(new IdWords().takeText(id)).toBe(false);
  });
});
