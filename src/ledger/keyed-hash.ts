/**
 * A hash, 32 bits, of as many bytes as `length` says. They lie in words of four, the first of them
 * lowest; what the last word has left is zero, and where nothing is left a zero word follows.
 */
export type WordHash = (words: Int32Array, length: number) => number;

const lastRounds = 3;

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);

/**
 * HalfSipHash-1-3 under a secret key of eight bytes, as the Linux kernel has it for its tables.
 * Clients choose ids: of a hash without a secret, or one whose collisions do not depend on it (FNV,
 * Murmur), they could make thousands that collide and so turn each lookup into a walk. This one
 * needs 32-bit integers only, which JavaScript has.
 *
 * @see https://github.com/veorq/SipHash
 */
export const createKeyedHash = (key: Uint8Array): WordHash => {
  if (key.length !== 8) throw new RangeError('the key of a hash has 8 bytes');
  const k0 = word(key, 0);
  const k1 = word(key, 4);
  return (words, length) => {
    let v0 = k0;
    let v1 = k1;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    const last = length >>> 2;
    // One round for each word, one for the rest with the length, and three that end it.
    for (let at = 0; at <= last + lastRounds; at += 1) {
      let now = 0;
      if (at < last) now = words[at] ?? 0;
      else if (at === last) now = (words[at] ?? 0) | (length << 24);
      else if (at === last + 1) v2 ^= 0xff;
      v3 ^= now;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= now;
    }
    return v1 ^ v3;
  };
};
