import {
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  getNullableType,
  type GraphQLLeafType,
  type GraphQLOutputType,
} from 'graphql';
import { NotPlain } from './not-plain.ts';

/** What graphql-js makes of a value, checks and all. */
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

/**
 * A value as JSON, by graphql-js's own types.
 *
 * @throws NotPlain where GraphQL would say that the value does not fit
 */
export const completeCell = (type: GraphQLOutputType, value: unknown): string => {
  const text = JSON.stringify(completed(type, value)) as string | undefined;
  if (text === undefined) throw new NotPlain('a value that JSON does not have');
  return text;
};

const noNames: ReadonlySet<string> = new Set();

/** Texts that stand for the value of an enum that they name. */
export const enumNames = (type: GraphQLOutputType): ReadonlySet<string> => {
  const nullable = getNullableType(type);
  if (!isEnumType(nullable)) return noNames;
  const plain = nullable.getValues().filter(({ name, value }) => name === value);
  return new Set(plain.map(({ name }) => name));
};
