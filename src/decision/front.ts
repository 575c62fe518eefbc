/** Of so few a copy is made sooner than a view: for a view V8 has to move them out of its heap. */
const few = 16;

/** The first numbers of a list, which nobody else goes on to write into. */
export const front = (numbers: Int32Array, count: number): Int32Array => {
  if (count === numbers.length) return numbers;
  return numbers.length <= few ? numbers.slice(0, count) : numbers.subarray(0, count);
};
