import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NameColumn } from '../../src/answer/cells.ts';
import { NameIndex } from '../../src/answer/name-index.ts';

/** A column in the middle of rows of three cells, NULL for `null`. */
const columnOf = (names: readonly (string | null)[], isWhole: boolean): NameColumn => {
  const cells = new Int32Array(6 * names.length).fill(-1);
  const parts: Buffer[] = [Buffer.from('12')];
  let at = 2;
  names.forEach((name, i) => {
    if (name === null) return;
    const bytes = Buffer.from(name);
    parts.push(bytes);
    cells[6 * i + 2] = at;
    cells[6 * i + 3] = bytes.length;
    at += bytes.length;
  });
  return { count: names.length, bytes: Buffer.concat(parts), cells, width: 3, column: 1, isWhole };
};

const least = -(2 ** 31);
const anyWhole = fc
  .oneof(
    fc.constantFrom(0, 1, -1, 10, least, least + 1, 2 ** 31 - 1),
    fc.integer({ min: -5, max: 5 }),
    fc.integer({ min: least, max: 2 ** 31 - 1 }),
  )
  .map(String);
const anyText = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'é', '__proto__', '01', '1', '+1', '1 '),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const anyColumn = fc.boolean().chain((isWhole) =>
  fc.record({
    isWhole: fc.constant(isWhole),
    names: fc.array(fc.option(isWhole ? anyWhole : anyText, { nil: null }), { maxLength: 30 }),
  }),
);

describe('an index of names', () => {
  it('has a group for each name, and finds no other, whatever the columns hold', () => {
    fc.assert(
      fc.property(anyColumn, anyColumn, fc.boolean(), (above, below, all) => {
        const index = new NameIndex(columnOf(above.names, above.isWhole));
        const model = new Map<string, number>();
        above.names.forEach((name, row) => {
          // Some rows above look for nothing.
          if (!all && row % 3 === 1) return;
          if (name !== null && !model.has(name)) model.set(name, model.size);
          expect(index.add(row)).toBe(name === null ? -1 : model.get(name));
        });
        expect(index.names).toEqual([...model.keys()]);
        // Names from above as well, each several times.
        const shared = above.isWhole === below.isWhole ? above.names : [];
        const asked = [...below.names, ...shared].flatMap((name) => [name, name]);
        expect([...index.find(columnOf(asked, below.isWhole))]).toEqual(
          asked.map((name) => (name === null ? -1 : (model.get(name) ?? -1))),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps thousands of numbers apart', () => {
    const names = Array.from({ length: 5_000 }, (_, i) => String((i - 2_500) * 65_536));
    const index = new NameIndex(columnOf(names, true));
    names.forEach((_, row) => expect(index.add(row)).toBe(row));
    const found = index.find(columnOf([...names, '7'], true));
    expect([...found]).toEqual([...names.map((_, row) => row), -1]);
  });
});
