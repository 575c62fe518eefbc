import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TextColumn } from '../../src/core/text-column.ts';
import { absent, IdTable } from '../../src/ledger/id-table.ts';
import { isNumberable } from '../../src/ledger/id-words.ts';
import type { WordHash } from '../../src/ledger/keyed-hash.ts';
import { numberColumn } from '../../src/ledger/number-column.ts';
import { columnOf } from './text-column.ts';

/** Hashes under which ids meet: all of them, by length, by how they begin. */
const hashes: readonly (WordHash | undefined)[] = [
  undefined,
  () => 0,
  () => -1,
  (_words, length) => length,
  (words) => words[0] ?? 0,
  (words) => (words[0] ?? 0) & 0xff,
];

const fixed = [
  ...[
    '__proto__',
    'constructor',
    'a',
    'ab',
    'abc',
    'b',
    'é',
    'e\u0301',
    '😀',
    '\u{10ffff}',
    '\ufffd',
  ],
  ...['x'.repeat(255), 'x'.repeat(256), '€'.repeat(256), '😀'.repeat(128), ' ', '\uffff', '\x7f'],
];
const unusable = [
  '',
  'x'.repeat(257),
  '€'.repeat(257),
  '😀'.repeat(129),
  'a\0b',
  '\ud800',
  'a\udc00',
];
const anyId = fc.oneof(
  fc.constantFrom(...fixed),
  fc.constantFrom(...unusable),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.uuid(),
  fc.stringMatching(/^[ab]{1,6}$/),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ keep: fc.array(anyId, { maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ remove: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
);

/** Three bytes in, and more behind it. */
const within = (id: string): DataView => {
  const bytes = Buffer.concat([Buffer.from('pre'), Buffer.from(id), Buffer.from('post')]);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

describe('a table of ids', () => {
  it('knows what a map knows, whatever the hash, when numbers are forgotten and it overflows', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom(...hashes),
        fc.constantFrom(0, 1, 7, 1_000),
        (steps, hash, max) => {
          const table = new IdTable(max, hash);
          const model = new Map<string, number>();
          const met = new Set<string>([...fixed, ...unusable]);
          let next = 0;
          for (const one of steps) {
            if ('keep' in one) {
              const found = new Map(
                one.keep.filter(isNumberable).map((id) => [id, (next += 1) % 60] as const),
              );
              for (const id of found.keys()) met.add(id);
              table.keep(found);
              for (const [id, number] of found) model.set(id, number);
            } else if ('remove' in one) {
              table.remove(one.remove);
              for (const [id, number] of model) if (number === one.remove) model.delete(id);
            } else {
              table.clear();
              model.clear();
            }
            for (const id of met) {
              const expected = model.get(id) ?? absent;
              const got = table.getText(id);
              // It may have given up what it knew when it was full, and never knows anything else.
              if (max === 1_000) expect(got).toBe(expected);
              else expect([expected, absent]).toContain(got);
              if (!id.isWellFormed()) continue;
              expect(table.get(within(id), 3, Buffer.byteLength(id))).toBe(got);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps at most as many as it may, and a batch that is larger not at all', () => {
    const some = (from: number, count: number) =>
      new Map(Array.from({ length: count }, (_, i) => [`id ${from + i}`, from + i] as const));
    const known = (table: IdTable) =>
      Array.from({ length: 100 }, (_, i) => table.getText(`id ${i}`)).filter((n) => n !== absent);
    const table = new IdTable(10);
    table.keep(some(0, 6));
    table.keep(some(6, 4));
    expect(known(table)).toHaveLength(10);
    table.keep(some(10, 1));
    expect(known(table)).toEqual([10]);
    table.keep(some(20, 11));
    expect(known(table)).toEqual([]);
    // Removed ones take their place until it is emptied: who erases many does not make it grow.
    for (let i = 0; i < 40; i += 1) {
      table.keep(some(i, 1));
      table.remove(i);
    }
    table.keep(some(50, 10));
    expect(known(table)).toHaveLength(10);
  });

  it('finds each of 30,000, over many slabs and growths', () => {
    const table = new IdTable(30_000);
    const idOf = (i: number): string => `${i}${'€'.repeat(i % 250)}`;
    const all = Array.from({ length: 30_000 }, (_, i) => [idOf(i), i] as const);
    for (let i = 0; i < all.length; i += 1_000) table.keep(new Map(all.slice(i, i + 1_000)));
    for (const [id, number] of all) expect(table.getText(id)).toBe(number);
    expect(table.getText(`${idOf(249)}€`)).toBe(absent);
  });

  it('has no trace of an id whose number was removed', () => {
    const buffers: Int32Array[] = [];
    const Plain = globalThis.Int32Array;
    const spy = new Proxy(Plain, {
      construct: (target, args: [number]) => {
        const made = new target(...args);
        buffers.push(made);
        return made;
      },
    });
    globalThis.Int32Array = spy;
    const table = new IdTable(10);
    try {
      table.keep(new Map([['erased person', 7], ['other person', 8]])); // prettier-ignore
    } finally {
      globalThis.Int32Array = Plain;
    }
    const holds = (id: string) =>
      // Apart from what looks one id up, which holds the last.
      buffers.some((one) => one.length > 1_000 && Buffer.from(one.buffer).includes(id));
    expect(holds('erased person')).toBe(true);
    table.remove(7);
    expect(holds('erased person')).toBe(false);
    expect(holds('other person')).toBe(true);
  });
});

describe('a column of ids', () => {
  it('is numbered as its texts are', () => {
    const cell = fc.option(
      anyId.filter((id) => id.isWellFormed()),
      { nil: null },
    );
    const runs = fc.array(fc.tuple(cell, fc.integer({ min: 1, max: 3 })), { maxLength: 20 });
    fc.assert(
      fc.property(runs, fc.constantFrom(...hashes), fc.nat(20), (parts, hash, known) => {
        const ids = parts.flatMap(([id, times]) => Array.from({ length: times }, () => id));
        const able = [...new Set(ids)].filter((id) => id !== null && isNumberable(id)) as string[];
        const all = new Map(able.map((id, i) => [id, 100 + i] as const));
        const table = new IdTable(100, hash);
        table.keep(new Map([...all].slice(0, known)));
        const numbered = numberColumn(table, columnOf(ids));
        expect([...numbered.missing].sort()).toEqual([...all.keys()].slice(known).sort());
        // One of them is not found.
        const found = new Map([...all].slice(known + 1));
        const expected = ids.map((id) =>
          id === null || id === able[known] ? absent : (all.get(id) ?? absent),
        );
        expect([...numbered.complete(found)]).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('that is no UTF-8 is nobody, and not who its replacement would be', () => {
    const table = new IdTable(10);
    table.keep(new Map([['a\ufffd', 1], ['\ufffd', 2]])); // prettier-ignore
    const bytes = Buffer.from([0x61, 0xff, 0xff, 0xed, 0xa0, 0x80]);
    const cells = Int32Array.from([0, 2, 1, 1, 3, 3, 4, 1]);
    const column: TextColumn = { count: 4, bytes, cells, width: 1, column: 0 };
    const numbered = numberColumn(table, column);
    expect(numbered.missing).toEqual([]);
    expect([...numbered.complete(new Map())]).toEqual([absent, absent, absent, absent]);
    expect([...numberColumn(table, columnOf(['a\ufffd', '\ufffd'])).complete(new Map())]).toEqual([
      1, 2,
    ]);
  });

  it('asks the table once for a run of one person', () => {
    let hashed = 0;
    const table = new IdTable(10, () => (hashed += 1) * 0);
    table.keep(new Map([['a', 1], ['b', 2]])); // prettier-ignore
    hashed = 0;
    const rows = columnOf(['a', 'a', 'a', 'b', 'b', 'a', null, null, 'a']);
    expect([...numberColumn(table, rows).complete(new Map())]).toEqual([
      1, 1, 1, 2, 2, 1, -1, -1, 1,
    ]);
    expect(hashed).toBe(4);
  });
});
