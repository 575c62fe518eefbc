import type { PackedDecision, PackedDecisions } from '../audit/entry.ts';
import { packRanges } from '../audit/number-ranges.ts';
import type { FullReason } from '../ledger/judge.ts';
import type { NeverReason, RowPlan } from '../policy/plan.ts';

/** `SUBJECT_ACCESS`: a person was shown their own. */
export type LoggedReason = FullReason | NeverReason | 'OPEN' | 'SUBJECT_ACCESS';

/** Rows whose decisions came out alike, up to one of them. */
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

/** Persons for whom the same lines hold. */
interface Group {
  readonly lines: readonly Line[];
  readonly subjects: readonly number[];
}

/** A group of groups: the persons that are in all of these and in no other. */
interface Atom {
  readonly groups: readonly number[];
  readonly subjects: number[];
}

/**
 * Parts groups into atoms, so that each person is in exactly one, however many selections of the
 * operation they were decided in.
 */
const atomsOf = (groups: readonly Group[]): readonly Atom[] => {
  const [only] = groups;
  if (groups.length === 1 && only) return [{ groups: [0], subjects: [...only.subjects] }];
  const atoms: Atom[] = [{ groups: [], subjects: [] }];
  const atomOf = new Map<number, number>();
  const steps = new Map<number, number>();
  for (const [number, { subjects }] of groups.entries()) {
    for (const subject of subjects) {
      const from = atomOf.get(subject) ?? 0;
      const known = atoms[from]?.groups ?? [];
      if (known.at(-1) === number) continue;
      const step = from * groups.length + number;
      let to = steps.get(step);
      if (to === undefined) {
        to = atoms.push({ groups: [...known, number], subjects: [] }) - 1;
        steps.set(step, to);
      }
      atomOf.set(subject, to);
    }
  }
  for (const [subject, atom] of atomOf) atoms[atom]?.subjects.push(subject);
  return atoms.filter(({ subjects }) => subjects.length > 0);
};

/** The lines of an operation while they are packed. */
class Packing {
  readonly #groups: Group[] = [];
  readonly #lines = new Map<string, Line>();

  line(reason: LoggedReason, coordinates: readonly string[]): Line {
    const key = `${reason} ${coordinates.join(' ')}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { reason, coordinates, sets: new Set() };
      this.#lines.set(key, line);
    }
    return line;
  }

  group(lines: readonly Line[], subjects: readonly number[]): void {
    // A selection may decide nothing that has a name, such as `__typename` alone.
    const named = lines.filter(({ coordinates }) => coordinates.length > 0);
    if (named.length > 0) this.#groups.push({ lines: named, subjects });
  }

  done(): PackedDecisions {
    const sets = atomsOf(this.#groups).map(({ groups, subjects }, set) => {
      for (const group of groups) {
        for (const line of this.#groups[group]?.lines ?? []) line.sets.add(set);
      }
      return packRanges(subjects);
    });
    const lines = [...this.#lines]
      .filter(([, { coordinates }]) => coordinates.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, line]) => line);
    const coordinates = [...new Set(lines.flatMap((line) => line.coordinates))].sort();
    const placeOf = new Map(coordinates.map((coordinate, i) => [coordinate, i]));
    const decisions = lines.map((line): PackedDecision => [
      line.reason,
      line.coordinates.map((field) => placeOf.get(field) ?? 0),
      [...line.sets],
    ]);
    return { coordinates, sets, decisions };
  }
}

/**
 * Collects one operation's decisions. A row is one step for each of its decisions and one number:
 * persons decided alike share their sets, there is no line per cell, and no values.
 */
export class DecisionRecorder {
  readonly #rows = new Map<RowPlan, Alike>();
  /** Rows of one selection come one after the other. */
  #lastPlan: RowPlan | undefined;
  #lastRoot: Alike | undefined;
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
    for (const reason of reasons) at = at.next.get(reason) ?? this.#grow(at, reason);
    if (at.subjects.at(-1) !== subject) at.subjects.push(subject);
  }

  /** A row that a gate hides: only the gates are decisions about it. */
  noteHidden(plan: RowPlan, reasons: readonly LoggedReason[], subject: number): void {
    let at = this.#rootOf(plan);
    for (let k = 0; k < reasons.length; k += 1) {
      const gate = plan.gates.some(({ decision }) => decision === k);
      const reason = gate ? reasons[k] : undefined;
      at = at.next.get(reason) ?? this.#grow(at, reason);
    }
    if (at.subjects.at(-1) !== subject) at.subjects.push(subject);
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
    if (plan === this.#lastPlan && this.#lastRoot !== undefined) return this.#lastRoot;
    const root = this.#rows.get(plan) ?? alike();
    this.#rows.set(plan, root);
    this.#lastPlan = plan;
    this.#lastRoot = root;
    return root;
  }

  #grow(at: Alike, reason: LoggedReason | undefined): Alike {
    const next = alike();
    at.next.set(reason, next);
    return next;
  }

  /** The decisions as the log keeps them: equal ones of several selections merged, in a fixed order. */
  packed(): PackedDecisions {
    const packing = new Packing();
    for (const [plan, root] of this.#rows) {
      const fields = plan.decisions.map(({ coordinates }) => [...coordinates].sort());
      const lines = fields.map(() => new Map<LoggedReason, Line>());
      const lineOf = (decision: number, reason: LoggedReason): Line => {
        const line = lines[decision]?.get(reason) ?? packing.line(reason, fields[decision] ?? []);
        lines[decision]?.set(reason, line);
        return line;
      };
      const walk = (at: Alike, depth: number, above: readonly Line[]): void => {
        if (at.subjects.length > 0) packing.group(above, at.subjects);
        for (const [reason, next] of at.next)
          walk(next, depth + 1, reason === undefined ? above : [...above, lineOf(depth, reason)]);
      };
      walk(root, 0, []);
    }
    for (const plan of this.#closed) {
      for (const { decision } of plan.gates) {
        const decided = plan.decisions[decision];
        if (decided?.kind === 'never')
          packing.line(decided.reason, [...decided.coordinates].sort());
      }
    }
    for (const [subject, seen] of this.#accesses)
      packing.group([packing.line('SUBJECT_ACCESS', [...seen].sort())], [subject]);
    return packing.done();
  }
}
