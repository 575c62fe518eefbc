import type { ConsentSnapshot, LedgerView } from '../ledger/consent-snapshot.ts';
import { notEvaluated, type FullReason } from '../ledger/judge.ts';
import { noSubject, type SubjectDirectory } from '../ledger/subject-directory.ts';
import type { CellPlan, Decide, RowPlan } from '../policy/plan.ts';
import type { Row } from '../sources/source.ts';
import { judgePairs } from './judge-pairs.ts';
import type { DecisionRecorder, LoggedReason } from './recorder.ts';
import { inputsOf, planOf, type DerivedInputs, type ReleasedRow } from './released.ts';

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

/** A source's value as the text that other tables and the ledger know it by; null when there is none. */
export const asText = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  // What a source gives is else a number, a bigint or a boolean.
  return (value as number | bigint | boolean).toString();
};

/** Rows have no prototype of ours or of `Object`: a field may be called `constructor`. */
const bare = Object.freeze(Object.create(null) as object);

interface Decided {
  readonly release: boolean;
  readonly reason: LoggedReason;
}

const decideFor = (
  decision: Decide,
  subject: number,
  place: unknown,
  c: DecisionContext,
): Decided => {
  if (decision.kind === 'open') return { release: true, reason: 'OPEN' };
  if (decision.kind === 'never') return { release: false, reason: decision.reason };
  // A row that concerns nobody known cannot be evaluated, whatever the basis.
  if (subject === noSubject) return notEvaluated;
  if (decision.kind === 'always') return { release: true, reason: decision.basis as FullReason };
  c.recorder.noteAsked(subject);
  return judgePairs(decision.asks, subject, place, c.snapshot, c.view.now, c.gpc);
};

const inputsFor = (
  cells: readonly CellPlan[],
  row: Row,
  outcomes: readonly boolean[],
): DerivedInputs => {
  const inputs = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { field, decision, inputs: wanted } of cells) {
    if (!wanted || outcomes[decision] !== true) continue;
    const values = Object.create(bare) as Record<string, unknown>;
    for (const input of wanted) values[input.field] = row.values[input.index];
    inputs.set(field, Object.freeze(values));
  }
  return inputs;
};

const build = (row: Row, plan: RowPlan, outcomes: readonly boolean[]): ReleasedRow => {
  const result = Object.create(bare) as Record<string | symbol, unknown>;
  let derived = false;
  for (const { field, decision, index, inputs } of plan.cells) {
    if (inputs) derived = true;
    // INVARIANT: a withheld cell is never copied, so no resolver can see it.
    else if (outcomes[decision] === true && index >= 0) result[field] = row.values[index];
  }
  result[planOf] = plan;
  if (derived) result[inputsOf] = inputsFor(plan.cells, row, outcomes);
  // The one place where a row becomes released.
  return Object.freeze(result) as unknown as ReleasedRow;
};

/**
 * Decides a batch of rows, each once, and gives what is released: withheld cells are gone before
 * any resolver sees a row. A row whose gate withholds, or that \`wanted\` leaves out, is given as
 * \`undefined\`.
 *
 * @param places where each row's person lives, when some decision turns on it
 * @param wanted asked in order for each row that may be shown; one that it leaves out was decided
 *   on but goes nowhere, so nothing is recorded of it
 * @throws ConsentMoved when somebody's say-so is newer than the view
 * @throws LedgerError when the ledger does not answer; nothing is released then
 */
export const releaseRows = async (
  rows: readonly Row[],
  plan: RowPlan,
  places: readonly unknown[] | undefined,
  c: DecisionContext,
  wanted: (index: number) => boolean = () => true,
): Promise<readonly (ReleasedRow | undefined)[]> => {
  const { subject } = plan.read;
  if (rows.length === 0) return [];
  if (!subject) {
    const open = plan.decisions.map(({ kind }) => kind === 'open');
    return rows.map((row, i) => (wanted(i) ? build(row, plan, open) : undefined));
  }
  const at = plan.read.columns.length;
  const ids = rows.map(({ values }) => asText(values[at]));
  const numbers = await c.subjects.numbersOf(subject.path.type, ids);
  if (plan.decisions.some(({ kind }) => kind === 'ask')) {
    const known = numbers.filter((number) => number !== noSubject);
    const loaded = await c.snapshot.ensure(known, c.view);
    // Between its promise and this line others may have had a turn, so it is asked once more.
    if (!loaded || !c.snapshot.holds(known, c.view)) throw new ConsentMoved();
  }
  // From here to the end nothing is awaited: the snapshot may give its memory to others.
  const outcomes = plan.decisions.map(() => false);
  const reasons: LoggedReason[] = plan.decisions.map(() => 'NOT_EVALUATED');
  return rows.map((row, i) => {
    const number = numbers[i] ?? noSubject;
    plan.decisions.forEach((decision, k) => {
      const { release, reason } = decideFor(decision, number, places?.[i], c);
      outcomes[k] = release;
      reasons[k] = reason;
    });
    const stays = plan.gates.every(({ decision }) => outcomes[decision] === true);
    if (stays && !wanted(i)) return undefined;
    if (stays) c.recorder.noteRow(plan, reasons, number);
    else c.recorder.noteHidden(plan, reasons, number);
    return stays ? build(row, plan, outcomes) : undefined;
  });
};
