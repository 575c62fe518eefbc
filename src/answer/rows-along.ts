import { int32s } from '../core/slab.ts';
import { tailOf } from '../decision/governed-reader.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { Below, Find, RawRows } from '../sources/source.ts';
import type { JoinEntry, RootAnswer, RowAnswer } from './answer-plan.ts';
import { namesIn } from './cells.ts';
import type { NameIndex } from './name-index.ts';

/** Where more are asked for, asking once more for what is below those that may be seen costs less. */
const mostAbove = 20;
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

/**
 * The joins below rows that may be read along with them: from the same source, all rows of each. Of one
 * where nothing may be seen, whoever the row is of, nothing is read.
 */
const joinsAlong = (row: RowAnswer, { source, columns }: ReadPlan): readonly JoinEntry[] => {
  const joins = row.entries.filter(
    (entry) =>
      entry.kind === 'join' &&
      entry.column >= 0 &&
      entry.column < columns.length &&
      entry.member.read.source === source &&
      !entry.member.closed &&
      !hasFirst(entry),
  ) as readonly JoinEntry[];
  return joins.length <= mostBelow ? joins : [];
};

/** Rows of one read of a plan, shown in one place of the answer or in several. */
type ReadRoot = Extract<RootAnswer, { readonly read: ReadPlan }>;

/** What is read along with the rows of a root. */
interface Together {
  readonly joins: readonly JoinEntry[];
  readonly below: readonly Below[];
}

const worked = new WeakMap<ReadRoot, Together>();

const togetherWith = (root: ReadRoot): Together => {
  let together = worked.get(root);
  if (together === undefined) {
    const rows = root.kind === 'one' ? [root.row] : root.shown.map(({ row }) => row);
    const joins = rows.flatMap((row) => joinsAlong(row, root.read));
    together = { joins, below: joins.map(belowOf) };
    worked.set(root, together);
  }
  return together;
};

/** How an answer in bytes reads. */
export interface AnswerReads {
  fetchRaw(read: ReadPlan, find: Find): Promise<RawRows>;
  /**
   * Reads rows together with those below them.
   * @returns nothing where they are to be asked for one by one
   */
  fetchAlong(
    read: ReadPlan,
    find: Find,
    below: readonly Below[],
  ): Promise<readonly [RawRows, ...RawRows[]] | undefined>;
  /** Told of rows that came along with others, in place of a fetch. */
  took(read: ReadPlan, find: Find, raw: RawRows): void;
}

/** Rows, and what came along with them. */
interface RowsAlong {
  readonly raw: RawRows;
  readonly along: Along;
}

/**
 * Reads rows: few of them in one round trip with those below them, whoever may see these. They are
 * looked at only once it is decided which of them may be.
 *
 * @param most so many may come
 */
export const readRows = async (
  root: ReadRoot,
  find: Find,
  most: number,
  reads: AnswerReads,
): Promise<RowsAlong> => {
  const { joins, below } = togetherWith(root);
  const got =
    most <= mostAbove && joins.length > 0
      ? await reads.fetchAlong(root.read, find, below)
      : undefined;
  if (got === undefined) return { raw: await reads.fetchRaw(root.read, find), along: nothingAlong };
  const along = new Map<JoinEntry, RawRows>();
  for (const [i, join] of joins.entries()) {
    const own = got[i + 1];
    if (own) along.set(join, own);
  }
  return { raw: got[0], along };
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
  const cells = int32s(2 * width * own.length);
  own.forEach((row, i) => {
    cells.set(raw.cells.subarray(2 * width * row, 2 * width * (row + 1)), 2 * width * i);
  });
  const value = (row: number, column: number): unknown => raw.value(own[row] ?? -1, column);
  return { count: own.length, width, bytes, kinds, cells, value };
};
