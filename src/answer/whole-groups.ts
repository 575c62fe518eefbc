import { randomInt } from 'node:crypto';
import { int32s } from '../core/slab.ts';

/** Odd, and known to nobody: who chooses numbers cannot choose such as meet in one slot. */
const secret = 2 * randomInt(2 ** 31) + 1;

/** In front of a slot's number: its group plus one, 0 where there is none. */
const fields = 2;

/** From whole numbers of 32 bits to groups, without an object or a text for any. */
export class WholeGroups {
  readonly #slots: Int32Array;
  /** What of a product is no slot. */
  readonly #shift: number;
  readonly #mask: number;

  /** @param most how many numbers there are at most */
  constructor(most: number) {
    // At least half of the slots stay free.
    const bits = 33 - Math.clz32(most | 1);
    this.#slots = int32s(fields << bits);
    this.#shift = 32 - bits;
    this.#mask = (1 << bits) - 1;
  }

  /** The group of a number; -1 where it has none. */
  get(number: number): number {
    return (this.#slots[this.#slotOf(number)] ?? 0) - 1;
  }

  /** Puts a number that has no group into one. */
  set(number: number, group: number): void {
    const at = this.#slotOf(number);
    this.#slots[at] = group + 1;
    this.#slots[at + 1] = number;
  }

  /** Where the number is, or would be. */
  #slotOf(number: number): number {
    const slots = this.#slots;
    // The high bits of the product turn on all of the number.
    let slot = Math.imul(number, secret) >>> this.#shift;
    while ((slots[slot * fields] ?? 0) !== 0 && slots[slot * fields + 1] !== number)
      slot = (slot + 1) & this.#mask;
    return slot * fields;
  }
}
