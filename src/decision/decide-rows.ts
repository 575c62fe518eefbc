import type { SaidPage } from '../ledger/consent-pages.ts';
import type { ConsentSnapshot, LedgerView } from '../ledger/consent-snapshot.ts';
import { noSubject, type SubjectDirectory } from '../ledger/subject-directory.ts';
import type { RowPlan } from '../policy/plan.ts';
import type { DecidedRows, Profile } from './decided-rows.ts';
import type { DecisionRecorder } from './recorder.ts';
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

/**
 * Brings what persons said into memory, where a plan turns on it. Call `decideRows` right after it,
 * before awaiting anything else.
 *
 * @param numbers of the rows' persons, `noSubject` among them
 * @throws ConsentMoved when somebody's say-so is newer than the view
 * @throws LedgerError when the ledger does not answer
 */
export const loadSubjects = async (
  plan: RowPlan,
  numbers: ArrayLike<number>,
  { snapshot, view }: Pick<DecisionContext, 'snapshot' | 'view'>,
): Promise<void> => {
  if (!plan.decisions.some(({ kind }) => kind === 'ask') || snapshot.holds(numbers, view)) return;
  const loaded = await snapshot.ensure(numbers, view);
  // Between its promise and this line others may have had a turn, so it is asked once more.
  if (!loaded || !snapshot.holds(numbers, view)) throw new ConsentMoved();
};

/** Where a plan asks for no say-so none is read. */
const nothingSaid: SaidPage = { states: new Uint8Array(0) };

/** The profiles that one batch met. */
class Batch {
  readonly profiles: Profile[] = [];
  /** Profile of the tree → place in `profiles` + 1. */
  readonly #placeOf: Int32Array;
  #nobody = -1;
  readonly #decider: RowDecider;
  readonly #tree: ReturnType<RowDecider['begin']>;
  readonly #c: DecisionContext;
  readonly #met = new Map<unknown, Tables>();

  constructor(decider: RowDecider, count: number, c: DecisionContext) {
    this.#decider = decider;
    this.#tree = decider.begin();
    this.#c = c;
    // No row makes more than one.
    this.#placeOf = new Int32Array(this.#tree.size + count);
  }

  profile(place: number): Profile {
    const profile = this.profiles[place];
    if (!profile) throw new RangeError('no such profile');
    return profile;
  }

  /** The place of a row's profile. */
  placeOf(subject: number, lives: unknown): number {
    if (!(subject >= 0)) {
      if (this.#nobody < 0) this.#nobody = this.profiles.push(this.#decider.nobody) - 1;
      return this.#nobody;
    }
    const { snapshot, view } = this.#c;
    const { asksAny } = this.#decider;
    const page = asksAny ? snapshot.pageOf(subject, view) : nothingSaid;
    // Not what was loaded for this operation, or not any more.
    if (page === undefined) throw new ConsentMoved();
    const start = asksAny ? snapshot.startOf(subject) : 0;
    const tables = this.#decider.tablesAt(lives, this.#met);
    const number = this.#decider.decide(page, start, tables, view.now);
    const known = this.#placeOf[number] ?? 0;
    if (known > 0) return known - 1;
    const place = this.profiles.push(this.#tree.profile(number)) - 1;
    this.#placeOf[number] = place + 1;
    return place;
  }
}

const plainRows = (
  plan: RowPlan,
  count: number,
  wanted: ((index: number) => boolean) | undefined,
): DecidedRows => {
  const profileOf = new Int32Array(count);
  for (let i = 0; wanted && i < count; i += 1) if (!wanted(i)) profileOf[i] = -1;
  return { profiles: [deciderOf(plan, false).plain], profileOf };
};

/**
 * Decides a batch of rows, each once, and records what was decided. Nothing is awaited: call it
 * right after `loadSubjects`.
 *
 * @param subjects numbers of the rows' persons; `noSubject` for nobody known
 * @param count how many rows; as many of `subjects` are read
 * @param places where each row's person lives, when some decision turns on it
 * @param wanted asked in order for each row that may be shown; one that it leaves out was decided
 *   on but goes nowhere, so nothing is recorded of it
 * @throws ConsentMoved when somebody is not in memory, or not as of the view
 */
export const decideRows = (
  plan: RowPlan,
  subjects: ArrayLike<number>,
  count: number,
  places: readonly unknown[] | undefined,
  c: DecisionContext,
  wanted?: (index: number) => boolean,
): DecidedRows => {
  if (!plan.read.subject) return plainRows(plan, count, wanted);
  const decider = deciderOf(plan, c.gpc === true);
  const { recorder } = c;
  const batch = new Batch(decider, count, c);
  const { profiles } = batch;
  const profileOf = new Int32Array(count).fill(-1);
  const notedSubjects = new Int32Array(count);
  const notedProfiles = new Int32Array(count);
  let noted = 0;
  let place = -1;
  let profile: Profile | undefined;
  let lastSubject: number | undefined;
  let lastLives: unknown;
  let isNoted = false;
  for (let i = 0; i < count; i += 1) {
    const subject = subjects[i] ?? noSubject;
    const lives = places?.[i];
    // Rows of one person follow each other.
    if (profile === undefined || subject !== lastSubject || lives !== lastLives) {
      place = batch.placeOf(subject, lives);
      profile = batch.profile(place);
      lastSubject = subject;
      lastLives = lives;
      isNoted = false;
    }
    if (profile.stays) {
      if (wanted && !wanted(i)) {
        if (decider.asksAny && subject >= 0) recorder.noteAsked(subject);
        continue;
      }
      profileOf[i] = place;
    }
    if (isNoted) continue;
    notedSubjects[noted] = subject;
    notedProfiles[noted] = place;
    noted += 1;
    isNoted = true;
  }
  recorder.noteRows({
    ...{ plan, profiles, subjects: notedSubjects.subarray(0, noted) },
    profileOf: notedProfiles.subarray(0, noted),
  });
  return { profiles, profileOf };
};
