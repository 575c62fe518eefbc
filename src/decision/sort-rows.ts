import { int32s } from '../core/slab.ts';

/** Most bits of a number that one pass sorts by. */
const mostBits = 10;
/** By digit; nothing is awaited while it is used. */
const starts = new Int32Array(1 << mostBits);

/** Flipped, so that negative numbers come first. */
const sign = 1 << 31;

/** Rows of two columns. */
export interface Rows {
  readonly numbers: Int32Array;
  readonly kinds: Int32Array;
}

/** Which bits are not the same in all numbers; of negative ones the sign as well. */
const differingBits = (numbers: Int32Array): number => {
  const first = numbers[0] ?? 0;
  let differing = 0;
  for (let i = 1; i < numbers.length; i += 1) differing |= (numbers[i] ?? 0) ^ first;
  return differing;
};

/** Copies rows, sorted by `bits` bits of their numbers from `shift` on, and keeps the order within. */
const sortByDigit = (from: Rows, to: Rows, shift: number, bits: number): void => {
  const { numbers, kinds } = from;
  const digits = 1 << bits;
  const mask = digits - 1;
  starts.fill(0, 0, digits);
  for (let i = 0; i < numbers.length; i += 1) {
    const digit = (((numbers[i] ?? 0) ^ sign) >>> shift) & mask;
    starts[digit] = (starts[digit] ?? 0) + 1;
  }
  let start = 0;
  for (let digit = 0; digit < digits; digit += 1) {
    const count = starts[digit] ?? 0;
    starts[digit] = start;
    start += count;
  }
  for (let i = 0; i < numbers.length; i += 1) {
    const number = numbers[i] ?? 0;
    const digit = ((number ^ sign) >>> shift) & mask;
    const at = starts[digit] ?? 0;
    starts[digit] = at + 1;
    to.numbers[at] = number;
    to.kinds[at] = kinds[i] ?? 0;
  }
};

/**
 * Sorts rows by their number and keeps the order of equal ones. By digits, so that no two are ever
 * compared: numbers of persons come in no order.
 *
 * @param rows may be written over
 */
export const sortRows = (rows: Rows): Rows => {
  const width = 32 - Math.clz32(differingBits(rows.numbers));
  if (width === 0) return rows;
  const bits = Math.ceil(width / Math.ceil(width / mostBits));
  const { length } = rows.numbers;
  let from = rows;
  let to: Rows = { numbers: int32s(length), kinds: int32s(length) };
  for (let shift = 0; shift < width; shift += bits) {
    sortByDigit(from, to, shift, bits);
    [from, to] = [to, from];
  }
  return from;
};
