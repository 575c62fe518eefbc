import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readGpc } from '../../src/identity/read-gpc.ts';

const space = fc.constantFrom('', ' ', '\t', '  ');
const value = fc.oneof(
  fc.constantFrom('1', '0', '1;x', '11', ''),
  fc.string({ maxLength: 5 }).map((text) => text.replaceAll(',', '')),
);
const written = fc
  .array(fc.tuple(space, value, space), { minLength: 1, maxLength: 5 })
  .map((values) => values.map(([before, one, after]) => `${before}${one}${after}`));

it('holds where one of the values is 1, joined or apart', () => {
  fc.assert(
    fc.property(written, (values) => {
      const expected = values.some((one) => one.trim() === '1');
      expect(readGpc(values.join(','))).toBe(expected);
      expect(readGpc(values)).toBe(expected);
    }),
  );
});

it('is never lowered by further values', () => {
  fc.assert(
    fc.property(written, written, (some, more) => {
      if (readGpc(some)) expect(readGpc([...some, ...more])).toBe(true);
      if (readGpc(some)) expect(readGpc([...more, ...some].join(', '))).toBe(true);
    }),
  );
});
