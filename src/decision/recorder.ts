import type { PackedDecisions } from '../audit/entry.ts';
import type { RowPlan } from '../policy/plan.ts';
import type { LoggedReason, Profile } from './decided-rows.ts';
import { linesOf, loggedLine, type LoggedLine } from './logged-lines.ts';
import { packDecisions, type Group } from './pack-decisions.ts';
import { SubjectList } from './subject-list.ts';

export type { LoggedReason };

/** Persons whose say-so decisions turned on, each given once. */
export interface AskedSubjects extends Iterable<number> {
  /** 0 for nobody; no less than there are, for some may be counted more than once. */
  readonly size: number;
}

const asksAny = ({ decisions }: RowPlan): boolean => decisions.some(({ kind }) => kind === 'ask');

/** The lines of an operation, equal ones of several selections once. */
class Lines {
  readonly all: LoggedLine[] = [];
  readonly #places = new Map<string, number>();

  placeOf(line: LoggedLine): number {
    let place = this.#places.get(line.key);
    if (place === undefined) {
      place = this.all.push(line) - 1;
      this.#places.set(line.key, place);
    }
    return place;
  }
}

/**
 * Collects one operation's decisions. A row is one number in the list of its profile: persons
 * decided alike share their sets, there is no line per cell, and no values.
 */
export class DecisionRecorder {
  readonly #rows = new Map<RowPlan, Map<Profile, SubjectList>>();
  readonly #closed = new Set<RowPlan>();
  /** Who was asked about although no row of theirs is recorded. */
  readonly #leftOut = new SubjectList();
  readonly #accesses = new Map<number, Set<string>>();

  /** Subjects whose say-so some decision turned on. */
  get asked(): AskedSubjects {
    const lists = [this.#leftOut.numbers];
    for (const [plan, byProfile] of this.#rows)
      if (asksAny(plan)) for (const { numbers } of byProfile.values()) lists.push(numbers);
    const known = lists.map((numbers) => numbers.filter((number) => number >= 0));
    return {
      size: known.reduce((sum, { length }) => sum + length, 0),
      [Symbol.iterator]: () => new Set(known.flatMap((numbers) => [...numbers])).values(),
    };
  }

  /**
   * The list that rows of one profile are recorded in, by their subjects. Of rows that do not stay
   * only the gates are decisions.
   */
  listOf(plan: RowPlan, profile: Profile): SubjectList {
    let byProfile = this.#rows.get(plan);
    if (byProfile === undefined) {
      byProfile = new Map<Profile, SubjectList>();
      this.#rows.set(plan, byProfile);
    }
    let list = byProfile.get(profile);
    if (list === undefined) {
      list = new SubjectList();
      byProfile.set(profile, list);
    }
    return list;
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

  /** A person was decided on, but nothing of it is recorded. */
  noteAsked(subject: number): void {
    this.#leftOut.push(subject);
  }

  /** The decisions as the log keeps them: equal ones of several selections merged, in a fixed order. */
  packed(): PackedDecisions {
    const lines = new Lines();
    const groups: Group[] = [];
    for (const [plan, byProfile] of this.#rows) {
      const own = linesOf(plan);
      const places: number[] = [];
      for (const [profile, { numbers }] of byProfile) {
        const said = own.of(profile);
        while (places.length < own.lines.length) places.push(-1);
        const here = said.map((line) => {
          const known = places[line] ?? -1;
          const logged = own.lines[line];
          if (known >= 0 || !logged) return known;
          return (places[line] = lines.placeOf(logged));
        });
        if (here.length > 0) groups.push({ lines: here, subjects: numbers });
      }
    }
    for (const plan of this.#closed) {
      for (const { decision } of plan.gates) {
        const decided = plan.decisions[decision];
        if (decided?.kind === 'never' && decided.coordinates.length > 0)
          lines.placeOf(loggedLine(decided.reason, decided.coordinates));
      }
    }
    for (const [subject, seen] of this.#accesses) {
      if (seen.size === 0) continue;
      const line = lines.placeOf(loggedLine('SUBJECT_ACCESS', [...seen]));
      groups.push({ lines: [line], subjects: Int32Array.of(subject) });
    }
    return packDecisions(lines.all, groups);
  }
}
