import { parse, type DocumentNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { FairCache } from '../../src/gateway/fair-cache.ts';
import { createKnownDocuments, ownerOf } from '../../src/gateway/known-documents.ts';

describe('a cache that several share', () => {
  it('pushes out what the one with most has not used for longest', () => {
    const dropped: string[] = [];
    const cache = new FairCache<string, number>(100, (key) => dropped.push(key));
    cache.set('steady', 's1', 1, 5);
    cache.set('steady', 's2', 1, 5);
    for (let n = 0; n < 1_000; n += 1) cache.set('flood', `f${n}`, n, 5);
    expect(cache.get('s1')).toBe(1);
    expect(cache.get('s2')).toBe(1);
    expect(cache.size).toBe(20);
    expect(dropped).toHaveLength(982);
    expect(dropped[0]).toBe('f0');
    // Used, so that another goes first.
    cache.get('f982');
    cache.set('flood', 'more', 0, 5);
    expect(cache.has('f982')).toBe(true);
    expect(cache.has('f983')).toBe(false);
  });

  it('keeps nothing that is heavier than a twentieth of it, or of no weight that is known', () => {
    const cache = new FairCache<string, number>(100);
    expect(cache.set('a', 'large', 1, 6)).toBe(false);
    expect(cache.set('a', 'unknown', 1, NaN)).toBe(false);
    expect(cache.size).toBe(0);
    expect(cache.set('a', 'small', 1, 5)).toBe(true);
    // In its place there was something; what is there now must not be the old.
    expect(cache.set('a', 'small', 2, 6)).toBe(false);
    expect(cache.get('small')).toBeUndefined();
  });

  it('counts a key once, whoever sets it', () => {
    const cache = new FairCache<string, number>(20);
    for (let n = 0; n < 100; n += 1) cache.set(n % 2 === 0 ? 'a' : '__proto__', 'same', n, 1);
    expect(cache.size).toBe(1);
    expect(cache.get('same')).toBe(99);
    expect(cache.delete('same')).toBe(true);
    expect(cache.delete('same')).toBe(false);
    for (let n = 0; n < 20; n += 1) cache.set('a', `${n}`, n, 1);
    expect(cache.size).toBe(20);
  });
});

describe('known documents', () => {
  const keyOf = (n: number): string => `schema:${String(n).padStart(64, '0')}`;
  const hashOf = (n: number): string => keyOf(n).slice(-64);
  const documentOf = (n: number): DocumentNode => parse(`{ field${n} }`);

  it('are whose client sent them first, and one client pushes out none of another’s', async () => {
    const known = createKnownDocuments(2_000);
    known.expect(hashOf(0), 'steady');
    const steady = documentOf(0);
    await known.set(keyOf(0), steady);
    for (let n = 1; n < 2_000; n += 1) {
      known.expect(hashOf(n), 'flood');
      await known.set(keyOf(n), documentOf(n));
    }
    expect(await known.get(keyOf(0))).toBe(steady);
    expect(known.find(hashOf(1))).toBeUndefined();
    expect(known.find(hashOf(1_999))).toBeDefined();
    expect(ownerOf(steady)).toBe('steady');
    expect(ownerOf(documentOf(0))).toBe('');
  });
});
