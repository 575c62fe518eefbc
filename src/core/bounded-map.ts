interface Kept<Value> {
  readonly value: Value;
  readonly weight: number;
}

/**
 * A map that holds no more than a total weight: what was longest not asked for goes first. One value
 * of more than a twentieth of all is not kept, as it would push out too many others.
 */
export class BoundedMap<Key, Value> {
  readonly #most: number;
  /** In order of last use. */
  readonly #kept = new Map<Key, Kept<Value>>();
  /** The last of them, mostly asked for again; or one that is gone. */
  #newest: Kept<Value> | undefined;
  #weight = 0;

  constructor(mostWeight: number) {
    this.#most = mostWeight;
  }

  get weight(): number {
    return this.#weight;
  }

  has(key: Key): boolean {
    return this.#kept.has(key);
  }

  get(key: Key): Value | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept !== this.#newest) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      this.#newest = kept;
    }
    return kept.value;
  }

  set(key: Key, value: Value, weight: number): void {
    this.delete(key);
    if (weight > this.#most / 20) return;
    const kept = { value, weight };
    this.#kept.set(key, kept);
    this.#newest = kept;
    this.#weight += weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#most) return;
      this.delete(oldest);
    }
  }

  delete(key: Key): boolean {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    return this.#kept.delete(key);
  }
}
