interface Entry<Value> {
  readonly owner: string;
  readonly value: Value;
  readonly weight: number;
}

interface Share<Key> {
  weight: number;
  /** The one used longest ago first. */
  readonly keys: Set<Key>;
  /** The last of them, mostly asked for again. */
  newest: Key;
}

/**
 * A cache that several share: when it is full, whoever has most in it loses what they have not used
 * for longest. So one client with ever new things pushes out its own.
 */
export class FairCache<Key, Value> {
  readonly #most: number;
  readonly #onDropped: (key: Key, value: Value) => void;
  readonly #entries = new Map<Key, Entry<Value>>();
  readonly #shares = new Map<string, Share<Key>>();
  #weight = 0;

  /** @param most weight of all entries together; what is heavier than a twentieth is not kept */
  constructor(most: number, onDropped: (key: Key, value: Value) => void = () => undefined) {
    this.#most = most;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const share = this.#shares.get(entry.owner);
    if (share && share.newest !== key) {
      share.keys.delete(key);
      share.keys.add(key);
      share.newest = key;
    }
    return entry.value;
  }

  /** @returns whether it is kept */
  set(owner: string, key: Key, value: Value, weight: number): boolean {
    this.#take(key);
    // It would push out too many others, were they the owner's own.
    if (!(weight <= this.#most / 20)) return false;
    const share = this.#shares.get(owner) ?? { weight: 0, keys: new Set<Key>(), newest: key };
    this.#shares.set(owner, share);
    share.keys.add(key);
    share.newest = key;
    share.weight += weight;
    this.#weight += weight;
    this.#entries.set(key, { owner, value, weight });
    while (this.#weight > this.#most) this.#drop();
    return this.#entries.has(key);
  }

  delete(key: Key): boolean {
    return this.#take(key) !== undefined;
  }

  #take(key: Key): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    const share = this.#shares.get(entry.owner);
    if (!share) return entry;
    share.keys.delete(key);
    share.weight -= entry.weight;
    if (share.keys.size === 0) this.#shares.delete(entry.owner);
    return entry;
  }

  #drop(): void {
    let heaviest: Share<Key> | undefined;
    for (const share of this.#shares.values())
      if (!heaviest || share.weight > heaviest.weight) heaviest = share;
    for (const key of heaviest?.keys ?? []) {
      const entry = this.#take(key);
      if (entry) this.#onDropped(key, entry.value);
      return;
    }
  }
}
