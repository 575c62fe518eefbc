/** The clock and the event loop; tests have their own. */
export interface GateClock {
  /** Milliseconds. */
  now(): number;
  /** Calls back after so long, and not before what has arrived was looked at. @returns calls it off */
  after(ms: number, then: () => void): () => void;
  /** Calls back when what goes on now has come to wait for something. */
  settled(then: () => void): void;
}

export const systemClock: GateClock = {
  now: () => performance.now(),
  after: (ms, then) => {
    // An immediate comes behind what has arrived, which a timer of 0 ms need not.
    let immediate: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      immediate = setImmediate(then);
    }, ms);
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
  // Ticks come when no promise is left that could go on.
  settled: (then) => queueMicrotask(() => process.nextTick(then)),
};
