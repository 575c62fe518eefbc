import { int32s } from '../core/slab.ts';
import type { ConsentSnapshot, LedgerView } from '../ledger/consent-snapshot.ts';
import { noSubject, type SubjectDirectory } from '../ledger/subject-directory.ts';
import type { RowPlan } from '../policy/plan.ts';
import type { DecidedRows, Profile } from './decided-rows.ts';
import type { DecisionRecorder } from './recorder.ts';
import type { ProfileTree } from './profile-tree.ts';
import { deciderOf, type RowDecider, type Tables } from './row-decider.ts';

/** Say-so moved for a subject of this operation while it ran: decide again from a newer head. */
export class ConsentMoved extends Error {
  constructor() {
    super('say-so changed while the operation ran');
    this.name = 'ConsentMoved';
  }
}

/** What one operation decides by. */
export interface DecisionContext {
  readonly subjects: SubjectDirectory;
  readonly snapshot: ConsentSnapshot;
  readonly view: LedgerView;
  /** The request carries the Global Privacy Control signal. */
  readonly gpc?: boolean | undefined;
  readonly recorder: DecisionRecorder;
  /** Told of a failure to decide: the operation as a whole must not be answered then. */
  readonly onFault: (error: unknown) => void;
}

/** Rows whose type concerns persons. */
interface Rows {
  readonly plan: RowPlan;
  readonly subjects: ArrayLike<number>;
  readonly count: number;
  readonly places: readonly unknown[] | undefined;
}

/** A batch of rows while it is decided: run by run, for rows of one person follow each other. */
class Batch {
  /** Those that it met, in the order of their first rows. */
  readonly profiles: Profile[] = [];
  runs = 0;
  // By run: its first row, its person, and the place of its profile (before: where its say-so is).
  readonly starts: Int32Array;
  readonly subjects: Int32Array;
  readonly placeOf: Int32Array;
  readonly #rows: Rows;
  readonly #c: DecisionContext;
  readonly #decider: RowDecider;
  readonly #tree: ProfileTree;
  /** Profile of the tree → place in `profiles` + 1. */
  readonly #places: Int32Array;
  #nobody = -1;
  #settled = -1;
  readonly #met = new Map<unknown, Tables>();

  constructor(rows: Rows, c: DecisionContext) {
    const { plan, count } = rows;
    this.starts = int32s(count + 1);
    this.subjects = int32s(count);
    this.placeOf = int32s(count);
    this.#rows = rows;
    this.#c = c;
    this.#decider = deciderOf(plan, c.gpc === true);
    this.#tree = this.#decider.begin();
    // No row makes more than one.
    this.#places = int32s(this.#tree.size + count);
    this.#findRuns();
  }

  /**
   * Finds the profile of each run, and does nothing else that anybody could see.
   * @returns false when somebody is not in memory, or not as of the view
   */
  decide(): boolean {
    const { runs, subjects, starts, placeOf } = this;
    const { places } = this.#rows;
    const { snapshot, view } = this.#c;
    const decider = this.#decider;
    const said = decider.asksAny ? snapshot.said : undefined;
    if (said && !snapshot.locate(subjects, runs, view, placeOf)) return false;
    for (let run = 0; run < runs; run += 1) {
      if ((subjects[run] ?? noSubject) < 0) placeOf[run] = this.#nobodysPlace();
      else if (said === undefined) placeOf[run] = this.#settledPlace();
      else {
        const tables = decider.tablesAt(places?.[starts[run] ?? 0], this.#met);
        placeOf[run] = this.#placeFor(decider.decide(said, placeOf[run] ?? 0, tables, view.now));
      }
    }
    return true;
  }

  #findRuns(): void {
    const { starts, subjects: persons } = this;
    const { subjects, places, count } = this.#rows;
    let runs = 0;
    let lastSubject = noSubject;
    let lastLives: unknown;
    for (let i = 0; i < count; i += 1) {
      const number = subjects[i] ?? noSubject;
      const subject = number >= 0 ? number : noSubject;
      const lives = places?.[i];
      if (runs > 0 && subject === lastSubject && lives === lastLives) continue;
      starts[runs] = i;
      persons[runs] = subject;
      runs += 1;
      lastSubject = subject;
      lastLives = lives;
    }
    starts[runs] = count;
    this.runs = runs;
  }

  #nobodysPlace(): number {
    if (this.#nobody < 0) this.#nobody = this.profiles.push(this.#decider.nobody) - 1;
    return this.#nobody;
  }

  #settledPlace(): number {
    if (this.#settled < 0) this.#settled = this.profiles.push(this.#decider.settled) - 1;
    return this.#settled;
  }

  /** The place of a profile of the tree. */
  #placeFor(number: number): number {
    const known = this.#places[number] ?? 0;
    if (known > 0) return known - 1;
    const place = this.profiles.push(this.#tree.profile(number)) - 1;
    this.#places[number] = place + 1;
    return place;
  }
}

/** Notes what was decided; for each row the place of its profile, or -1 where it is not shown. */
const record = (
  { plan, count }: Rows,
  { profiles, runs, starts, subjects, placeOf }: Batch,
  { recorder }: DecisionContext,
  wanted: ((index: number) => boolean) | undefined,
): Int32Array => {
  const asksAny = plan.decisions.some(({ kind }) => kind === 'ask');
  // By a loop: `Uint8Array.from` takes longer than all else here where there are few rows.
  const stays = new Uint8Array(profiles.length);
  for (let place = 0; place < profiles.length; place += 1)
    stays[place] = profiles[place]?.stays === true ? 1 : 0;
  const profileOf = int32s(count).fill(-1);
  let noted = 0;
  for (let run = 0; run < runs; run += 1) {
    const place = placeOf[run] ?? -1;
    const subject = subjects[run] ?? noSubject;
    const isShown = stays[place] === 1;
    const end = starts[run + 1] ?? 0;
    let isNoted = !isShown;
    for (let i = starts[run] ?? 0; isShown && i < end; i += 1) {
      if (wanted === undefined || wanted(i)) {
        profileOf[i] = place;
        isNoted = true;
      } else if (asksAny && subject >= 0) recorder.noteAsked(subject);
    }
    if (!isNoted) continue;
    // Runs that are not noted give their place to those behind them.
    subjects[noted] = subject;
    placeOf[noted] = place;
    noted += 1;
  }
  recorder.noteRows({ plan, profiles, subjects, profileOf: placeOf, count: noted });
  return profileOf;
};

const plainRows = (
  plan: RowPlan,
  count: number,
  wanted: ((index: number) => boolean) | undefined,
): DecidedRows => {
  const profileOf = int32s(count);
  for (let i = 0; wanted && i < count; i += 1) if (!wanted(i)) profileOf[i] = -1;
  return { profiles: [deciderOf(plan, false).plain], profileOf };
};

/**
 * Decides a batch of rows, each once, and records what was decided. What persons said is brought
 * into memory first where it is not there.
 *
 * @param subjects numbers of the rows' persons; `noSubject` for nobody known
 * @param count how many rows; as many of `subjects` are read
 * @param places where each row's person lives, when some decision turns on it
 * @param wanted asked in order for each row that may be shown; one that it leaves out was decided
 *   on but goes nowhere, so nothing is recorded of it
 * @returns at once where all of them are in memory
 * @throws ConsentMoved when somebody's say-so is newer than the view
 * @throws LedgerError when the ledger does not answer
 */
export const decideRows = (
  plan: RowPlan,
  subjects: ArrayLike<number>,
  count: number,
  places: readonly unknown[] | undefined,
  c: DecisionContext,
  wanted?: (index: number) => boolean,
): DecidedRows | Promise<DecidedRows> => {
  if (!plan.read.subject) return plainRows(plan, count, wanted);
  const rows: Rows = { plan, subjects, count, places };
  const batch = new Batch(rows, c);
  // Mostly all are there: looking and deciding then are one.
  return batch.decide() ? recorded(rows, batch, c, wanted) : decideLoaded(rows, c, wanted);
};

const decideLoaded = async (
  rows: Rows,
  c: DecisionContext,
  wanted: ((index: number) => boolean) | undefined,
): Promise<DecidedRows> => {
  if (!(await c.snapshot.ensure(rows.subjects, c.view))) throw new ConsentMoved();
  // Between its promise and this line others may have had a turn, so each is asked for once more.
  const batch = new Batch(rows, c);
  if (!batch.decide()) throw new ConsentMoved();
  return recorded(rows, batch, c, wanted);
};

const recorded = (
  rows: Rows,
  batch: Batch,
  c: DecisionContext,
  wanted: ((index: number) => boolean) | undefined,
): DecidedRows => ({
  profiles: batch.profiles,
  profileOf: record(rows, batch, c, wanted),
});
