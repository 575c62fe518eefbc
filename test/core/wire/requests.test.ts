import fc from 'fast-check';
import { serialize } from 'pg-protocol';
import { describe, expect, it } from 'vitest';
import type { Encoded } from '../../../src/core/wire/parameters.ts';
import { Requests } from '../../../src/core/wire/requests.ts';

const noNul = (text: string): string => text.replaceAll('\0', '');
const anyName = fc.string({ unit: 'binary', maxLength: 20 }).map(noNul);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }).map(noNul),
  fc.string({ maxLength: 20 }).map((text) => text.repeat(9_000)),
);
const anyValue: fc.Arbitrary<Encoded> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(null, '', Buffer.alloc(0), 'ü'.repeat(65), '\ud800', 'x'.repeat(70_000)),
  fc.constant(Buffer.alloc(1_100_000, 7)),
);
type Request =
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'parse'; readonly name: string; readonly text: string }
  | { readonly kind: 'carryOut'; readonly name: string; readonly values: readonly Encoded[] };
const anyRequest = fc.oneof<fc.Arbitrary<Request>[]>(
  fc.record({ kind: fc.constant('close'), name: anyName }),
  fc.record({ kind: fc.constant('parse'), name: anyName, text: anyText }),
  fc.record({
    kind: fc.constant('carryOut'),
    name: anyName,
    values: fc.array(anyValue, { maxLength: 12 }),
  }),
);

/** What pg would send. */
const byPg = (request: Request): Buffer => {
  switch (request.kind) {
    case 'close':
      return serialize.close({ type: 'S', name: request.name });
    case 'parse':
      return serialize.parse({ name: request.name, text: request.text });
    case 'carryOut': {
      const values = [...request.values];
      const bind = serialize.bind({ statement: request.name, values });
      return Buffer.concat([bind, serialize.describe({ type: 'P' }), serialize.execute()]);
    }
  }
};

const written = (all: readonly Request[]): Buffer => {
  const requests = new Requests();
  for (const one of all) {
    if (one.kind === 'close') requests.close(one.name);
    else if (one.kind === 'parse') requests.parse(one.name, one.text);
    else requests.carryOut(one.name, one.values);
  }
  requests.sync();
  return requests.done();
};

describe('requests', () => {
  it('are to the byte what pg would send', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 6 }), (all) => {
        const expected = Buffer.concat([...all.map(byPg), serialize.sync()]);
        expect(written(all).equals(expected)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('are not changed by those that are written later', () => {
    const first = written([{ kind: 'carryOut', name: 'one', values: ['x'.repeat(3_000)] }]);
    const copy = Buffer.from(first);
    written([{ kind: 'carryOut', name: 'two', values: ['y'.repeat(3_000)] }]);
    expect(first.equals(copy)).toBe(true);
  });

  it('have no more values than can be counted', () => {
    const values = Array.from({ length: 65_536 }, () => '');
    const carryOut = (count: number) =>
      written([{ kind: 'carryOut', name: '', values: values.slice(0, count) }]);
    expect(() => carryOut(65_536)).toThrow(RangeError);
    expect(carryOut(65_535)).toHaveLength(1 + 4 + 2 + 2 + 65_535 * 6 + 2 + 4 + 7 + 10 + 5);
  });
});
