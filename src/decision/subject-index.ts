/** Marks in a slot that no number stands there: places are kept from 1 on. */
const free = 0;

/** Numbers persons from 0 on in the order they are met: a hash table without an object per entry. */
export class SubjectIndex {
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #numbers: Int32Array;
  #size = 0;

  /** @param most how many persons may be met; twice as many are no harm */
  constructor(most: number) {
    const bits = 32 - Math.clz32(2 * most + 1);
    this.#slots = new Int32Array(1 << bits);
    this.#mask = (1 << bits) - 1;
    this.#numbers = new Int32Array(most);
  }

  /** The place of a person, who gets one when first met. */
  placeOf(number: number): number {
    // Subject numbers are drawn by lot; that neighbours lie apart costs one multiplication.
    let slot = (Math.imul(number, 0x9e3779b1) >>> 15) & this.#mask;
    for (;;) {
      const place = this.#slots[slot] ?? free;
      if (place === free) break;
      if (this.#numbers[place - 1] === number) return place - 1;
      slot = (slot + 1) & this.#mask;
    }
    this.#numbers[this.#size] = number;
    this.#slots[slot] = this.#size + 1;
    return this.#size++;
  }

  /** The persons that were met, by place. */
  get numbers(): Int32Array {
    return this.#numbers.subarray(0, this.#size);
  }
}
