import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../src/core/wire/deadline.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** Time goes by, and what is to be done in the same turn is done. */
const pass = async (ms: number): Promise<void> => {
  vi.advanceTimersByTime(ms);
  await new Promise((resolve) => setImmediate(resolve));
};
const waiting = () => ({ late: vi.fn<() => void>() });

describe('a deadline', () => {
  it('is told to who waits, when the time is over and not before', async () => {
    const deadline = new Deadline();
    const one = waiting();
    deadline.begin(one, 100);
    await pass(99);
    expect(one.late).not.toHaveBeenCalled();
    await pass(1);
    expect(one.late).toHaveBeenCalledOnce();
    await pass(1_000);
    expect(one.late).toHaveBeenCalledOnce();
  });

  it('begins anew with each who waits, and means nobody between', async () => {
    const deadline = new Deadline();
    const all = Array.from({ length: 20 }, () => waiting());
    for (const one of all) {
      deadline.begin(one, 100);
      await pass(90);
      deadline.end(one);
    }
    await pass(1_000);
    const last = waiting();
    // Its timer ran out long ago.
    deadline.begin(last, 100);
    await pass(99);
    expect(last.late).not.toHaveBeenCalled();
    await pass(1);
    expect(last.late).toHaveBeenCalledOnce();
    for (const one of all) expect(one.late).not.toHaveBeenCalled();
  });

  it('may be another each time', async () => {
    const deadline = new Deadline();
    for (const limit of [100, 10, 500, 500, 20]) {
      const one = waiting();
      deadline.begin(one, limit);
      await pass(limit - 1);
      expect(one.late).not.toHaveBeenCalled();
      await pass(1);
      expect(one.late).toHaveBeenCalledOnce();
      deadline.end(one);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is of one at a time, whom only that one ends', async () => {
    const deadline = new Deadline();
    const [one, other] = [waiting(), waiting()];
    deadline.begin(one, 100);
    expect(() => deadline.begin(other, 100)).toThrow('one statement at a time');
    deadline.end(other);
    expect(() => deadline.begin(other, 100)).toThrow('one statement at a time');
    await pass(100);
    expect(one.late).toHaveBeenCalledOnce();
    expect(other.late).not.toHaveBeenCalled();
  });
});
