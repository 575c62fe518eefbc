import type { Finding } from './log-source.ts';

/** More than anybody reads; the rest is counted. */
const mostKept = 100;

/** What was found, in little memory however much it is. */
export class Findings {
  readonly #kept: Finding[] = [];
  #first: Finding | undefined;
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.#kept.length < mostKept) this.#kept.push(finding);
    this.#lead(finding);
  }

  addAll(...others: readonly Findings[]): void {
    for (const other of others) {
      for (const finding of other.#kept) this.add(finding);
      // Those that were only counted.
      this.count += other.count - other.#kept.length;
      if (other.#first) this.#lead(other.#first);
    }
  }

  #lead(finding: Finding): void {
    if ((finding.index ?? Infinity) < (this.#first?.index ?? Infinity)) this.#first = finding;
  }

  /** The one that is earliest in the log. */
  get first(): Finding | undefined {
    return this.#first;
  }

  /** By place in the log; those that have none come first. */
  get all(): readonly Finding[] {
    return this.#kept.toSorted((a, b) => (a.index ?? -1) - (b.index ?? -1));
  }
}
