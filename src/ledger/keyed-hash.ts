/** A hash, 32 bits, of the bytes from `from` up to `to`. */
export type ByteHash = (bytes: Uint8Array, from: number, to: number) => number;

/** How often the state is stirred: for each four bytes, and at the end. */
export interface HashRounds {
  readonly each: number;
  readonly last: number;
}

/** HalfSipHash-1-3, as the Linux kernel has it for its tables. */
const forTables: HashRounds = { each: 1, last: 3 };

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);

/**
 * HalfSipHash under a secret key of eight bytes. Clients choose ids: of a hash without a secret, or
 * one whose collisions do not depend on it (FNV, Murmur), they could make thousands that collide and
 * so turn each lookup into a walk. This one needs 32-bit integers only, which JavaScript has.
 *
 * @see https://github.com/veorq/SipHash
 */
export const createKeyedHash = (
  key: Uint8Array,
  { each, last }: HashRounds = forTables,
): ByteHash => {
  if (key.length !== 8) throw new RangeError('the key of a hash has 8 bytes');
  const k0 = word(key, 0);
  const k1 = word(key, 4);
  return (bytes, from, to) => {
    let v0 = k0;
    let v1 = k1;
    let v2 = 0x6c796765 ^ k0;
    let v3 = 0x74656462 ^ k1;
    const whole = to - ((to - from) & 3);
    let rest = (to - from) << 24;
    for (let at = whole; at < to; at += 1) rest |= (bytes[at] ?? 0) << ((at - whole) << 3);
    // One turn for each four bytes, one for the rest with the length, and one that ends it.
    for (let at = from; at <= whole + 4; at += 4) {
      const ends = at > whole;
      const now = at < whole ? word(bytes, at) : ends ? 0 : rest;
      if (ends) v2 ^= 0xff;
      v3 ^= now;
      for (let round = ends ? last : each; round > 0; round -= 1) {
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
      }
      v0 ^= now;
    }
    return v1 ^ v3;
  };
};
