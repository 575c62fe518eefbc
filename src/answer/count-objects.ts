import type { Entry } from './answer-plan.ts';
import type { LoadedJoin, LoadedRows } from './load-rows.ts';
import type { LoadedPage, LoadedRoot } from './write-answer.ts';

const isJoin = (entry: Entry | undefined): boolean => entry?.kind === 'join';
const isList = (entry: Entry | undefined): boolean => entry?.kind === 'join' && entry.join.list;

/** Objects of each group of a join, as they are counted when it is written. */
const ofGroups = ({ rows, starts, order }: LoadedJoin, list: boolean): Float64Array => {
  const each = rows && belowEach(rows);
  const counts = new Float64Array(starts.length);
  for (let group = 0; group + 1 < starts.length; group += 1) {
    const from = starts[group] ?? 0;
    const end = list ? (starts[group + 1] ?? 0) : Math.min(from + 1, starts[group + 1] ?? 0);
    let count = list ? 1 + end - from : 1;
    for (let i = from; each && i < end; i += 1) count += each[order[i] ?? 0] ?? 0;
    counts[group] = count;
  }
  return counts;
};

/** Objects below each row, however often rows further down are written. */
const belowEach = ({ answer, raw, joins }: LoadedRows): Float64Array => {
  const counts = new Float64Array(raw.count);
  joins.forEach((join, i) => {
    if (join === undefined) return;
    const ofGroup = ofGroups(join, isList(answer.entries[i]));
    for (let row = 0; row < join.groupOf.length; row += 1) {
      const group = join.groupOf[row] ?? -1;
      if (group >= 0) counts[row] = (counts[row] ?? 0) + (ofGroup[group] ?? 0);
    }
  });
  return counts;
};

/** Whether joins lead to joins: only then a row may be written more often than it was counted. */
const isDeep = ({ joins }: LoadedRows): boolean =>
  joins.some((join) => join?.rows?.answer.entries.some(isJoin));

const sumOf = (rows: LoadedRows | undefined, count: number): number => {
  if (rows === undefined || !isDeep(rows)) return 0;
  return belowEach(rows)
    .subarray(0, count)
    .reduce((sum, one) => sum + one, 0);
};

const ofPage = ({ count, rows }: LoadedPage): number => {
  let sum = 0;
  for (const one of rows.values()) sum += count + sumOf(one, count);
  return sum;
};

/**
 * How many objects an answer comes to at least, found out without writing any: a row is read once,
 * and written as often as joins lead to it, which few rows can do very often.
 */
export const countObjects = (roots: readonly LoadedRoot[]): number => {
  let sum = 0;
  for (const loaded of roots) {
    if ('page' in loaded) sum += ofPage(loaded.page);
    else if ('rows' in loaded) sum += sumOf(loaded.rows, 1);
  }
  return sum;
};
