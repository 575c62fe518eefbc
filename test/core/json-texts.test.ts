import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoTime } from '../../src/core/iso-time.ts';
import { quoted } from '../../src/core/quoted.ts';

it('a time is written as `toISOString` writes it, whatever was written before', () => {
  const near = fc
    .tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: -2_000, max: 2_000 }))
    .map(([seconds, ms]) => new Date(seconds * 1_000 + ms));
  const anyTime = fc.oneof(near, fc.date({ noInvalidDate: true }));
  fc.assert(
    fc.property(fc.array(fc.tuple(anyTime, fc.nat(1_500)), { maxLength: 5 }), (times) => {
      for (const [at, later] of times) {
        expect(isoTime(at)).toBe(at.toISOString());
        const then = new Date(Math.min(at.getTime() + later, 8.64e15));
        expect(isoTime(then)).toBe(then.toISOString());
      }
    }),
    { numRuns: 2_000 },
  );
  expect(() => isoTime(new Date(NaN))).toThrow(RangeError);
  expect(() => isoTime(new Date(NaN))).toThrow(RangeError);
});

it('a text is written as `JSON.stringify` writes it', () => {
  const anyText = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom('"', '\\', '\u007f', '\u2028', '\ud800', 'ü', '\n', 'x'.repeat(300)),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      expect(quoted(text)).toBe(JSON.stringify(text));
    }),
    { numRuns: 3_000 },
  );
});
