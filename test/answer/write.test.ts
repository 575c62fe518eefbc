import fc from 'fast-check';
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLOutputType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { AnswerBuffer } from '../../src/answer/answer-buffer.ts';
import type { CellEntry } from '../../src/answer/answer-plan.ts';
import type { LoadedRows } from '../../src/answer/load-rows.ts';
import { NotPlain } from '../../src/answer/not-plain.ts';
import { RowWriter } from '../../src/answer/write-rows.ts';
import { pathShape } from '../../src/decision/path-shape.ts';
import { isDay, isDecimal, isWhole, writeText } from '../../src/answer/write-text.ts';
import { attachScalars } from '../../src/gateway/scalars.ts';
import type { RawKind, RawRows } from '../../src/sources/source.ts';

const written = (write: (out: AnswerBuffer) => void): string => {
  const out = new AnswerBuffer();
  write(out);
  return out.done().toString('utf8');
};

const textAs = (text: string): string => {
  // In the middle of other bytes, none of which may come along.
  const bytes = Buffer.from(`\u0001"${text}"\\é`);
  return written((out) => writeText(out, bytes, 2, Buffer.byteLength(text)));
};

describe('writeText', () => {
  it('writes every character of the first plane as JSON.stringify does', () => {
    for (let code = 0; code < 0x10000; code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const text = `a${String.fromCharCode(code)}b`;
      if (textAs(text) !== JSON.stringify(text)) expect(textAs(text)).toBe(JSON.stringify(text));
    }
  });

  it('writes any well-formed text as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(textAs(text)).toBe(JSON.stringify(text));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps all bytes wherever the buffer has to grow', () => {
    const escaped = '"\\\n\u0001';
    const piece = `${escaped}end`;
    for (const size of [16_384, 32_768])
      for (let left = 0; left < 60; left += 1) {
        const before = 'x'.repeat(size - left);
        const text = written((out) => {
          out.text('');
          for (const one of before.match(/.{1,1000}/g) ?? []) { out.room(one.length); out.piece(Buffer.from(one)); } // prettier-ignore
          writeText(out, Buffer.from(piece), 0, piece.length);
          out.text('"tail"');
          out.byte(0x21);
        });
        const expected = `${before}${JSON.stringify(piece)}"tail"!`;
        if (text !== expected) expect(text.slice(-80)).toBe(expected.slice(-80));
      }
  });

  it('writes a megabyte of what takes most room', () => {
    const text = '\u0001'.repeat(1_000_000);
    expect(textAs(text) === JSON.stringify(text)).toBe(true);
  });
});

describe('an answer buffer', () => {
  it('gives out what was written and no byte beyond', () => {
    const out = new AnswerBuffer();
    expect(out.done()).toHaveLength(0);
    out.text('{"a":');
    out.string('é"\ud800');
    out.byte(0x7d);
    out.room(1);
    out.piece(Buffer.from('\n'));
    expect(out.done().toString()).toBe('{"a":"é\\"\\ud800"}\n');
    expect(out.done()).toHaveLength(out.at);
  });

  it('copies pieces of every length, out of the middle', () => {
    const from = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    for (let length = 0; length <= 200; length += 1) {
      const out = new AnswerBuffer();
      out.room(length);
      out.piece(from, 7, Math.min(length, 249));
      expect(out.done().equals(from.subarray(7, 7 + Math.min(length, 249)))).toBe(true);
    }
  });

  it('grows by whatever is asked for at once', () => {
    const out = new AnswerBuffer();
    const large = 'y'.repeat(100_000);
    out.text('x');
    out.text(large);
    out.text('z');
    expect(out.done().toString()).toBe(`x${large}z`);
  });
});

const looks = (
  check: (bytes: Uint8Array, start: number, length: number) => boolean,
  text: string,
): boolean => {
  const bytes = Buffer.from(`9${text}9`);
  return check(bytes, 1, Buffer.byteLength(text));
};

describe('what bytes look like', () => {
  const numeric = fc.string({
    unit: fc.constantFrom(...Array.from('0123456789-.+e ')),
    maxLength: 12,
  });

  it('is a whole number where it is one as JSON writes it', () => {
    fc.assert(
      fc.property(numeric, (text) => {
        const isOne = /^-?(0|[1-9]\d*)$/.test(text) && text !== '-0';
        const digits = text.replace('-', '').length;
        expect(looks((b, s, l) => isWhole(b, s, l, 9), text)).toBe(isOne && digits <= 9);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is a decimal or a day as the scalars have it', () => {
    const day = fc.string({
      unit: fc.constantFrom(...Array.from('0129-')),
      minLength: 9,
      maxLength: 11,
    });
    fc.assert(
      fc.property(fc.oneof(numeric, day), (text) => {
        expect(looks(isDecimal, text)).toBe(/^-?\d+(\.\d+)?$/.test(text));
        expect(looks(isDay, text)).toBe(/^\d{4}-\d{2}-\d{2}$/.test(text));
      }),
      { numRuns: 3_000 },
    );
    for (const text of ['2024-02-29', '9999-99-99']) expect(looks(isDay, text)).toBe(true);
    for (const text of ['', '-', '.', '1.', '.1', '-1.5', '1.5.5', '٣'])
      expect(looks(isDecimal, text)).toBe(/^-?\d+(\.\d+)?$/.test(text));
  });
});

const scalar = (name: string) => new GraphQLScalarType({ name });
const Mood = new GraphQLEnumType({ name: 'Mood', values: { HAPPY: {}, SAD: { value: 'other' } } });
const own = ['Date', 'DateTime', 'Decimal', 'SafeInt', 'JSON'].map(scalar);
attachScalars(new GraphQLSchema({ types: own }));
const types = [GraphQLString, GraphQLID, GraphQLInt, GraphQLFloat, GraphQLBoolean, Mood, ...own];

/** What graphql-js makes of a value under a type; nothing where it makes an error of it. */
const reference = (type: GraphQLOutputType, value: unknown): string | undefined => {
  const bare = type instanceof GraphQLNonNull ? (type.ofType as GraphQLOutputType) : type;
  try {
    const result = (bare as GraphQLScalarType).serialize(value);
    return result === null || result === undefined ? undefined : JSON.stringify(result);
  } catch {
    return undefined;
  }
};

/** Rows of one released cell. */
const rowsOf = (type: GraphQLOutputType, raw: RawRows): LoadedRows => {
  const entry: CellEntry = {
    ...{
      kind: 'cell',
      coordinate: 'A.c',
      decision: 0,
      reason: 'NOT_CONSENTED',
      head: Buffer.alloc(0),
    },
    ...{ name: Buffer.from('"c":'), empty: Buffer.from('"c":null'), column: 0 },
    ...{ nullable: true, type, shape: pathShape(['c']) },
  };
  return {
    answer: { plan: undefined as never, entries: [entry] },
    raw,
    decided: {
      profiles: [{ releases: Uint8Array.from([1]), reasons: ['OPEN'], stays: true }],
      profileOf: new Int32Array(1),
    },
    joins: [undefined],
  };
};

const cell = (type: GraphQLOutputType, kind: RawKind, text: string, value: unknown) => {
  const bytes = Buffer.from(`x${text}y`);
  const length = Buffer.byteLength(text);
  const raw: RawRows = {
    ...{ count: 1, width: 1, bytes, kinds: [kind] },
    cells: Int32Array.from([1, length]),
    value: () => value,
  };
  try {
    const row = written((out) => new RowWriter(out, Infinity).row(rowsOf(type, raw), 0));
    return row.slice('{"c":'.length, -1);
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
};

describe('a cell', () => {
  const samples = [
    ...['', '0', '-0', '7', '007', '2147483647', '2147483648', '-2147483649', '999999999'],
    ...['123456789012345', '9007199254740993', '1e3', '1.50', 'NaN', 'Infinity', '0x10', ' 5'],
    ...['2024-02-29', '2024-99-99', '0044-03-15 BC', 'infinity', 'HAPPY', 'SAD', 'other', '"\n'],
    ...['true', 'null', '{"a":1}', 'é😀'],
  ];

  it.each(types.map((type) => [type.name, type] as const))(
    'of text is under %s what graphql-js makes of it, or not plain',
    (_name, type) => {
      for (const text of samples) expect([text, cell(type, 'text', text, text)]).toEqual([text, reference(type, text)]); // prettier-ignore
      for (const text of samples) expect(cell(new GraphQLNonNull(type), 'text', text, text)).toBe(reference(type, text)); // prettier-ignore
    },
  );

  it.each(types.map((type) => [type.name, type] as const))(
    'of another kind is under %s what graphql-js makes of it, or not plain',
    (_name, type) => {
      for (const number of [0, 7, -1, 2_147_483_647, -2_147_483_648])
        expect([number, cell(type, 'int', String(number), number)]).toEqual([number, reference(type, number)]); // prettier-ignore
      for (const text of ['0', '-0', '1e-07', '1e+21', 'NaN', '-Infinity', '0.1', '1234567890123456'])
        expect([text, cell(type, 'float', text, Number(text))]).toEqual([text, reference(type, Number(text))]); // prettier-ignore
      for (const [text, value] of [
        ['t', true],
        ['f', false],
      ] as const)
        // prettier-ignore
        expect([text, cell(type, 'bool', text, value)]).toEqual([text, reference(type, value)]);
      for (const value of [new Date(0), new Date(NaN), Infinity])
        expect(cell(type, 'timestamp', '?', value)).toBe(reference(type, value));
    },
  );

  it('that holds an error, nothing or a wrong list is not plain', () => {
    const list = new GraphQLList(new GraphQLNonNull(GraphQLString));
    expect(cell(GraphQLString, 'other', 'x', new Error('x'))).toBeUndefined();
    expect(cell(new GraphQLNonNull(GraphQLString), 'json', 'null', null)).toBeUndefined();
    expect(cell(GraphQLString, 'json', 'null', null)).toBe('null');
    expect(cell(list, 'other', '{}', ['a', null])).toBeUndefined();
    expect(cell(list, 'json', '"x"', 'x')).toBeUndefined();
    expect(cell(list, 'json', '{}', {})).toBeUndefined();
    expect(cell(list, 'other', '{}', ['a', 'b"'])).toBe('["a","b\\""]');
  });
});
