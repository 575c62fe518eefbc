import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../src/core/wire/deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const waiting = () => ({ late: vi.fn<() => void>() });

describe('a deadline', () => {
  it('is told to who waits, when the time is over and not before', () => {
    const deadline = new Deadline();
    const one = waiting();
    deadline.begin(one, 100);
    vi.advanceTimersByTime(99);
    expect(one.late).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(one.late).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1_000);
    expect(one.late).toHaveBeenCalledOnce();
  });

  it('begins anew with each who waits, and means nobody between', () => {
    const deadline = new Deadline();
    const all = Array.from({ length: 20 }, () => waiting());
    for (const one of all) {
      deadline.begin(one, 100);
      vi.advanceTimersByTime(90);
      deadline.end(one);
    }
    vi.advanceTimersByTime(1_000);
    const last = waiting();
    // Its timer ran out long ago.
    deadline.begin(last, 100);
    vi.advanceTimersByTime(99);
    expect(last.late).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(last.late).toHaveBeenCalledOnce();
    for (const one of all) expect(one.late).not.toHaveBeenCalled();
  });

  it('may be another each time', () => {
    const deadline = new Deadline();
    for (const limit of [100, 10, 500, 500, 20]) {
      const one = waiting();
      deadline.begin(one, limit);
      vi.advanceTimersByTime(limit - 1);
      expect(one.late).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(one.late).toHaveBeenCalledOnce();
      deadline.end(one);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is of one at a time, whom only that one ends', () => {
    const deadline = new Deadline();
    const [one, other] = [waiting(), waiting()];
    deadline.begin(one, 100);
    expect(() => deadline.begin(other, 100)).toThrow('one statement at a time');
    deadline.end(other);
    expect(() => deadline.begin(other, 100)).toThrow('one statement at a time');
    vi.advanceTimersByTime(100);
    expect(one.late).toHaveBeenCalledOnce();
    expect(other.late).not.toHaveBeenCalled();
  });
});
