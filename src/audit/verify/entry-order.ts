import type { LoggedEntry } from '../entry.ts';

/** Ids of so many entries back are remembered: doubled ones come of trying again, within seconds. */
export const idWindow = 65_536;
/** Clocks are set, and processes take turns. */
const toleranceMs = 60_000;

/** What cannot be said of one entry alone: ids, parts and times, in the order of the log. */
export class EntryOrder {
  readonly #seen = new Map<string, number>();
  #newest: Date | undefined;
  #before: LoggedEntry | undefined;
  /** How often an entry was much older than one before it, and where first. */
  back: { readonly index: number; readonly count: number } | undefined;
  first: Date | undefined;

  get last(): Date | undefined {
    return this.#newest;
  }

  /** After something that could not be read. */
  skip(): void {
    this.#before = undefined;
  }

  add(entry: LoggedEntry, index: number): readonly string[] {
    const wrong = [...this.#checkId(entry, index), ...this.#checkPart(entry)];
    this.#before = entry;
    this.first ??= entry.at;
    if (this.#newest && this.#newest.getTime() - entry.at.getTime() > toleranceMs)
      this.back = { index: this.back?.index ?? index, count: (this.back?.count ?? 0) + 1 };
    if (!this.#newest || entry.at > this.#newest) this.#newest = entry.at;
    return wrong;
  }

  #checkId({ id, part = 0 }: LoggedEntry, index: number): readonly string[] {
    const key = `${id} ${part}`;
    const earlier = this.#seen.get(key);
    this.#seen.delete(key);
    this.#seen.set(key, index);
    if (this.#seen.size > idWindow) {
      const [oldest = ''] = this.#seen.keys();
      this.#seen.delete(oldest);
    }
    return earlier === undefined ? [] : [`it has the id and part of entry ${earlier}`];
  }

  #checkPart({ id, part, parts }: LoggedEntry): readonly string[] {
    const before = this.#before;
    if (before === undefined) return [];
    const { part: earlier = 0, parts: all = 0 } = before;
    if (earlier < all && (before.id !== id || part !== earlier + 1 || parts !== all))
      return [`it is not part ${earlier + 1} of ${all} of the operation before it`];
    if (part !== undefined && part !== 1 && (before.id !== id || part !== earlier + 1))
      return [`it is part ${part} of an operation, and part ${part - 1} is not before it`];
    return [];
  }
}
