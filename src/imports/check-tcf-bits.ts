/** Ids in one list of vendors: 16 bits name no more. */
const maxVendors = 65_535;
/** Vendors under a publisher's restrictions, all together; real strings have hundreds. */
const maxRestricted = 5_000;

class Malformed extends Error {}

const fail = (what: string): never => {
  throw new Malformed(what);
};

/** The bits of a segment, read from the front. */
class Bits {
  readonly #bytes: Buffer;
  readonly #length: number;
  #at = 0;

  constructor(segment: string) {
    if (!/^[\w-]+$/.test(segment)) fail('holds a character that no TC string has');
    // Made up to whole bytes: the last characters' bits would be lost.
    this.#bytes = Buffer.from(segment.padEnd(Math.ceil(segment.length / 4) * 4, 'A'), 'base64url');
    this.#length = segment.length * 6;
  }

  take(count: number): number {
    if (this.#at + count > this.#length) fail('is cut off');
    let value = 0;
    for (let i = 0; i < count; i += 1, this.#at += 1) {
      const byte = this.#bytes[this.#at >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  skip(count: number): void {
    if (this.#at + count > this.#length) fail('is cut off');
    this.#at += count;
  }

  /** What is left fills the last bytes and says nothing. */
  end(): void {
    const left = this.#length - this.#at;
    if (left >= 24 || (left > 0 && this.take(left) !== 0)) fail('goes on behind its end');
  }
}

/** @returns how many vendors the ranges name */
const walkRanges = (bits: Bits, maxId: number): number => {
  let named = 0;
  for (let entries = bits.take(12); entries > 0; entries -= 1) {
    const isRange = bits.take(1) === 1;
    const first = bits.take(16);
    const last = isRange ? bits.take(16) : first;
    if (first < 1 || last < first || last > maxId) fail('has a range of vendors that is none');
    named += last - first + 1;
    if (named > maxVendors) fail('names more vendors than there can be');
  }
  return named;
};

const walkVendors = (bits: Bits): void => {
  const maxId = bits.take(16);
  if (bits.take(1) === 1) walkRanges(bits, maxId);
  else bits.skip(maxId);
};

const isLetters = (bits: Bits): boolean => bits.take(6) < 26 && bits.take(6) < 26;

const walkCore = (bits: Bits): void => {
  const version = bits.take(6);
  if (version !== 2)
    fail(version === 1 ? 'is of version 1 of the framework' : 'is of no known version');
  // Created, last updated, CMP and its version, screen.
  bits.skip(36 + 36 + 12 + 12 + 6);
  if (!isLetters(bits)) fail('has no language');
  // Vendor list, policy, two flags, special features, purposes twice, purpose one.
  bits.skip(12 + 6 + 2 + 12 + 24 + 24 + 1);
  if (!isLetters(bits)) fail('has no country');
  walkVendors(bits);
  walkVendors(bits);
  let restricted = 0;
  for (let restrictions = bits.take(12); restrictions > 0; restrictions -= 1) {
    const purpose = bits.take(6);
    if (purpose < 1 || purpose > 24 || bits.take(2) > 2) fail('has a restriction that is none');
    restricted += walkRanges(bits, maxVendors);
    if (restricted > maxRestricted) fail('names more vendors than there can be');
  }
};

const walkPublisher = (bits: Bits): void => {
  bits.skip(24 + 24);
  const custom = bits.take(6);
  bits.skip(custom * 2);
};

/**
 * Walks a TC string by the published layout, apart from the decoder that reads it: that one takes a
 * second core for the first, passes over what follows the end, and fails in ways of its own.
 *
 * @returns what is wrong with it
 */
export const malformedTcf = (tcf: string): string | undefined => {
  try {
    const seen = new Set<number>();
    for (const [i, segment] of tcf.split('.').entries()) {
      const bits = new Bits(segment);
      const kind = i === 0 ? 0 : bits.take(3);
      if (seen.has(kind) || kind > 3) fail('has a part twice, or one that is not known');
      seen.add(kind);
      if (kind === 0) walkCore(bits);
      else if (kind === 3) walkPublisher(bits);
      else walkVendors(bits);
      bits.end();
    }
    return undefined;
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
};
