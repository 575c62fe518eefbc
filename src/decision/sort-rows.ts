/** Bits of a number that one pass sorts by. */
const digitBits = 10;
const digits = 1 << digitBits;
/** Nothing is awaited while it is used. */
const starts = new Int32Array(digits);

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

/** Copies rows, sorted by some bits of their numbers, and keeps the order within. */
const sortByDigit = (from: Rows, to: Rows, shift: number): void => {
  const { numbers, kinds } = from;
  starts.fill(0);
  for (let i = 0; i < numbers.length; i += 1) {
    const digit = (((numbers[i] ?? 0) ^ sign) >>> shift) & (digits - 1);
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
    const digit = ((number ^ sign) >>> shift) & (digits - 1);
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
  const differing = differingBits(rows.numbers);
  if (differing === 0) return rows;
  const { length } = rows.numbers;
  let from = rows;
  let to: Rows = { numbers: new Int32Array(length), kinds: new Int32Array(length) };
  for (let shift = 0; shift < 32; shift += digitBits) {
    // All are the same there.
    if (((differing >>> shift) & (digits - 1)) === 0) continue;
    sortByDigit(from, to, shift);
    [from, to] = [to, from];
  }
  return from;
};
