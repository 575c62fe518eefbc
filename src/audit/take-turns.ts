import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * For long work on one thread: called between its steps, it lets others have their turn as often as
 * the time is up.
 *
 * @param sliceMs how long the work may go on
 */
export const takeTurns = (sliceMs = 4): (() => Promise<void> | undefined) => {
  let since = performance.now();
  return () => {
    if (performance.now() - since < sliceMs) return undefined;
    return nextTurn().then(() => {
      since = performance.now();
    });
  };
};
