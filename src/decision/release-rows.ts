import type { CellPlan, RowPlan } from '../policy/plan.ts';
import type { Row } from '../sources/source.ts';
import { decideRows, type DecisionContext } from './decide-rows.ts';
import type { Profile } from './decided-rows.ts';
import { inputsOf, planOf, type DerivedInputs, type ReleasedRow } from './released.ts';

export { ConsentMoved, type DecisionContext } from './decide-rows.ts';

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

const inputsFor = (cells: readonly CellPlan[], row: Row, { releases }: Profile): DerivedInputs => {
  const inputs = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { field, decision, inputs: wanted } of cells) {
    if (!wanted || releases[decision] !== 1) continue;
    const values = Object.create(bare) as Record<string, unknown>;
    for (const input of wanted) values[input.field] = row.values[input.index];
    inputs.set(field, Object.freeze(values));
  }
  return inputs;
};

const build = (row: Row, plan: RowPlan, profile: Profile): ReleasedRow => {
  const result = Object.create(bare) as Record<string | symbol, unknown>;
  const { releases } = profile;
  let derived = false;
  for (const { field, decision, index, inputs } of plan.cells) {
    if (inputs) derived = true;
    // INVARIANT: a withheld cell is never copied, so no resolver can see it.
    else if (releases[decision] === 1 && index >= 0) result[field] = row.values[index];
  }
  result[planOf] = plan;
  if (derived) result[inputsOf] = inputsFor(plan.cells, row, profile);
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
  wanted?: (index: number) => boolean,
): Promise<readonly (ReleasedRow | undefined)[]> => {
  const { subject } = plan.read;
  if (rows.length === 0) return [];
  let numbers: readonly number[] = [];
  if (subject) {
    const at = plan.read.columns.length;
    const ids = rows.map(({ values }) => asText(values[at]));
    numbers = await c.subjects.numbersOf(subject.path.type, ids);
  }
  const { profiles, profileOf } = await decideRows(plan, numbers, rows.length, places, c, wanted);
  return rows.map((row, i) => {
    const profile = profiles[profileOf[i] ?? -1];
    return profile && build(row, plan, profile);
  });
};
