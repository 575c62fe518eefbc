import { getArgumentValues } from 'graphql';
import { int32s } from '../core/slab.ts';
import { noSubject } from '../ledger/subject-directory.ts';
import { decideRows } from '../decision/decide-rows.ts';
import type { DecidedRows } from '../decision/decided-rows.ts';
import { tailOf } from '../decision/governed-reader.ts';
import type { DecisionContext } from '../decision/release-rows.ts';
import type { ReadPlan, RowPlan } from '../policy/plan.ts';
import type { Find, RawRows } from '../sources/source.ts';
import type { JoinEntry, RowAnswer } from './answer-plan.ts';
import { namesIn, subjectAt, textIn } from './cells.ts';
import { eachAtOnce } from './each-at-once.ts';
import { NameIndex } from './name-index.ts';
import { NotPlain } from './not-plain.ts';
import { samePersons, type PersonsAbove } from './same-persons.ts';
import { nothingAlong, rowsNamed, type Along, type AnswerReads } from './rows-along.ts';

/** What loading needs of the operation. */
export interface Loading {
  readonly decision: DecisionContext;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly reads: AnswerReads;
  /**
   * Counts objects that go into the answer.
   * @throws AnswerTooLargeError when they are more than it may hold
   */
  spend(objects: number): void;
}

/** Rows of one selection, read and decided, and what was read below them. */
export interface LoadedRows {
  readonly answer: RowAnswer;
  readonly raw: RawRows;
  readonly decided: DecidedRows;
  /** By the place of the entry. */
  readonly joins: readonly (LoadedJoin | undefined)[];
}

/** Rows behind a field, in groups: one for each value that they were looked for by. */
export interface LoadedJoin {
  /** Absent where nothing was looked for. */
  readonly rows: LoadedRows | undefined;
  /** For each row above its group; -1 for none. */
  readonly groupOf: Int32Array;
  /** Where in `order` each group begins, and the next one. */
  readonly starts: Int32Array;
  /** Rows below by group, in the order they came. */
  readonly order: Int32Array;
}

const placesOf = (raw: RawRows, read: ReadPlan, count: number): readonly unknown[] | undefined =>
  read.subject?.place === undefined
    ? undefined
    : Array.from({ length: count }, (_, i) => raw.value(i, subjectAt(read) + 1));

const numbersOf = (
  raw: RawRows,
  read: ReadPlan,
  count: number,
  { subjects }: DecisionContext,
  above: PersonsAbove | undefined,
): Int32Array | Promise<Int32Array> => {
  if (read.subject === undefined) return int32s(count).fill(noSubject);
  const { type } = read.subject.path;
  const column = namesIn(raw, subjectAt(read), count);
  const same = above?.type === type ? samePersons(column, above) : undefined;
  return same ?? subjects.numbersOfColumn(type, column);
};

/** How rows were come by. */
interface Origin {
  /** What was read along with them. */
  readonly along?: Along;
  /** The rows that they were looked for by. */
  readonly above?: PersonsAbove | undefined;
}

/**
 * Decides the first rows and reads what is asked for below those that are shown.
 *
 * @param wanted asked in order for each row; one that it leaves out goes nowhere
 */
export const loadRows = async (
  raw: RawRows,
  answer: RowAnswer,
  loading: Loading,
  count: number = raw.count,
  wanted?: (index: number) => boolean,
  { along = nothingAlong, above }: Origin = {},
): Promise<LoadedRows> => {
  const { plan } = answer;
  const { decision } = loading;
  const numbered = numbersOf(raw, plan.read, count, decision, above);
  const numbers = numbered instanceof Promise ? await numbered : numbered;
  const places = placesOf(raw, plan.read, count);
  const deciding = decideRows(plan, numbers, count, places, decision, wanted);
  const decided = deciding instanceof Promise ? await deciding : deciding;
  const joins = new Array<LoadedJoin | undefined>(answer.entries.length);
  const asked = joinsOf(answer);
  if (asked.length > 0) {
    const rows: RowsAbove = { raw, plan, numbers, decided };
    await eachAtOnce(asked, async ({ entry, place }) => {
      joins[place] = await loadJoin(entry, rows, loading, along);
    });
  }
  return { answer, raw, decided, joins };
};

/** A join, and its place among the entries. */
interface PlacedJoin {
  readonly entry: JoinEntry;
  readonly place: number;
}

const joinsIn = new WeakMap<RowAnswer, readonly PlacedJoin[]>();

const joinsOf = (answer: RowAnswer): readonly PlacedJoin[] => {
  let joins = joinsIn.get(answer);
  if (joins === undefined) {
    joins = answer.entries.flatMap((entry, place) =>
      entry.kind === 'join' ? [{ entry, place }] : [],
    );
    joinsIn.set(answer, joins);
  }
  return joins;
};

/** Rows that were decided, and whom they concern. */
interface RowsAbove {
  readonly raw: RawRows;
  readonly plan: RowPlan;
  readonly numbers: Int32Array;
  readonly decided: DecidedRows;
}

/** What rows below are looked for by, in groups. */
interface Groups {
  /** For each row above; -1 for those that may not look below. */
  readonly groupOf: Int32Array;
  readonly names: NameIndex;
  /** By group its first row. */
  readonly rows: readonly number[];
}

const groupsOf = (
  { column, decision }: JoinEntry,
  { raw, decided: { profiles, profileOf } }: RowsAbove,
): Groups => {
  const groupOf = int32s(profileOf.length).fill(-1);
  const names = new NameIndex(namesIn(raw, column, profileOf.length));
  const rows: number[] = [];
  for (let row = 0; row < profileOf.length; row += 1) {
    if (profiles[profileOf[row] ?? -1]?.releases[decision] !== 1) continue;
    const group = names.add(row);
    groupOf[row] = group;
    if (group === rows.length) rows.push(row);
  }
  return { groupOf, names, rows };
};

/** Nothing where the rows above concern nobody. */
const personsAbove = (
  { raw, plan: { read }, numbers }: RowsAbove,
  { rows }: Groups,
  below: Int32Array,
): PersonsAbove | undefined =>
  read.subject && {
    type: read.subject.path.type,
    column: namesIn(raw, subjectAt(read), numbers.length),
    numbers,
    groupOf: below,
    rows,
  };

const firstOf = (
  { asked, join }: JoinEntry,
  variables: Loading['variables'],
): number | undefined => {
  if (!join.list) return undefined;
  const { first } = getArgumentValues(asked.field, asked.node, variables) as {
    readonly first?: number | null;
  };
  if (first === undefined || first === null) return undefined;
  if (first < 0) throw new NotPlain('a negative `first`');
  return first;
};

const findFor = (
  { member }: JoinEntry,
  values: readonly string[],
  first: number | undefined,
): Find => {
  const { via } = member;
  if (via) {
    const { table, on, to } = via;
    return first === undefined
      ? { by: 'via', table, on, to, values }
      : { by: 'via', table, on, to, values, first };
  }
  const columns = [member.on];
  const tuples = values.map((value) => [value]);
  return first === undefined
    ? { by: 'equal', columns, tuples }
    : { by: 'equal', columns, tuples, first };
};

/** Rows by group, keeping their order: a counting sort. */
const orderBy = (groupOf: Int32Array, groups: number, isShown: (row: number) => boolean) => {
  const starts = int32s(groups + 1);
  for (let row = 0; row < groupOf.length; row += 1) {
    const group = groupOf[row] ?? -1;
    if (group >= 0 && isShown(row)) starts[group + 1] = (starts[group + 1] ?? 0) + 1;
  }
  for (let group = 0; group < groups; group += 1)
    starts[group + 1] = (starts[group + 1] ?? 0) + (starts[group] ?? 0);
  const next = int32s(groups);
  for (let group = 0; group < groups; group += 1) next[group] = starts[group] ?? 0;
  const order = int32s(starts[groups] ?? 0);
  for (let row = 0; row < groupOf.length; row += 1) {
    const group = groupOf[row] ?? -1;
    if (group < 0 || !isShown(row)) continue;
    const at = next[group] ?? 0;
    order[at] = row;
    next[group] = at + 1;
  }
  return { starts, order };
};

/** Rows of any group. */
const anyOf =
  (groupOf: Int32Array) =>
  (row: number): boolean =>
    (groupOf[row] ?? -1) >= 0;

/** The first rows of each group, asked for in their order. */
const firstOfEach = (groupOf: Int32Array, groups: number, first: number) => {
  const room = int32s(groups).fill(first);
  return (row: number): boolean => {
    const group = groupOf[row] ?? -1;
    const left = group < 0 ? 0 : (room[group] ?? 0);
    if (left <= 0) return false;
    room[group] = left - 1;
    return true;
  };
};

const nothing = { rows: undefined, starts: new Int32Array(1), order: new Int32Array(0) };

const loadJoin = async (
  entry: JoinEntry,
  above: RowsAbove,
  loading: Loading,
  along: Along,
): Promise<LoadedJoin> => {
  const found = groupsOf(entry, above);
  const { groupOf, names } = found;
  const first = firstOf(entry, loading.variables);
  const groups = names.names.length;
  if (groups === 0 || first === 0) {
    const { rows, starts, order } = nothing;
    return { rows, groupOf: groupOf.fill(-1), starts, order };
  }
  for (const group of groupOf) if (group >= 0) loading.spend(1);
  const { member, row } = entry;
  const find = findFor(entry, names.names, first);
  const came = along.get(entry);
  const { reads } = loading;
  const raw = came ? rowsNamed(came, member.read, names) : await reads.fetchRaw(member.read, find);
  if (came) reads.took(member.read, find, raw);
  const below = names.find(namesIn(raw, tailOf(member.read), raw.count));
  const wanted = first === undefined ? anyOf(below) : firstOfEach(below, groups, first);
  const origin = { above: personsAbove(above, found, below) };
  const rows = await loadRows(raw, row, loading, raw.count, wanted, origin);
  const { profileOf } = rows.decided;
  const { starts, order } = orderBy(below, groups, (i) => (profileOf[i] ?? -1) >= 0);
  if (entry.join.list) {
    for (const group of groupOf)
      if (group >= 0) loading.spend((starts[group + 1] ?? 0) - (starts[group] ?? 0));
  }
  return { rows, groupOf, starts, order };
};

/** The key of a row, as cursors name it. */
export const keyOf = (raw: RawRows, read: ReadPlan, row: number): readonly string[] =>
  read.key.map((_, i) => textIn(raw, row, tailOf(read) + i) ?? '');
