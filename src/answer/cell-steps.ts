import { getNullableType, isEnumType, isScalarType, type GraphQLOutputType } from 'graphql';
import type { RawKind } from '../sources/source.ts';

/** How a cell's bytes become JSON. */
export const step = {
  /** By way of the value: right for every type, and slow. */
  value: 0,
  /** Text, with escapes where it needs them. */
  text: 1,
  /** As it is. */
  digits: 2,
  /** As it is, between quotes. */
  quoted: 3,
  /** `t` or `f`. */
  bool: 4,
  /** As it is where it is a whole number of at most 9 digits, else by value. */
  int: 5,
  /** As it is where it is a whole number of at most 15 digits, else by value. */
  safeInt: 6,
  /** Quoted where it is a day, else by value. */
  day: 7,
  /** Quoted where it is digits with one dot or none, else by value. */
  decimal: 8,
  /** Quoted where it names a value of the enum, else by value. */
  enum: 9,
} as const;

export type Step = (typeof step)[keyof typeof step];

type ByKind = Partial<Readonly<Record<RawKind, Step>>>;

/** By scalar, then by what the bytes are. The scalars are GraphQL's own and those of `schema/governance`. */
const steps: ReadonlyMap<string, ByKind> = new Map<string, ByKind>([
  ['ID', { text: step.text, int: step.quoted }],
  ['String', { text: step.text, int: step.quoted }],
  ['Int', { int: step.digits, text: step.int }],
  ['Float', { int: step.digits, text: step.safeInt, float: step.safeInt }],
  ['SafeInt', { int: step.digits, text: step.safeInt }],
  ['Boolean', { bool: step.bool }],
  ['Date', { text: step.day }],
  ['Decimal', { int: step.quoted, text: step.decimal }],
]);

/** How cells of a column of that kind are written under a field of that type. */
export const stepFor = (type: GraphQLOutputType, kind: RawKind): Step => {
  const nullable = getNullableType(type);
  if (isEnumType(nullable)) return kind === 'text' ? step.enum : step.value;
  if (!isScalarType(nullable)) return step.value;
  return steps.get(nullable.name)?.[kind] ?? step.value;
};
