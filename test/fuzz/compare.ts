import {
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type OperationDefinitionNode,
} from 'graphql';
import type { FuzzContext, Mood } from './behaviour.ts';
import type { World } from './world.ts';

/** An `execute`. */
export type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;

/** One thing to execute; everything that happens follows from it. */
export interface Trial {
  readonly world: World;
  readonly document: DocumentNode;
  readonly mood: Mood;
  readonly seed: number;
  readonly operationName: string | undefined;
  readonly variableValues: Readonly<Record<string, unknown>> | undefined;
  /** Arguments beside the usual ones, such as `fieldResolver`. */
  readonly more: Partial<ExecutionArgs>;
}

const tellError = (error: GraphQLError): readonly unknown[] => [
  error.constructor.name,
  error.name,
  error.message,
  error.path,
  error.locations,
  error.extensions,
  error.positions,
  error.nodes?.map((node) => `${node.kind} ${node.loc?.start ?? ''}`),
  error.originalError && [error.originalError.constructor.name, error.originalError.message],
];

/** Objects of an answer have no prototype; that is not seen in JSON. */
const tellPrototypes = (data: unknown): string => {
  if (Array.isArray(data)) return data.map(tellPrototypes).join('');
  if (typeof data !== 'object' || data === null) return '';
  const own = Object.getPrototypeOf(data) === null ? '0' : 'p';
  return own + Object.values(data).map(tellPrototypes).join('');
};

/** All that can be seen of an execution, as text: what came when, and who was asked in which order. */
export const observe = async (execute: Execute, trial: Trial): Promise<string> => {
  const context: FuzzContext = { mood: trial.mood, trace: [] };
  const { world, document, seed, operationName, variableValues, more } = trial;
  const operation = document.definitions.find(
    (one): one is OperationDefinitionNode =>
      one.kind === Kind.OPERATION_DEFINITION &&
      (operationName === undefined || one.name?.value === operationName),
  );
  const isMutation = operation?.operation === OperationTypeNode.MUTATION;
  const rootValue = world.newRoot(isMutation ? 'Mutation' : 'Query', seed, context);
  try {
    const given = execute({
      schema: world.schema,
      document,
      rootValue,
      contextValue: context,
      ...(operationName !== undefined && { operationName }),
      ...(variableValues && { variableValues: structuredClone(variableValues) }),
      ...more,
    });
    const waits = given instanceof Promise;
    const result = await given;
    return [
      `${waits ? 'later' : 'at once'} ${Object.keys(result).join()}`,
      result.data === undefined ? 'no data' : JSON.stringify(result.data),
      tellPrototypes(result.data),
      ...(result.errors ?? []).map((error) => JSON.stringify(tellError(error))),
      ...context.trace,
    ].join('\n');
  } catch (error) {
    return `thrown: ${String(error)}`;
  }
};
