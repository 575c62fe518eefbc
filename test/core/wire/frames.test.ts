import { describe, expect, it } from 'vitest';
import { Frames, type AnswerReader } from '../../../src/core/wire/frames.ts';
import { dataRow, message, rowDescription } from './messages.ts';

const text = (length: number) => 'x'.repeat(length);
const columns = rowDescription([
  { name: 'a', oid: 25 },
  { name: 'ü', oid: 23 },
]);
const rows = [
  dataRow(['one', '1']),
  dataRow([null, '']),
  dataRow(['D\0\0\0\x04Z\0\0\0\x05I', text(300)]),
];
const before = [message('1'), message('2')];
const notice = message('N', 'SNOTICE\0Mhello\0\0');
const complete = message('C', 'SELECT 3\0');
const ready = message('Z', 'I');
const after = [complete, ready];
const stream = Buffer.concat([
  ...before,
  columns,
  rows[0]!,
  notice,
  ...rows.slice(1),
  ...after,
  message('S', 'TimeZone\0UTC\0'),
]);

/** Feeds chunks that are read into again, unless they last. */
const collect = (chunks: readonly Buffer[], withReader = true, lasts = false) => {
  const handedOn: Buffer[] = [];
  const taken: [string, Buffer][] = [];
  let codes = '';
  // A driver keeps what it is given.
  const frames = new Frames((bytes) => handedOn.push(bytes));
  const reader: AnswerReader = {
    take: (code, bytes) => {
      const last = taken.at(-1);
      if (last?.[0] === String.fromCharCode(code)) last[1] = Buffer.concat([last[1], bytes]);
      else taken.push([String.fromCharCode(code), Buffer.from(bytes)]);
    },
    over: (code) => {
      codes += String.fromCharCode(code);
      if (code === 0x5a) frames.reader = undefined;
    },
  };
  if (withReader) frames.reader = reader;
  for (const chunk of chunks) {
    const fed = Buffer.from(chunk);
    frames.feed(fed, lasts);
    if (!lasts) fed.fill(0xff);
  }
  return { handedOn: Buffer.concat(handedOn), taken, codes };
};

const expected = {
  handedOn: Buffer.concat([notice, message('S', 'TimeZone\0UTC\0')]),
  taken: [
    ['T', columns],
    ['D', Buffer.concat(rows)],
    ['C', complete],
    ['Z', ready],
  ],
  codes: '12TDNDDCZ',
};

describe('frames', () => {
  it('tell the answer from the rest, wherever the stream is cut in two', () => {
    for (let at = 0; at <= stream.length; at += 1) {
      for (const lasts of [true, false]) {
        const got = collect([stream.subarray(0, at), stream.subarray(at)], true, lasts);
        expect(got, `cut at ${at}`).toEqual(expected);
      }
    }
  });

  it('tell them byte by byte, and in pieces of every size', () => {
    for (let size = 1; size <= stream.length; size += 1) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) pieces.push(stream.subarray(at, at + size));
      expect(collect(pieces), `pieces of ${size}`).toEqual(expected);
    }
  });

  it('hand everything on, as it came, when nobody reads the answer', () => {
    for (let at = 0; at <= stream.length; at += 1) {
      const { handedOn, taken } = collect([stream.subarray(0, at), stream.subarray(at)], false);
      expect(handedOn).toEqual(stream);
      expect(taken).toHaveLength(0);
    }
  });

  it('hand on before the reader is told, so that the driver is never behind', () => {
    const order: string[] = [];
    const frames = new Frames((bytes) => order.push(`driver ${bytes.toString('latin1', 0, 1)}`));
    frames.reader = {
      take: (code, bytes) => order.push(`reader ${String.fromCharCode(code)} ${bytes.length}`),
      over: (code) => order.push(`over ${String.fromCharCode(code)}`),
    };
    frames.feed(Buffer.concat([message('1'), columns, rows[0]!, rows[1]!, notice, ...after]), true);
    const given = (code: string, ...bytes: Buffer[]) =>
      `reader ${code} ${Buffer.concat(bytes).length}`;
    expect(order).toEqual([
      ...['over 1', given('T', columns), 'over T', 'over D', 'over D'],
      ...[given('D', rows[0]!, rows[1]!), 'driver N', 'over N'],
      ...[given('C', complete), 'over C', given('Z', ready), 'over Z'],
    ]);
  });

  it('give rows to nobody once their reader gave up, and not to the driver either', () => {
    const handedOn: Buffer[] = [];
    const frames = new Frames((bytes) => handedOn.push(bytes));
    frames.reader = { take: () => undefined, over: () => undefined };
    frames.feed(rows[2]!.subarray(0, 20), true);
    frames.reader = undefined;
    frames.feed(Buffer.concat([rows[2]!.subarray(20), message('Z', 'I')]), true);
    expect(Buffer.concat(handedOn)).toEqual(message('Z', 'I'));
  });

  it.each([
    ['a code that there is not', Buffer.from('x\0\0\0\x04')],
    ['a length shorter than itself', Buffer.from('D\0\0\0\x03')],
    ['a length without end', Buffer.from('D\xff\xff\xff\xff', 'latin1')],
    ['a length beyond what a server makes', Buffer.from('D\x40\0\0\x01')],
    ['an answer of another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('refuse %s, wherever it is cut', (_, garbage) => {
    for (let at = 0; at <= garbage.length; at += 1) {
      const chunks = [Buffer.concat([rows[0]!, garbage.subarray(0, at)]), garbage.subarray(at)];
      expect(() => collect(chunks), `cut at ${at}`).toThrow(/the server sent/);
      expect(() => collect(chunks, false)).toThrow(/the server sent/);
    }
  });
});
