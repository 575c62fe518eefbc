/** A server keeps what was prepared until it is told otherwise, so it is told. */
const most = 128;

/** Names of the statements that one connection's server keeps, those used last at the end. */
export class PreparedNames {
  readonly #names = new Set<string>();
  readonly #most: number;

  constructor(limit = most) {
    this.#most = limit;
  }

  /** Whether the server keeps it; it is used then. */
  use(name: string): boolean {
    // While there is much room nobody asks in which order they were used.
    if (this.#names.size <= this.#most / 2) return this.#names.has(name);
    if (!this.#names.delete(name)) return false;
    this.#names.add(name);
    return true;
  }

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
  }

  /** Makes room for one more. @returns what the server has to be told to forget */
  makeRoom(): readonly string[] {
    const gone: string[] = [];
    for (const name of this.#names) {
      if (this.#names.size < this.#most) break;
      this.#names.delete(name);
      gone.push(name);
    }
    return gone;
  }

  forget(name: string): void {
    this.#names.delete(name);
  }

  /** The server forgot them, as after `DISCARD ALL`. */
  clear(): void {
    this.#names.clear();
  }
}
