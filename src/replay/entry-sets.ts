/** A set of an entry, as far as its numbers can be anybody's. */
export interface EntrySet {
  readonly numbers: readonly number[];
  /** `?` is among them. */
  readonly unknown: boolean;
  /** Ranges of numbers that nobody can have. */
  readonly beyond: string | undefined;
}

/**
 * Takes a set apart.
 *
 * @param limit the first number that nobody can have: an entry that names billions costs nothing
 */
export const readSet = (ranges: string, limit: number): EntrySet => {
  const numbers: number[] = [];
  const beyond: string[] = [];
  let unknown = false;
  for (const range of ranges.split(',')) {
    if (range === '?') {
      unknown = true;
      continue;
    }
    const [from = '', to = from] = range.split('-');
    const last = Number(to);
    for (let number = Number(from); number <= last && number < limit; number += 1)
      numbers.push(number);
    if (last >= limit) {
      const first = Math.max(Number(from), limit);
      beyond.push(first === last ? String(last) : `${first}-${last}`);
    }
  }
  return { numbers, unknown, beyond: beyond.length === 0 ? undefined : beyond.join(',') };
};
