import { scratchBytes } from '../slab.ts';

/** More is not made on the strength of what came before: it grows into its size. */
const mostExpected = 1_048_576;
const nothing = Buffer.alloc(0);

/**
 * Bytes that come in pieces, in one. What comes in a single piece that stays as it is is not copied at
 * all; of more, each piece is copied once, to where it stays.
 */
export class GatheredBytes {
  #bytes: Buffer = nothing;
  #at = 0;

  /**
   * @param lasts the memory of the piece is nobody else's after this call
   * @param expected bytes that it comes to in the end, if that is known about
   */
  add(piece: Buffer, lasts: boolean, expected = 0): void {
    const end = this.#at + piece.length;
    if (this.#at === 0 && lasts) this.#bytes = piece;
    else {
      // A piece that was kept as it is has no room behind it, so nothing is ever written there.
      if (end > this.#bytes.length) this.#grow(end, expected);
      this.#bytes.set(piece, this.#at);
    }
    this.#at = end;
  }

  #grow(needed: number, expected: number): void {
    const spare = Math.min(expected + (expected >> 4), mostExpected);
    // By doubling, so that a large answer is not copied with each of its pieces.
    const grown = scratchBytes(spare >= needed ? spare : needed + this.#at);
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }

  /** All of it; from here on it is empty. */
  taken(): Buffer {
    const all = this.#bytes.subarray(0, this.#at);
    this.#bytes = nothing;
    this.#at = 0;
    return all;
  }
}
