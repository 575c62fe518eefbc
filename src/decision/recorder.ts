import type { PackedDecisions } from '../audit/entry.ts';
import type { RowPlan } from '../policy/plan.ts';
import type { LoggedReason, Profile } from './decided-rows.ts';
import { linesOf, loggedLine, type LoggedLine } from './logged-lines.ts';
import { packDecisions, type Group } from './pack-decisions.ts';

export type { LoggedReason };

/** Persons whose say-so decisions turned on, some perhaps given and counted more than once. */
export interface AskedSubjects extends Iterable<number> {
  readonly size: number;
}

/** Rows of one selection that were decided together. */
export interface NotedRows {
  readonly plan: RowPlan;
  readonly profiles: readonly Profile[];
  /** Persons, `noSubject` among them; several rows of one may be noted as one. */
  readonly subjects: Int32Array;
  /** For each of them the place in `profiles`. */
  readonly profileOf: Int32Array;
}

const asksAny = ({ decisions }: RowPlan): boolean => decisions.some(({ kind }) => kind === 'ask');

/** The lines of an operation while they are gathered, each once. */
class GatheredLines {
  readonly all: LoggedLine[] = [];
  readonly #places = new Map<string, number>();
  readonly #ofPlan = new Map<RowPlan, number[]>();

  placeOf(line: LoggedLine): number {
    let place = this.#places.get(line.key);
    if (place === undefined) {
      place = this.all.push(line) - 1;
      this.#places.set(line.key, place);
    }
    return place;
  }

  /** The places of all lines that a plan has come to so far, by its own numbers. */
  ofPlan(plan: RowPlan): readonly number[] {
    const places = this.#ofPlan.get(plan) ?? [];
    this.#ofPlan.set(plan, places);
    for (const line of linesOf(plan).from(places.length)) places.push(this.placeOf(line));
    return places;
  }
}

/**
 * Collects one operation's decisions. A row is two numbers, its person and its profile: persons
 * decided alike share their sets, there is no line per cell, and no values.
 */
export class DecisionRecorder {
  readonly #noted: NotedRows[] = [];
  readonly #closed = new Set<RowPlan>();
  /** Who was asked about although no row of theirs is recorded. */
  readonly #leftOut: number[] = [];
  readonly #accesses = new Map<number, Set<string>>();

  /** Subjects whose say-so some decision turned on. */
  get asked(): AskedSubjects {
    const lists: ArrayLike<number>[] = [this.#leftOut];
    for (const { plan, subjects } of this.#noted)
      if (asksAny(plan)) lists.push(subjects.filter((number) => number >= 0));
    return {
      size: lists.reduce((sum, { length }) => sum + length, 0),
      *[Symbol.iterator]() {
        for (const list of lists) for (let i = 0; i < list.length; i += 1) yield list[i] ?? -1;
      },
    };
  }

  /** Rows as they were decided. Of a profile that does not stay only the gates are decisions. */
  noteRows(rows: NotedRows): void {
    if (rows.subjects.length > 0) this.#noted.push(rows);
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
    const lines = new GatheredLines();
    const groups: Group[] = [];
    const most = this.#noted.reduce((sum, { subjects }) => sum + subjects.length, 0);
    const subjects = new Int32Array(most + this.#accesses.size);
    const groupOf = new Int32Array(most + this.#accesses.size);
    let length = 0;
    for (const { plan, profiles, subjects: persons, profileOf } of this.#noted) {
      const own = profiles.map((profile) => linesOf(plan).of(profile));
      const places = lines.ofPlan(plan);
      const first = groups.length;
      for (const numbers of own) groups.push({ own: numbers, places });
      for (let i = 0; i < persons.length; i += 1) {
        const profile = profileOf[i] ?? 0;
        // Nothing that has a name was decided.
        if (own[profile]?.length === 0) continue;
        subjects[length] = persons[i] ?? -1;
        groupOf[length] = first + profile;
        length += 1;
      }
    }
    for (const [subject, seen] of this.#accesses) {
      if (seen.size === 0) continue;
      const place = lines.placeOf(loggedLine('SUBJECT_ACCESS', [...seen]));
      subjects[length] = subject;
      groupOf[length] = groups.push({ own: [0], places: [place] }) - 1;
      length += 1;
    }
    return packDecisions({
      ...{ lines: lines.all, closed: this.#closedLines(lines), groups },
      ...{ subjects: subjects.subarray(0, length), groupOf: groupOf.subarray(0, length) },
    });
  }

  #closedLines(lines: GatheredLines): ReadonlySet<number> {
    const closed = new Set<number>();
    for (const { gates, decisions } of this.#closed) {
      for (const { decision } of gates) {
        const decided = decisions[decision];
        if (decided?.kind === 'never' && decided.coordinates.length > 0)
          closed.add(lines.placeOf(loggedLine(decided.reason, decided.coordinates)));
      }
    }
    return closed;
  }
}
