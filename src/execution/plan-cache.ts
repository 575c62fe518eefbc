/** Something kept: its weight grows while it is used, since plans are made as far as they are reached. */
interface Entry<Value> {
  readonly value: Value;
  weight: number;
  /** Undefined once it was put out. */
  home: { readonly of: Map<string, Entry<Value>>; readonly key: string } | undefined;
}

/** The part of the cache that one entry may fill; one larger is used and not kept. */
const largestShare = 1 / 4;

/**
 * Values found by an object (held weakly) and a key, of a bounded weight in sum: the one longest
 * unused goes out first.
 */
export class PlanCache<Owner extends WeakKey, Value extends object> {
  readonly #maxWeight: number;
  readonly #homes = new WeakMap<Owner, Map<string, Entry<Value>>>();
  /** In order of last use. */
  readonly #kept = new Set<Entry<Value>>();
  readonly #entries = new WeakMap<Value, Entry<Value>>();
  #weight = 0;

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  /** Of everything kept. */
  get weight(): number {
    return this.#weight;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(owner: Owner, key: string): Value | undefined {
    const entry = this.#homes.get(owner)?.get(key);
    if (!entry) return undefined;
    this.#kept.delete(entry);
    this.#kept.add(entry);
    return entry.value;
  }

  set(owner: Owner, key: string, value: Value, weight: number): void {
    const of = this.#homes.get(owner) ?? new Map<string, Entry<Value>>();
    this.#homes.set(owner, of);
    const earlier = of.get(key);
    if (earlier) this.#putOut(earlier);
    const entry: Entry<Value> = { value, weight: 0, home: { of, key } };
    of.set(key, entry);
    this.#kept.add(entry);
    this.#entries.set(value, entry);
    // A key weighs too: a client can declare many variables.
    this.grow(value, 1 + key.length + weight);
  }

  /** A value weighs more than it did; of one that is not kept nobody keeps count. */
  grow(value: Value, by: number): void {
    const entry = this.#entries.get(value);
    if (!entry?.home) return;
    entry.weight += by;
    this.#weight += by;
    if (entry.weight > this.#maxWeight * largestShare) this.#putOut(entry);
    if (this.#weight <= this.#maxWeight) return;
    for (const oldest of this.#kept) {
      if (this.#weight <= this.#maxWeight) break;
      this.#putOut(oldest);
    }
  }

  #putOut(entry: Entry<Value>): void {
    entry.home?.of.delete(entry.home.key);
    entry.home = undefined;
    this.#kept.delete(entry);
    this.#weight -= entry.weight;
  }
}
