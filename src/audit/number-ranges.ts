import { int32s, scratchBytes } from '../core/slab.ts';
import { mostWholeDigits, writeWhole } from '../core/write-whole.ts';

/** Stands at the end of ranges for rows that concern nobody known. */
export const unknownMark = '?';

const comma = 44;
const dash = 45;
const question = 63;
/** `2147483647,` */
const mostBytes = mostWholeDigits + 1;

/** Writes one set, a comma behind each range and behind `?`, and gives where it ends. */
const writeRanges = (
  bytes: Buffer,
  start: number,
  sorted: Int32Array,
  first: number,
  end: number,
): number => {
  let at = start;
  let i = first;
  while (i < end && (sorted[i] ?? 0) < 0) i += 1;
  const unknown = i > first;
  while (i < end) {
    const from = sorted[i] ?? 0;
    let to = from;
    // Rows of one person come again and again; each counts once.
    for (i += 1; i < end && (sorted[i] ?? 0) - to <= 1; i += 1) to = sorted[i] ?? to;
    at = writeWhole(bytes, at, from);
    if (to > from) {
      bytes[at] = dash;
      at = writeWhole(bytes, at + 1, to);
    }
    bytes[at] = comma;
    at += 1;
  }
  if (unknown) {
    bytes[at] = question;
    bytes[at + 1] = comma;
    at += 2;
  }
  return at;
};

/**
 * Several sets of numbers as ranges, as `packRanges` writes each of them.
 *
 * @param sorted set after set, each in order
 * @param ends where each set ends
 */
export const packSorted = (sorted: Int32Array, ends: ArrayLike<number>): readonly string[] => {
  const [only = -1] = sorted;
  // As often as somebody looks at one person.
  if (sorted.length === 1 && ends.length === 1 && only >= 0) return [String(only)];
  const bytes = scratchBytes(mostBytes * sorted.length + 2);
  const starts = int32s(ends.length + 1);
  let first = 0;
  for (let set = 0; set < ends.length; set += 1) {
    const end = ends[set] ?? first;
    starts[set + 1] = writeRanges(bytes, starts[set] ?? 0, sorted, first, end);
    first = end;
  }
  // One text, of which each set is a piece without its last comma.
  const text = bytes.toString('latin1', 0, starts[ends.length]);
  const texts: string[] = [];
  for (let set = 0; set < ends.length; set += 1) {
    const from = starts[set] ?? 0;
    texts.push(text.slice(from, Math.max(from, (starts[set + 1] ?? from) - 1)));
  }
  return texts;
};

/** Numbers as ranges, in order and each once: `1-5,9`. A negative one stands for nobody: `?`. */
export const packRanges = (numbers: readonly number[]): string => {
  const [only] = numbers;
  if (numbers.length === 1 && only !== undefined) return only < 0 ? unknownMark : String(only);
  return packSorted(Int32Array.from(numbers).sort(), [numbers.length])[0] ?? '';
};

/** Calls back for each number of ranges, -1 for `?`. */
export const eachNumber = (ranges: string, call: (number: number) => void): void => {
  if (ranges === '') return;
  for (const range of ranges.split(',')) {
    if (range === unknownMark) {
      call(-1);
      continue;
    }
    const [from, to = from] = range.split('-');
    for (let number = Number(from); number <= Number(to); number += 1) call(number);
  }
};

/** All numbers of ranges, -1 for `?`. */
export const unpackRanges = (ranges: string): readonly number[] => {
  const numbers: number[] = [];
  eachNumber(ranges, (number) => numbers.push(number));
  return numbers;
};

/** Whether ranges hold a number. */
export const rangesHold = (ranges: string, number: number): boolean =>
  ranges.split(',').some((range) => {
    if (range === unknownMark) return number < 0;
    const [from, to = from] = range.split('-');
    return from !== '' && Number(from) <= number && number <= Number(to);
  });

/** First and last of each range; -1 for `?`. */
const pairsOf = (ranges: string): readonly (readonly [number, number])[] =>
  (ranges === '' ? [] : ranges.split(',')).map((range) => {
    if (range === unknownMark) return [-1, -1];
    const [from, to = from] = range.split('-');
    return [Number(from), Number(to)];
  });

const byFirst = ([a]: readonly [number, number], [b]: readonly [number, number]): number => a - b;

/** What several sets of numbers hold together. No number is unpacked: a range may be any length. */
export const joinRanges = (sets: readonly string[]): string => {
  const [only = ''] = sets;
  if (sets.length <= 1) return only;
  const joined: [number, number][] = [];
  let unknown = false;
  for (const [from, to] of sets.flatMap(pairsOf).sort(byFirst)) {
    const last = joined.at(-1);
    if (from < 0) unknown = true;
    else if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  const texts = joined.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return [...texts, ...(unknown ? [unknownMark] : [])].join(',');
};

/** Whether no number, nor `?`, is in two of several sets. */
export const areDisjoint = (sets: readonly string[]): boolean => {
  if (sets.length <= 1) return true;
  const pairs = sets.flatMap(pairsOf).sort(byFirst);
  return pairs.every(([from], i) => i === 0 || from > (pairs[i - 1]?.[1] ?? -1));
};

/** How many numbers ranges hold; `?` counts as one. */
export const countRanges = (ranges: string): number => {
  let count = 0;
  for (const range of ranges === '' ? [] : ranges.split(',')) {
    const [from, to = from] = range.split('-');
    count += range === unknownMark ? 1 : Number(to) - Number(from) + 1;
  }
  return count;
};

/** Whether a text is ranges as `packRanges` writes them and in no other way. */
export const isRanges = (text: string): boolean => {
  if (text === unknownMark) return true;
  let last = -2;
  const parts = text.split(',');
  return parts.every((part, i) => {
    if (part === unknownMark) return i === parts.length - 1;
    const match = /^(0|[1-9][0-9]{0,9})(?:-([1-9][0-9]{0,9}))?$/.exec(part);
    const from = Number(match?.[1]);
    const to = match?.[2] === undefined ? from : Number(match[2]);
    const ordered = match !== null && from > last + 1 && (match[2] === undefined || to > from);
    last = to;
    return ordered && to <= 0x7fffffff;
  });
};
