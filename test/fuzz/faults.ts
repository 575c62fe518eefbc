import { Kind, type ExecutionResult } from 'graphql';
import { createPlannedExecutor } from '../../src/execution/planned-executor.ts';
import type { Execute } from './compare.ts';
import type { World } from './world.ts';

/*
 * Executors with one fault each, as somebody could make it. The fuzzer has to find every one, or
 * its silence about the planned executor means nothing.
 */

type Data = Readonly<Record<string, unknown>>;

const isData = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The answer with each of its objects replaced, from the leaves up. */
const eachObject = (value: unknown, change: (data: Data) => Data): unknown => {
  if (Array.isArray(value)) return value.map((item) => eachObject(item, change));
  if (!isData(value)) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, one] of Object.entries(value)) copy[key] = eachObject(one, change);
  return change(copy);
};

const withData = (result: ExecutionResult, change: (data: Data) => Data): ExecutionResult =>
  result.data ? { ...result, data: eachObject(result.data, change) as Data } : result;

const withErrors = (
  result: ExecutionResult,
  change: (errors: NonNullable<ExecutionResult['errors']>) => ExecutionResult['errors'],
): ExecutionResult => {
  if (!result.errors) return result;
  const errors = change(result.errors);
  if (errors && errors.length > 0) return { ...result, errors };
  return result.data === undefined ? {} : { data: result.data };
};

const without =
  (name: 'path' | 'locations' | 'extensions' | 'originalError') => (result: ExecutionResult) =>
    // prettier-ignore
    withErrors(result, (errors) => {
    const [first, ...rest] = errors;
    return [Object.create(first!, { [name]: { value: undefined } }) as typeof first, ...rest].flatMap((one) => one ?? []); // prettier-ignore
  });

/** Faults of an answer. */
const ofResult: Readonly<Record<string, (result: ExecutionResult) => ExecutionResult>> = {
  'keys in another order': (result) =>
    withData(result, (data) => {
      const swapped = Object.create(null) as Record<string, unknown>;
      for (const [key, value] of Object.entries(data).reverse()) swapped[key] = value;
      return swapped;
    }),
  'objects with a prototype': (result) => withData(result, (data) => Object.assign({}, data)),
  'a list one item short': (result) =>
    withData(result, (data) => {
      const key = Object.keys(data).find((one) => Array.isArray(data[one]) && data[one].length > 2);
      if (key === undefined) return data;
      return Object.assign(Object.create(null) as object, data, { [key]: (data[key] as unknown[]).slice(1) }); // prettier-ignore
    }),
  'the last of several errors not told': (result) =>
    withErrors(result, (errors) => (errors.length > 1 ? errors.slice(0, -1) : errors)),
  'the only error not told': (result) =>
    withErrors(result, (errors) => (errors.length === 1 ? [] : errors)),
  'errors in another order': (result) => withErrors(result, (errors) => [...errors].reverse()),
  'no path': without('path'),
  'no locations': without('locations'),
  'no extensions': without('extensions'),
  'no original error': without('originalError'),
  'null kept in a place that may not be null': (result) =>
    result.data === null && result.errors?.[0]?.path
      ? { ...result, data: Object.assign(Object.create(null) as object, { [String(result.errors[0].path[0])]: null }) } // prettier-ignore
      : result,
};

const changing =
  (change: (result: ExecutionResult) => ExecutionResult) =>
  ({ schema }: World): Execute => {
    const execute = createPlannedExecutor(schema);
    return (args) => {
      const result = execute(args);
      return result instanceof Promise ? result.then(change) : change(result);
    };
  };

/** Faults of keeping what must not be kept, and of time. */
const ofExecution: Readonly<Record<string, (world: World) => Execute>> = {
  'the first variables of a document, for ever': ({ schema }) => {
    const execute = createPlannedExecutor(schema);
    const first = new WeakMap<object, Parameters<Execute>[0]['variableValues']>();
    return (args) => {
      if (!first.has(args.document)) first.set(args.document, args.variableValues);
      return execute({ ...args, variableValues: first.get(args.document) ?? null });
    };
  },
  'the first operation, whatever its name': ({ schema }) => {
    const execute = createPlannedExecutor(schema);
    return (args) => {
      const [first, ...more] = args.document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION); // prettier-ignore
      const name = more.length > 0 ? first?.name?.value : undefined;
      return execute({ ...args, operationName: name ?? null });
    };
  },
  'a promise where none is needed': ({ schema }) => {
    const execute = createPlannedExecutor(schema);
    return async (args) => execute(args);
  },
  'a fieldResolver that nobody asks': ({ schema }) => {
    const execute = createPlannedExecutor(schema);
    return (args) => execute({ ...args, fieldResolver: null });
  },
};

export const faults: ReadonlyMap<string, (world: World) => Execute> = new Map([
  ...Object.entries(ofResult).map(([name, change]) => [name, changing(change)] as const),
  ...Object.entries(ofExecution),
]);
