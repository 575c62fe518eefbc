import { noSubject } from '../ledger/subject-directory.ts';
import type { FullReason } from '../ledger/judge.ts';
import type { NeverReason, RowPlan } from '../policy/plan.ts';
import type { AuditDecision } from '../audit/entry.ts';

/** `SUBJECT_ACCESS`: a person was shown their own. */
export type LoggedReason = FullReason | NeverReason | 'OPEN' | 'SUBJECT_ACCESS';

const releasing: ReadonlySet<LoggedReason> = new Set<LoggedReason>([
  'OPEN',
  'SUBJECT_ACCESS',
  'CONTRACT',
  'LEGAL_OBLIGATION',
  'LEGITIMATE_INTEREST',
  'OPT_OUT',
  'CONSENTED',
]);

/** Sorted numbers as ranges: `1-5,9`; rows that concern nobody known end it as `?`. */
export const packRanges = (numbers: readonly number[]): string => {
  const sorted = Int32Array.from(numbers).sort();
  const ranges: string[] = [];
  let unknown = false;
  for (let i = 0; i < sorted.length;) {
    const from = sorted[i] ?? 0;
    let to = from;
    while (i < sorted.length && (sorted[i] ?? 0) <= to + 1) to = sorted[i++] ?? to;
    if (from === noSubject) {
      // -1 runs into 0, which is a subject.
      unknown = true;
      if (to >= 0) ranges.push(to === 0 ? '0' : `0-${to}`);
    } else ranges.push(from === to ? String(from) : `${from}-${to}`);
  }
  if (unknown) ranges.push('?');
  return ranges.join(',');
};

/**
 * Collects one operation's decisions: for each coordinate and reason the subjects. Sets of numbers,
 * never a line per cell, and no values.
 */
export class DecisionRecorder {
  /** By row plan, then decision, then reason. */
  readonly #sets = new Map<RowPlan, Map<LoggedReason, number[]>[]>();
  readonly #asked = new Set<number>();
  readonly #accesses = new Map<number, Set<string>>();

  /** Subjects whose say-so some decision turned on. */
  get asked(): ReadonlySet<number> {
    return this.#asked;
  }

  note(plan: RowPlan, decision: number, reason: LoggedReason, subject: number): void {
    this.#setOf(plan, decision, reason).push(subject);
  }

  /** A list that no row could join, so that none was read: whom it left out is not known. */
  noteClosed(plan: RowPlan): void {
    for (const { decision } of plan.gates) {
      const decided = plan.decisions[decision];
      if (decided?.kind === 'never') this.#setOf(plan, decision, decided.reason);
    }
  }

  /** A person was shown these fields of their own, whatever the purposes. */
  noteAccess(coordinates: readonly string[], subject: number): void {
    const known = this.#accesses.get(subject) ?? new Set<string>();
    this.#accesses.set(subject, known);
    for (const coordinate of coordinates) known.add(coordinate);
  }

  noteAsked(subject: number): void {
    this.#asked.add(subject);
  }

  #setOf(plan: RowPlan, decision: number, reason: LoggedReason): number[] {
    let byDecision = this.#sets.get(plan);
    if (byDecision === undefined) {
      byDecision = plan.decisions.map(() => new Map<LoggedReason, number[]>());
      this.#sets.set(plan, byDecision);
    }
    const byReason = byDecision[decision];
    if (!byReason) throw new Error('a decision that the plan does not have');
    const known = byReason.get(reason);
    if (known) return known;
    const subjects: number[] = [];
    byReason.set(reason, subjects);
    return subjects;
  }

  /** The decisions as the log keeps them: equal ones of several selections merged, in a fixed order. */
  entries(): readonly AuditDecision[] {
    const merged = new Map<
      string,
      { coordinates: readonly string[]; reason: LoggedReason; subjects: Set<number> }
    >();
    for (const [plan, byDecision] of this.#sets) {
      byDecision.forEach((byReason, i) => {
        const coordinates = [...(plan.decisions[i]?.coordinates ?? [])].sort();
        for (const [reason, subjects] of byReason) {
          const key = `${reason} ${coordinates.join(' ')}`;
          const known = merged.get(key) ?? { coordinates, reason, subjects: new Set<number>() };
          for (const subject of subjects) known.subjects.add(subject);
          merged.set(key, known);
        }
      });
    }
    for (const [subject, seen] of this.#accesses) {
      const coordinates = [...seen].sort();
      if (coordinates.length === 0) continue;
      const reason = 'SUBJECT_ACCESS';
      merged.set(`${reason} ${coordinates.join(' ')}`, {
        coordinates,
        reason,
        subjects: new Set([subject]),
      });
    }
    return [...merged]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { coordinates, reason, subjects }]) => ({
        coordinates,
        released: releasing.has(reason),
        reason,
        count: subjects.size,
        subjects: packRanges([...subjects]),
      }));
  }
}
