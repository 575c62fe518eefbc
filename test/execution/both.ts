import {
  execute,
  parse,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { expect } from 'vitest';
import { createPlannedExecutor } from '../../src/execution/planned-executor.ts';

type Told = Partial<ExecutionArgs>;

const tell = (result: ExecutionResult): unknown => ({
  keys: Object.keys(result),
  data: JSON.stringify(result.data),
  errors: result.errors?.map((error) => ({
    message: error.message,
    path: error.path,
    locations: error.locations,
    extensions: error.extensions,
    class: error.constructor.name,
    original: error.originalError,
    nodes: error.nodes?.length,
  })),
});

/** Executes with graphql-js, and twice with the planned executor: all three have to agree. */
export const both = async (
  schema: GraphQLSchema,
  query: string,
  more: Told | (() => Told) = {},
): Promise<ExecutionResult> => {
  const planned = createPlannedExecutor(schema);
  const document = parse(query);
  const args = (): ExecutionArgs => ({ schema, document, ...(typeof more === 'function' ? more() : more) }); // prettier-ignore
  const expected = execute(args());
  const first = planned(args());
  expect(first instanceof Promise).toBe(expected instanceof Promise);
  const wanted = tell(await expected);
  const result = await first;
  expect(tell(result)).toEqual(wanted);
  expect(tell(await planned(args()))).toEqual(wanted);
  return result;
};

/** As `both`, for what makes `execute` itself throw. */
export const bothThrow = (schema: GraphQLSchema, args: ExecutionArgs): void => {
  const told = [execute, createPlannedExecutor(schema)].map((one) => {
    try {
      return one(args);
    } catch (error) {
      return String(error);
    }
  });
  expect(typeof told[0]).toBe('string');
  expect(told[1]).toBe(told[0]);
};
