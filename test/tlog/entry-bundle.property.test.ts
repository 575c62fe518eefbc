import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBundle, encodeBundle } from '../../src/tlog/entry-bundle.ts';

const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 256 });
const refused = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'TLOG_TILE',
    message: expect.stringMatching(message) as string,
  });

describe('a bundle of entries', () => {
  it('holds each after its length', () => {
    expect(encodeBundle([Buffer.from('ab'), Buffer.alloc(0), Buffer.alloc(258, 7)])).toEqual(
      Buffer.concat([Buffer.from([0, 2, 97, 98, 0, 0, 1, 2]), Buffer.alloc(258, 7)]),
    );
  });

  it('gives back what was put in', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const decoded = decodeBundle(encodeBundle(list), list.length);
        expect(decoded).toEqual(list.map((entry) => Buffer.from(entry)));
      }),
    );
    const longest = Buffer.alloc(65_535, 1);
    expect(decodeBundle(encodeBundle([longest]), 1)).toEqual([longest]);
  });

  it('is refused wherever it is cut off, with any byte after it, and for another width', () => {
    fc.assert(
      fc.property(entries, fc.nat(), (list, at) => {
        const bytes = encodeBundle(list);
        const width = list.length;
        const cut = bytes.subarray(0, at % bytes.length);
        expect(() => decodeBundle(cut, width)).toThrow(refused(/^entry \d+ of the bundle/));
        const more = Buffer.concat([bytes, Buffer.alloc(1)]);
        expect(() => decodeBundle(more, width)).toThrow(refused(/come 1 bytes$/));
        if (width > 1) expect(() => decodeBundle(bytes, width - 1)).toThrow(refused(/come/));
        if (width < 256) {
          expect(() => decodeBundle(bytes, width + 1)).toThrow(
            refused(new RegExp(`^entry ${width} of the bundle is missing`)),
          );
        }
      }),
    );
  });

  it('names the first entry that is wrong', () => {
    const long = [Buffer.alloc(1), Buffer.alloc(65_536)];
    expect(() => encodeBundle(long)).toThrow(refused(/^entry 1 of the bundle has 65536 bytes/));
    const bytes = encodeBundle([Buffer.alloc(3), Buffer.alloc(9)]);
    expect(() => decodeBundle(bytes.subarray(0, 10), 2)).toThrow(
      refused(/^entry 1 of the bundle has 3 of its 9 bytes/),
    );
    expect(() => decodeBundle(bytes.subarray(0, 6), 2)).toThrow(
      refused(/^entry 1 of the bundle is cut off within its length/),
    );
  });

  it.each([0, 257, -1, 0.5])('does not hold %s entries', (width) => {
    expect(() => decodeBundle(Buffer.alloc(2), width)).toThrow(refused(/1 to 256/));
  });

  it('is read from within a larger buffer', () => {
    const bytes = encodeBundle([Buffer.from('ab')]);
    const larger = new Uint8Array([9, 9, ...bytes, 9]);
    expect(decodeBundle(larger.subarray(2, 6), 1)).toEqual([Buffer.from('ab')]);
  });
});
