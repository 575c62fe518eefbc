/** A server keeps what was prepared until it is told otherwise, so it is told. */
const most = 128;

/**
 * Names of the statements that one connection's server keeps, those used last at the end, and how many
 * bytes of rows the last answer to each had.
 */
export class PreparedNames {
  readonly #names = new Map<string, number>();
  readonly #most: number;

  constructor(limit = most) {
    this.#most = limit;
  }

  /** Whether the server keeps it; it is used then. */
  use(name: string): boolean {
    // While there is much room nobody asks in which order they were used.
    if (this.#names.size <= this.#most / 2) return this.#names.has(name);
    const length = this.#names.get(name);
    if (length === undefined) return false;
    this.#names.delete(name);
    this.#names.set(name, length);
    return true;
  }

  add(name: string): void {
    this.#names.delete(name);
    this.#names.set(name, 0);
  }

  /** Bytes of rows that the next answer to it may have; 0 where that is not known. */
  expected(name: string): number {
    return this.#names.get(name) ?? 0;
  }

  expect(name: string, length: number): void {
    if (this.#names.has(name)) this.#names.set(name, length);
  }

  /** Makes room for one more. @returns what the server has to be told to forget */
  makeRoom(): readonly string[] {
    const gone: string[] = [];
    for (const name of this.#names.keys()) {
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
