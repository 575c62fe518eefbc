import { describe, expect, it } from 'vitest';
import { readColumns, WireRows } from '../../../src/sources/sql/wire-rows.ts';
import { dataRow, rowDescription } from '../../core/wire/messages.ts';

const two = readColumns(
  rowDescription([
    { name: 'a', oid: 25 },
    { name: 'b', oid: 23 },
  ]),
);
const sample = () =>
  Buffer.concat([dataRow(['ä', '-12']), dataRow([null, '0']), dataRow(['', null])]);

describe('rows on the wire', () => {
  it('tell null from empty, and one cell from the next', () => {
    const rows = new WireRows(two, sample(), 3);
    expect(rows.values().map(({ values }) => values)).toEqual([
      ['ä', -12],
      [null, 0],
      ['', null],
    ]);
    expect(rows.kinds).toEqual(['text', 'int']);
    expect([...rows.cells].filter((_, i) => i % 2 === 1)).toEqual([2, 3, -1, 1, 0, -1]);
    expect(rows.value(0, 0)).toBe('ä');
    expect(() => rows.value(3, 0)).toThrow(RangeError);
  });

  it('are refused with one byte fewer or more, in whatever place', () => {
    const whole = sample();
    for (let at = 0; at < whole.length; at += 1) {
      const short = Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]);
      expect(() => new WireRows(two, short, 3)).toThrow();
    }
    expect(() => new WireRows(two, Buffer.concat([whole, Buffer.from([0])]), 3)).toThrow();
    expect(() => new WireRows(two, sample(), 2)).toThrow();
    expect(() => new WireRows(two, sample(), 4)).toThrow();
    expect(() => new WireRows(two.slice(1), sample(), 3)).toThrow();
  });

  it('are refused when a length leads out of its row, or below nothing', () => {
    for (const length of [-2, 4, 5, 100, 2 ** 31 - 1, -(2 ** 31)]) {
      const row = dataRow(['abc', '1']);
      row.writeInt32BE(length, 7);
      expect(() => new WireRows(two, Buffer.concat([row, dataRow(['x', '2'])]), 2)).toThrow();
    }
  });

  it('are characters of UTF-8 even where the database holds other bytes', () => {
    const latin = Buffer.from('Bj\xf6rn', 'latin1');
    const halves = [Buffer.from([0xc3]), Buffer.from([0xa4])];
    const rows = new WireRows(two, Buffer.concat([dataRow([latin, '1']), dataRow(['ok', '2'])]), 2);
    expect(rows.bytes.toString('utf8', rows.cells[0], rows.cells[0]! + rows.cells[1]!)).toBe(
      'Bj\ufffdrn',
    );
    expect(rows.values().map(({ values }) => values)).toEqual([
      ['Bj\ufffdrn', 1],
      ['ok', 2],
    ]);
    // Two cells that are a character only together are none apart.
    const texts = readColumns(rowDescription(['a', 'b'].map((name) => ({ name, oid: 25 }))));
    const split = new WireRows(texts, dataRow(halves), 1);
    expect([split.value(0, 0), split.value(0, 1)]).toEqual(['\ufffd', '\ufffd']);
    expect(split.bytes.toString()).toBe('\ufffd\ufffd');
  });

  it('are read whatever their length, short pieces and long ones', () => {
    for (const length of [0, 1, 12, 13, 126, 127, 128, 129, 255, 256, 65_535, 65_536, 1_000_000]) {
      for (const one of ['x', 'ü', '😀']) {
        const cell = one.repeat(length);
        const rows = new WireRows(
          two,
          Buffer.concat([dataRow([cell, '7']), dataRow(['y', '8'])]),
          2,
        );
        expect(rows.values().map(({ values }) => values)).toEqual([
          [cell, 7],
          ['y', 8],
        ]);
      }
    }
  });

  it('are refused when described in a way that is not known', () => {
    const described = rowDescription([{ name: 'a', oid: 25 }]);
    expect(() => readColumns(rowDescription([{ name: 'a', oid: 25, format: 1 }]))).toThrow();
    for (let at = 0; at < described.length; at += 1) {
      expect(() => readColumns(described.subarray(0, at))).toThrow();
    }
    expect(() => readColumns(Buffer.concat([described, Buffer.from([0])]))).toThrow();
  });
});
