import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, type Parameter } from '../../../src/core/wire/parameters.ts';

// pg's own, which is no part of what it offers: here it is what to be equal to.
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as {
  readonly prepareValue: (value: unknown) => unknown;
};

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const single = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '\\"', '{}', 'NULL', 'a,b', "'", '\n'),
  fc.integer(),
  fc.double(),
  bytes,
  fc.constant(null),
);

describe('a parameter', () => {
  it('is written as pg writes it', () => {
    fc.assert(
      fc.property(fc.oneof(single, fc.array(single)), (value: Parameter) => {
        expect(encode(value)).toEqual(prepareValue(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of bytes is those bytes and no copy', () => {
    const value = Buffer.from([0, 255, 92]);
    expect(encode(value)).toBe(value);
    expect(encode([value, value])).toBe(String.raw`{\\x00ff5c,\\x00ff5c}`);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['date', new Date()],
    ['boolean', true],
    ['bigint', 1n],
    ['object', { toPostgres: () => 'x' }],
    ['object', new Uint8Array(3)],
    ['symbol', Symbol('x')],
    ['function', () => 'x'],
  ])('of the kind %s is refused, alone and in an array, and is not told', (kind, value) => {
    const message = `a value of the kind \`${kind}\` cannot be sent to the database`;
    expect(() => encode(value as string)).toThrow(new TypeError(message));
    expect(() => encode([1, value as string])).toThrow(new TypeError(message));
  });

  it('of arrays in arrays is refused', () => {
    expect(() => encode([[1]] as unknown as number[])).toThrow(TypeError);
  });
});
