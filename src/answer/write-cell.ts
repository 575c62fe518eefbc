import {
  getNullableType,
  isLeafType,
  isListType,
  isNonNullType,
  isScalarType,
  isEnumType,
  type GraphQLOutputType,
  type GraphQLLeafType,
} from 'graphql';
import type { RawKind, RawRows } from '../sources/source.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import { NotPlain } from './not-plain.ts';
import { isDay, isDecimal, isWhole, writeQuoted, writeText } from './write-text.ts';

/**
 * Writes one cell that is not NULL.
 *
 * @throws NotPlain where GraphQL would say that the value does not fit
 */
export type CellWriter = (
  out: AnswerBuffer,
  raw: RawRows,
  start: number,
  length: number,
  row: number,
  column: number,
) => void;

/** Digits that a double holds without loss, whatever they are. */
const safeDigits = 15;
/** Digits of which every number fits into 32 bits. */
const intDigits = 9;

/** What graphql-js makes of a value, checks and all, as JSON. */
const completed = (type: GraphQLOutputType, value: unknown): unknown => {
  if (isNonNullType(type)) {
    const inner = completed(type.ofType, value);
    if (inner === null) throw new NotPlain('null where the schema says that there is a value');
    return inner;
  }
  if (value === null || value === undefined) return null;
  // graphql-js makes an error of it.
  if (value instanceof Error) throw new NotPlain('a value that is an error');
  if (isListType(type)) {
    const item: GraphQLOutputType = type.ofType;
    if (!Array.isArray(value)) throw new NotPlain('a value that is no list');
    return value.map((one: unknown) => completed(item, one));
  }
  if (!isLeafType(type)) throw new NotPlain('a value where there should be an object');
  return serialized(type, value);
};

const serialized = (type: GraphQLLeafType, value: unknown): unknown => {
  let result: unknown;
  try {
    result = type.serialize(value);
  } catch (error) {
    throw Object.assign(new NotPlain('a value that its type refuses'), { cause: error });
  }
  if (result === null || result === undefined) throw new NotPlain('a value that its type loses');
  return result;
};

/** By way of the value: right for every type, and slow. */
export const byValue =
  (type: GraphQLOutputType): CellWriter =>
  (out, raw, _start, _length, row, column) => {
    const result = completed(type, raw.value(row, column));
    const text = JSON.stringify(result) as string | undefined;
    if (text === undefined) throw new NotPlain('a value that JSON does not have');
    out.text(text);
  };

const asText: CellWriter = (out, raw, start, length) => writeText(out, raw.bytes, start, length);
const asDigits: CellWriter = (out, raw, start, length) => out.copy(raw.bytes, start, length);
const asQuoted: CellWriter = (out, raw, start, length) =>
  writeQuoted(out, raw.bytes, start, length);

const yes = Buffer.from('true');
const no = Buffer.from('false');
const asBoolean: CellWriter = (out, raw, start) => out.piece(raw.bytes[start] === 0x74 ? yes : no);

/** Writes as `plain` where the bytes look as they should, else by way of the value. */
const where =
  (
    looks: (bytes: Uint8Array, start: number, length: number) => boolean,
    plain: CellWriter,
    other: CellWriter,
  ): CellWriter =>
  (out, raw, start, length, row, column) =>
    (looks(raw.bytes, start, length) ? plain : other)(out, raw, start, length, row, column);

const upTo =
  (most: number) =>
  (bytes: Uint8Array, start: number, length: number): boolean =>
    isWhole(bytes, start, length, most);

type Shortcut = (type: GraphQLOutputType) => CellWriter;

/** By scalar, then by what the bytes are. The scalars are GraphQL's own and those of `schema/governance`. */
const shortcuts: Readonly<Record<string, Partial<Readonly<Record<RawKind, Shortcut>>>>> = {
  ID: { text: () => asText, int: () => asQuoted },
  String: { text: () => asText, int: () => asQuoted },
  Int: { int: () => asDigits, text: (type) => where(upTo(intDigits), asDigits, byValue(type)) },
  Float: {
    int: () => asDigits,
    text: (type) => where(upTo(safeDigits), asDigits, byValue(type)),
    float: (type) => where(upTo(safeDigits), asDigits, byValue(type)),
  },
  SafeInt: {
    int: () => asDigits,
    text: (type) => where(upTo(safeDigits), asDigits, byValue(type)),
  },
  Boolean: { bool: () => asBoolean },
  Date: { text: (type) => where(isDay, asQuoted, byValue(type)) },
  Decimal: {
    int: () => asQuoted,
    text: (type) => where(isDecimal, asQuoted, byValue(type)),
  },
};

/** Names of values are few: each is looked up by its text once. */
const asEnumValue = (type: GraphQLOutputType, values: ReadonlySet<string>): CellWriter => {
  const slow = byValue(type);
  return (out, raw, start, length, row, column) => {
    const text = raw.bytes.toString('latin1', start, start + length);
    if (values.has(text)) asQuoted(out, raw, start, length, row, column);
    else slow(out, raw, start, length, row, column);
  };
};

/** The writer for cells of a column of that kind under a field of that type. */
export const cellWriter = (type: GraphQLOutputType, kind: RawKind): CellWriter => {
  const nullable = getNullableType(type);
  if (isEnumType(nullable) && kind === 'text') {
    const plain = nullable.getValues().filter(({ name, value }) => name === value);
    return asEnumValue(type, new Set(plain.map(({ name }) => name)));
  }
  const shortcut = isScalarType(nullable) ? shortcuts[nullable.name]?.[kind] : undefined;
  return shortcut?.(type) ?? byValue(type);
};
