import type { PackedDecisions } from '../audit/entry.ts';
import type { RowPlan } from '../policy/plan.ts';
import type { LoggedReason, Profile } from './decided-rows.ts';
import { GatheredRows } from './gathered-rows.ts';
import { packDecisions } from './pack-decisions.ts';
import { openSaidBook } from './said-book.ts';

export type { LoggedReason };

/** Persons, some perhaps given and counted more than once. */
export interface NotedSubjects extends Iterable<number> {
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
  /** How many of both there are; what lies behind them is nobody's. */
  readonly count: number;
}

const asksAny = ({ decisions }: RowPlan): boolean => decisions.some(({ kind }) => kind === 'ask');

/** A list of persons, `noSubject` among them, of which so many count. */
interface Listed {
  readonly list: ArrayLike<number>;
  readonly count: number;
}

/** Lists of persons that are looked at only when somebody is looked for. */
class Noted implements NotedSubjects {
  readonly #lists: readonly Listed[];

  constructor(lists: readonly Listed[]) {
    this.#lists = lists;
  }

  get size(): number {
    let size = 0;
    for (const { list, count } of this.#lists)
      for (let i = 0; i < count; i += 1) if ((list[i] ?? -1) >= 0) size += 1;
    return size;
  }

  *[Symbol.iterator](): Generator<number> {
    for (const { list, count } of this.#lists)
      for (let i = 0; i < count; i += 1) {
        const number = list[i] ?? -1;
        if (number >= 0) yield number;
      }
  }
}

const whole = (list: readonly number[]): Listed => ({ list, count: list.length });

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
  get asked(): NotedSubjects {
    const lists: Listed[] = [whole(this.#leftOut)];
    for (const { plan, subjects, count } of this.#noted)
      if (asksAny(plan)) lists.push({ list: subjects, count });
    return new Noted(lists);
  }

  /** The same and whoever else is recorded, whatever it was decided by. */
  get concerned(): NotedSubjects {
    const lists: Listed[] = [whole(this.#leftOut), whole([...this.#accesses.keys()])];
    for (const { subjects, count } of this.#noted) lists.push({ list: subjects, count });
    return new Noted(lists);
  }

  /** Rows as they were decided. Of a profile that does not stay only the gates are decisions. */
  noteRows(rows: NotedRows): void {
    if (rows.count > 0) this.#noted.push(rows);
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
    const book = openSaidBook();
    let most = this.#accesses.size;
    for (const { count } of this.#noted) most += count;
    const rows = new GatheredRows(book, most);
    for (const { plan, profiles, subjects, profileOf, count } of this.#noted) {
      const said = profiles.map((profile) => book.ofRows(plan, profile));
      rows.add(subjects, profileOf, count, said);
    }
    for (const [subject, seen] of this.#accesses)
      rows.add([subject], [0], 1, [book.ofAccess([...seen])]);
    return packDecisions({ book, rows: rows.all, closed: book.ofClosed(this.#closed) });
  }
}
