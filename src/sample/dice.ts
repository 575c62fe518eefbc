const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
};

/**
 * Repeatable chance: what `new Dice('orders', 42)` rolls depends on these two alone, so every part
 * of the sample can be made by itself, in any order, and a new part changes no other.
 */
export class Dice {
  #state: number;

  constructor(stream: string, key: number) {
    this.#state = (hashOf(stream) ^ Math.imul(key, 0x9e3779b1)) | 0;
  }

  /** At least 0, less than 1. */
  next(): number {
    // mulberry32: integer arithmetic only, so that every machine rolls the same.
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    // The cast holds because the index lies within a list that is not empty.
    return list[this.below(list.length)] as T;
  }

  /** Replaces every `#` by a digit. */
  digits(pattern: string): string {
    let text = '';
    for (const sign of pattern) text += sign === '#' ? String(this.below(10)) : sign;
    return text;
  }
}

/** Picks from choices of unequal weight; the table of sums is made once. */
export const weighted = <T extends { readonly weight: number }>(
  choices: readonly T[],
): ((dice: Dice) => T) => {
  const sums: number[] = [];
  let total = 0;
  for (const { weight } of choices) sums.push((total += weight));
  return (dice) => {
    const at = dice.next() * total;
    const index = sums.findIndex((sum) => at < sum);
    return choices[index < 0 ? choices.length - 1 : index] as T;
  };
};
