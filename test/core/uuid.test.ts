import { describe, expect, it } from 'vitest';
import { uuidv7 } from '../../src/core/uuid.ts';

describe('uuidv7', () => {
  it('gives ids of version 7 that ascend, over many draws of random words', () => {
    const began = Date.now();
    const ids = Array.from({ length: 20_000 }, uuidv7);
    const ended = Date.now();
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const at = parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
      expect(at).toBeGreaterThanOrEqual(began);
      // Should the counter of one millisecond run over, the next is begun.
      expect(at).toBeLessThanOrEqual(ended + 1);
    }
    // The last 32 bits are drawn for each id anew: none may be missing in the draw.
    const last = ids.map((id) => parseInt(id.slice(-8), 16));
    expect(last.filter((word) => word === 0).length).toBeLessThan(3);
    expect(new Set(last).size).toBeGreaterThan(ids.length - 10);
    for (let bit = 0; bit < 32; bit += 1) {
      const ones = last.filter((word) => ((word >>> bit) & 1) === 1).length;
      expect(Math.abs(ones - ids.length / 2)).toBeLessThan(700);
    }
  });
});
