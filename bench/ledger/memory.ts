import { setImmediate as turn } from 'node:timers/promises';

/** Bytes of this process. */
export interface Memory {
  /** As the operating system counts it: also what the heap has taken and not given back. */
  readonly resident: number;
  /** What is still referred to: on the heap, and buffers beside it. */
  readonly used: number;
}

/** Memory after collecting all garbage. Needs `--expose-gc`. */
export const memoryNow = async (): Promise<Memory> => {
  if (!globalThis.gc) throw new Error('memory cannot be measured without --expose-gc');
  // Several, because what one collection finalizes only the next sets free.
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc();
    await turn();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: rss, used: heapUsed + external };
};

export const grown = (before: Memory, after: Memory): Memory => ({
  resident: after.resident - before.resident,
  used: after.used - before.used,
});
