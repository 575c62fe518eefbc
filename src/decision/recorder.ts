import type { PackedDecision, PackedDecisions } from '../audit/entry.ts';
import { packRanges } from '../audit/number-ranges.ts';
import type { FullReason } from '../ledger/judge.ts';
import type { NeverReason, RowPlan } from '../policy/plan.ts';

/** `SUBJECT_ACCESS`: a person was shown their own. */
export type LoggedReason = FullReason | NeverReason | 'OPEN' | 'SUBJECT_ACCESS';

/** Persons for whom the decisions of a row came out alike, up to one of them. */
interface Alike {
  readonly next: Map<LoggedReason | undefined, Alike>;
  readonly subjects: number[];
}

const alike = (): Alike => ({ next: new Map(), subjects: [] });

/** What the log says of one list of fields and one reason. */
interface Line {
  readonly reason: LoggedReason;
  readonly coordinates: readonly string[];
  readonly sets: Set<number>;
}

/** The lines of an operation while they are packed. */
class Packing {
  readonly #sets = new Map<string, number>();
  readonly #lines = new Map<string, Line>();

  /** @param subjects ranges; `undefined` where it is not known whom it concerns */
  add(reason: LoggedReason, coordinates: readonly string[], subjects: string | undefined): void {
    if (coordinates.length === 0) return;
    const key = `${reason} ${coordinates.join(' ')}`;
    const line = this.#lines.get(key) ?? { reason, coordinates, sets: new Set<number>() };
    this.#lines.set(key, line);
    if (subjects === undefined) return;
    const known = this.#sets.get(subjects) ?? this.#sets.size;
    this.#sets.set(subjects, known);
    line.sets.add(known);
  }

  done(): PackedDecisions {
    const lines = [...this.#lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
    const coordinates = [...new Set(lines.flatMap((line) => line.coordinates))].sort();
    const placeOf = new Map(coordinates.map((coordinate, i) => [coordinate, i]));
    const decisions = lines.map(({ reason, coordinates: fields, sets }): PackedDecision => [
      reason,
      fields.map((field) => placeOf.get(field) ?? 0),
      [...sets].sort((a, b) => a - b),
    ]);
    return { coordinates, sets: [...this.#sets.keys()], decisions };
  }
}

/**
 * Collects one operation's decisions. A row is one step for each of its decisions and one number:
 * persons decided alike share their sets, there is no line per cell, and no values.
 */
export class DecisionRecorder {
  readonly #rows = new Map<RowPlan, Alike>();
  readonly #closed = new Set<RowPlan>();
  readonly #asked = new Set<number>();
  readonly #accesses = new Map<number, Set<string>>();

  /** Subjects whose say-so some decision turned on. */
  get asked(): ReadonlySet<number> {
    return this.#asked;
  }

  /**
   * A row that is shown.
   *
   * @param reasons of the plan's decisions, in their order; not kept
   */
  noteRow(plan: RowPlan, reasons: readonly LoggedReason[], subject: number): void {
    let at = this.#rootOf(plan);
    for (const reason of reasons) at = this.#step(at, reason);
    at.subjects.push(subject);
  }

  /** A row that a gate hides: only the gates are decisions about it. */
  noteHidden(plan: RowPlan, reasons: readonly LoggedReason[], subject: number): void {
    let at = this.#rootOf(plan);
    for (let k = 0; k < reasons.length; k += 1) {
      const gate = plan.gates.some(({ decision }) => decision === k);
      at = this.#step(at, gate ? reasons[k] : undefined);
    }
    at.subjects.push(subject);
  }

  /** A list that no row could join, so that none was read: whom it left out is not known. */
  noteClosed(plan: RowPlan): void {
    this.#closed.add(plan);
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

  #rootOf(plan: RowPlan): Alike {
    let root = this.#rows.get(plan);
    if (root === undefined) {
      root = alike();
      this.#rows.set(plan, root);
    }
    return root;
  }

  #step(at: Alike, reason: LoggedReason | undefined): Alike {
    let next = at.next.get(reason);
    if (next === undefined) {
      next = alike();
      at.next.set(reason, next);
    }
    return next;
  }

  /** The decisions as the log keeps them: equal ones of several selections merged, in a fixed order. */
  packed(): PackedDecisions {
    const packing = new Packing();
    for (const [plan, root] of this.#rows) {
      const fields = plan.decisions.map(({ coordinates }) => [...coordinates].sort());
      const walk = (at: Alike, reasons: readonly (LoggedReason | undefined)[]): void => {
        for (const [reason, next] of at.next) walk(next, [...reasons, reason]);
        if (at.subjects.length === 0) return;
        const subjects = packRanges(at.subjects);
        reasons.forEach((reason, k) => {
          if (reason !== undefined) packing.add(reason, fields[k] ?? [], subjects);
        });
      };
      walk(root, []);
    }
    for (const plan of this.#closed) {
      for (const { decision } of plan.gates) {
        const decided = plan.decisions[decision];
        if (decided?.kind === 'never')
          packing.add(decided.reason, [...decided.coordinates].sort(), undefined);
      }
    }
    for (const [subject, seen] of this.#accesses)
      packing.add('SUBJECT_ACCESS', [...seen].sort(), packRanges([subject]));
    return packing.done();
  }
}
