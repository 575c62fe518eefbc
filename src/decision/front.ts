/** The first numbers of a list. */
export const front = (numbers: Int32Array, count: number): Int32Array =>
  count === numbers.length ? numbers : numbers.subarray(0, count);
