import { tailOf } from '../decision/governed-reader.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { Below, Find, RawRows } from '../sources/source.ts';
import type { JoinEntry, RowAnswer } from './answer-plan.ts';
import { namesIn } from './cells.ts';
import type { NameIndex } from './name-index.ts';

/** Where more are asked for, asking once more for what is below those that may be seen costs less. */
export const mostAbove = 20;
/** Each is a statement of its own. */
const mostBelow = 4;

/** What was read along with rows, by the entry that it is below of; not all of it may be looked at. */
export type Along = ReadonlyMap<JoinEntry, RawRows>;

export const nothingAlong: Along = new Map();

const hasFirst = ({ asked }: JoinEntry): boolean =>
  (asked.node.arguments ?? []).some(({ name }) => name.value === 'first');

const belowOf = ({ member: { on, read, via }, column }: JoinEntry): Below => ({
  read,
  column,
  find: via ? { by: 'via', ...via } : { by: 'equal', columns: [on] },
});

const worked = new WeakMap<RowAnswer, readonly JoinEntry[]>();

/**
 * The joins below rows that may be read along with them: from the same source, all rows of each. Of one
 * where nothing may be seen, whoever the row is of, nothing is read.
 */
const joinsAlong = (row: RowAnswer, { source, columns }: ReadPlan): readonly JoinEntry[] => {
  const known = worked.get(row);
  if (known) return known;
  const joins = row.entries.filter(
    (entry) =>
      entry.kind === 'join' &&
      entry.column >= 0 &&
      entry.column < columns.length &&
      entry.member.read.source === source &&
      !entry.member.closed &&
      !hasFirst(entry),
  ) as readonly JoinEntry[];
  const few = joins.length <= mostBelow ? joins : [];
  worked.set(row, few);
  return few;
};

/** Reads rows together with those below them. @returns nothing where they are asked for one by one */
export type FetchAlong = (
  read: ReadPlan,
  find: Find,
  below: readonly Below[],
) => Promise<readonly [RawRows, ...RawRows[]] | undefined>;

/** Rows, and what came along with them. */
export interface RowsAlong {
  readonly raw: RawRows;
  readonly along: Along;
}

/**
 * Reads few rows in one round trip with those below them, whoever may see these: they are looked at
 * only once it is decided which of them may be. Nothing where that is not to be had.
 */
export const readAlong = async (
  read: ReadPlan,
  find: Find,
  rows: readonly RowAnswer[],
  fetchAlong: FetchAlong,
): Promise<RowsAlong | undefined> => {
  const joins = rows.flatMap((row) => joinsAlong(row, read));
  if (joins.length === 0) return undefined;
  const got = await fetchAlong(read, find, joins.map(belowOf));
  if (got === undefined) return undefined;
  const [raw, ...others] = got;
  const along = new Map<JoinEntry, RawRows>();
  joins.forEach((join, i) => {
    const own = others[i];
    if (own) along.set(join, own);
  });
  return { raw, along };
};

/** Those rows that would have come had only these names been looked for. */
export const rowsNamed = (raw: RawRows, read: ReadPlan, names: NameIndex): RawRows => {
  const groups = names.find(namesIn(raw, tailOf(read), raw.count));
  const own: number[] = [];
  for (let row = 0; row < groups.length; row += 1) if ((groups[row] ?? -1) >= 0) own.push(row);
  return own.length === raw.count ? raw : rowsAt(raw, own);
};

const rowsAt = (raw: RawRows, own: readonly number[]): RawRows => {
  const { width, bytes, kinds } = raw;
  const cells = new Int32Array(2 * width * own.length);
  own.forEach((row, i) => {
    cells.set(raw.cells.subarray(2 * width * row, 2 * width * (row + 1)), 2 * width * i);
  });
  const value = (row: number, column: number): unknown => raw.value(own[row] ?? -1, column);
  return { count: own.length, width, bytes, kinds, cells, value };
};
