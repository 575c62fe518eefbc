import { expect, it } from 'vitest';
import { BoundedMap } from '../../src/core/bounded-map.ts';

it('drops what was longest not asked for, and counts every weight once', () => {
  const map = new BoundedMap<string, number>(100);
  for (let i = 0; i < 20; i += 1) map.set(`k${i}`, i, 5);
  expect(map.weight).toBe(100);
  expect(map.get('k0')).toBe(0);
  map.set('k20', 20, 5);
  expect([map.has('k0'), map.has('k1'), map.has('k20')]).toEqual([true, false, true]);
  map.set('k20', 21, 1);
  expect([map.get('k20'), map.weight]).toEqual([21, 96]);
  expect([map.delete('k20'), map.delete('k20'), map.weight]).toEqual([true, false, 95]);
});

it('keeps nothing that would push out many others, not even in the place of something small', () => {
  const map = new BoundedMap<string, number>(100);
  map.set('a', 1, 5);
  map.set('a', 2, 6);
  map.set('b', 3, Infinity);
  expect([map.get('a'), map.get('b'), map.weight]).toEqual([undefined, undefined, 0]);
});

it('takes any key', () => {
  const map = new BoundedMap<string, number>(100);
  expect(map.get('__proto__')).toBeUndefined();
  map.set('__proto__', 1, 1);
  expect(map.get('__proto__')).toBe(1);
});
