/** Stands at the end of ranges for rows that concern nobody known. */
export const unknownMark = '?';

const rangesOf = (sorted: Int32Array): string => {
  const ranges: string[] = [];
  let unknown = false;
  for (let i = 0; i < sorted.length;) {
    const from = sorted[i] ?? 0;
    let to = from;
    // Rows of one person come again and again; each counts once.
    while (i < sorted.length && (sorted[i] ?? 0) - to <= 1) to = sorted[i++] ?? to;
    if (from < 0) {
      // -1 runs into 0, which is a subject.
      unknown = true;
      if (to >= 0) ranges.push(to === 0 ? '0' : `0-${to}`);
    } else ranges.push(from === to ? String(from) : `${from}-${to}`);
  }
  if (unknown) ranges.push(unknownMark);
  return ranges.join(',');
};

/** Numbers as ranges, in order and each once: `1-5,9`. A negative one stands for nobody: `?`. */
export const packRanges = (numbers: readonly number[]): string => {
  const [only] = numbers;
  if (numbers.length === 1 && only !== undefined) return only < 0 ? unknownMark : String(only);
  return rangesOf(Int32Array.from(numbers).sort());
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
