/** Milliseconds of one kind of thing, done many times. */
export interface Timing {
  readonly median: number;
  readonly p95: number;
  readonly times: number;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

export const timingOf = (ms: readonly number[]): Timing => {
  const sorted = [...ms].sort((a, b) => a - b);
  return { median: at(sorted, 0.5), p95: at(sorted, 0.95), times: ms.length };
};

/** Milliseconds on the clock that the work takes. */
export const timed = async (work: () => unknown): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

/** Microseconds of this process's CPU that the work takes, the collection of its garbage included. */
export const cpuOf = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};
