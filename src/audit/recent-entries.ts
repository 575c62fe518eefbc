import type { AuditEntry } from './entry.ts';

/** An entry that was just made durable, whole in one place. */
export interface WrittenEntry {
  readonly log: number;
  readonly index: number;
  readonly at: Date;
  readonly entry: AuditEntry;
}

/** Characters of sets kept; with what stands around them some ten megabytes. */
const mostWeight = 8_000_000;
/** What an entry weighs besides its sets. */
const baseWeight = 500;

const weightOf = ({ entry }: WrittenEntry): number =>
  entry.kind === 'operation'
    ? entry.sets.reduce((sum, set) => sum + set.length, baseWeight)
    : baseWeight;

/**
 * Entries that this process wrote itself and that are not indexed yet: it need not read them back.
 * Bounded; what is not here is read from the log.
 */
export class RecentEntries {
  readonly #entries = new Map<number, WrittenEntry>();
  #log: number | undefined;
  #weight = 0;

  add(written: WrittenEntry): void {
    if (written.log !== this.#log || this.#weight > mostWeight) this.clear();
    this.#log = written.log;
    this.#entries.set(written.index, written);
    this.#weight += weightOf(written);
  }

  /** Whether entries of this log were added last: it is the one that this process writes. */
  isOf(log: number): boolean {
    return log === this.#log;
  }

  /** Those from a place on without a gap, before `end`. */
  from(log: number, start: number, end: number): readonly WrittenEntry[] {
    if (log !== this.#log) return [];
    const found: WrittenEntry[] = [];
    for (let index = start; index < end; index += 1) {
      const written = this.#entries.get(index);
      if (written === undefined) break;
      found.push(written);
    }
    return found;
  }

  /** They are indexed, or somebody else has indexed further. */
  dropBefore(log: number, place: number): void {
    if (log !== this.#log) return;
    for (const [index, written] of this.#entries) {
      if (index >= place) continue;
      this.#entries.delete(index);
      this.#weight -= weightOf(written);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }
}
