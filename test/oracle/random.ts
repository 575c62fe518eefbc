/** A source of random choices that says the same again for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0 and below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of these; there must be one. */
  of<T>(choices: readonly T[]): T {
    const chosen = choices[this.between(0, choices.length - 1)];
    if (choices.length === 0) throw new Error('there is nothing to choose from');
    return chosen as T;
  }

  /** One of these, each as often as its weight says. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T {
    const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.next() * total;
    for (const [choice, weight] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return this.of(choices)[0];
  }

  /** That many of these, or all, each once, in their order. */
  some<T>(choices: readonly T[], count: number): readonly T[] {
    const left = choices.map((_, i) => i);
    const taken = new Set<number>();
    while (taken.size < count && left.length > 0)
      taken.add(left.splice(this.between(0, left.length - 1), 1)[0] ?? 0);
    return choices.filter((_, i) => taken.has(i));
  }
}
