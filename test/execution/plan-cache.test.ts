import { describe, expect, it } from 'vitest';
import { PlanCache } from '../../src/execution/plan-cache.ts';

const values = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

describe('a plan cache', () => {
  it('gives what was put in, by owner and key', () => {
    const cache = new PlanCache<object, object>(100);
    const [a, b] = [{}, {}];
    const [one, two, three] = values(3);
    cache.set(a, 'x', one!, 1);
    cache.set(a, 'y', two!, 1);
    cache.set(b, 'x', three!, 1);
    expect([cache.get(a, 'x'), cache.get(a, 'y'), cache.get(b, 'x'), cache.get(b, 'y')]).toEqual([one, two, three, undefined]); // prettier-ignore
    expect(cache.get(a, 'x')).toBe(one);
  });

  it('stays within its weight, and puts out what was longest unused', () => {
    const cache = new PlanCache<object, object>(100);
    const owner = {};
    const kept = values(20);
    for (const [n, value] of kept.entries()) {
      cache.set(owner, `${n}`, value, 18);
      cache.get(owner, '0');
      expect(cache.weight).toBeLessThanOrEqual(100);
    }
    const left = kept.filter((_, n) => cache.get(owner, `${n}`) !== undefined);
    expect(left).toEqual([kept[0], kept[17], kept[18], kept[19]]);
    expect(cache.size).toBe(4);
  });

  it('counts what grows, and does not keep what outgrows its share', () => {
    const cache = new PlanCache<object, object>(100);
    const owner = {};
    const [large, small] = values(2);
    cache.set(owner, 'small', small!, 1);
    cache.set(owner, 'large', large!, 1);
    for (let n = 0; n < 1000; n += 1) cache.grow(large!, 1);
    expect(cache.get(owner, 'large')).toBe(undefined);
    // One that is too large pushes nothing else out.
    expect(cache.get(owner, 'small')).toBe(small);
    expect(cache.weight).toBe(1 + 'small'.length + 1);
  });

  it('weighs keys, and plans without any field', () => {
    const cache = new PlanCache<object, object>(400);
    const owner = {};
    for (const [n, value] of values(1000).entries())
      cache.set(owner, `${n}`.padStart(49), value, 0);
    expect(cache.size).toBe(8);
  });

  it('counts a value put in again once', () => {
    const cache = new PlanCache<object, object>(100);
    const owner = {};
    for (const value of values(50)) cache.set(owner, 'same', value, 5);
    expect(cache.size).toBe(1);
    expect(cache.weight).toBe(10);
  });
});
