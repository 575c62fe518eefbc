import {
  assertValidSchema,
  defaultFieldResolver,
  defaultTypeResolver,
  execute as executeByReference,
  getVariableValues,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { directiveKey, directiveVariables } from './directive-variables.ts';
import { executeFields } from './execute-fields.ts';
import { executeSerially } from './execute-serially.ts';
import { isPromise } from './is-promise.ts';
import { PlanCache } from './plan-cache.ts';
import {
  asksForSchema,
  keepPlan,
  planObject,
  type ObjectPlan,
  type OperationPlan,
} from './plan.ts';
import type { ResultObject } from './result-object.ts';
import { Run, type PlanBelow } from './run.ts';
import type { Fragments } from './collect-fields.ts';

export type PlannedExecutor = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;

/** Fields that plans may hold in sum, at roughly half a kilobyte each. */
const defaultMaxWeight = 40_000;

/** Arguments that are understood; with any other, graphql-js answers. */
const knownArguments: ReadonlySet<string> = new Set<keyof ExecutionArgs>([
  'schema',
  'document',
  'rootValue',
  'contextValue',
  'variableValues',
  'operationName',
  'fieldResolver',
  'typeResolver',
  'subscribeFieldResolver',
  'options',
  'hideSuggestions',
]);
const maxCoercionErrors = 50;

/** A document, looked through once. */
interface KnownDocument {
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: Fragments;
  /** By operation, filled when one is first executed. */
  readonly directiveVariables: Map<OperationDefinitionNode, readonly string[]>;
}

const lookThrough = ({ definitions }: DocumentNode): KnownDocument => {
  const operations: OperationDefinitionNode[] = [];
  // Resolvers find this object in `info`, so that it cannot be a Map; it has no prototype, and a
  // cast says so.
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments[definition.name.value] = definition;
  }
  return { operations, fragments, directiveVariables: new Map() };
};

/** The one that is meant; undefined where graphql-js has an error to tell. */
const operationOf = (
  { operations }: KnownDocument,
  name: string | null | undefined,
): OperationDefinitionNode | undefined => {
  if (name === null || name === undefined)
    return operations.length === 1 ? operations[0] : undefined;
  return operations.findLast((operation) => operation.name?.value === name);
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isCovered = (schema: GraphQLSchema, args: ExecutionArgs): boolean =>
  args.schema === schema &&
  isObject(args.document) &&
  (args.variableValues == null || isObject(args.variableValues)) &&
  Object.keys(args).every((name) => knownArguments.has(name)) &&
  Object.keys(args.options ?? {}).every((name) => name === 'maxCoercionErrors');

const answer = ({ collected }: Run, data: ResultObject | null): ExecutionResult =>
  collected.errors.length === 0 ? { data } : { errors: collected.errors, data };

const refuse = (run: Run, error: unknown): ExecutionResult => {
  // A cast: only fields throw, and what they throw is located by then.
  run.collected.add(error as GraphQLError, []);
  return answer(run, null);
};

const carryOut = (run: Run, root: ObjectPlan): ExecutionResult | Promise<ExecutionResult> => {
  try {
    const data =
      run.plan.operation.operation === OperationTypeNode.MUTATION
        ? executeSerially(run, root)
        : executeFields(run, root, run.rootValue, undefined, -1);
    if (!isPromise(data)) return answer(run, data);
    return data.then(
      (resolved) => answer(run, resolved),
      (error: unknown) => refuse(run, error),
    );
  } catch (error) {
    return refuse(run, error);
  }
};

/**
 * An `execute` that gives what graphql-js's gives for queries and mutations of this schema, byte
 * for byte and error for error, and keeps what it learnt of an operation. Whatever it does not
 * cover (introspection, subscriptions, arguments it does not know, operations that cannot be
 * found) it hands to graphql-js. The schema and documents must not be changed any more.
 *
 * @param options.maxWeight fields that all kept plans may hold in sum
 */
export const createPlannedExecutor = (
  schema: GraphQLSchema,
  options: { readonly maxWeight?: number } = {},
): PlannedExecutor => {
  const documents = new WeakMap<DocumentNode, KnownDocument>();
  const cache = new PlanCache<DocumentNode, OperationPlan>(options.maxWeight ?? defaultMaxWeight);

  const knownDocument = (document: DocumentNode): KnownDocument => {
    const known = documents.get(document) ?? lookThrough(document);
    documents.set(document, known);
    return known;
  };

  const makePlan = (
    { fragments }: KnownDocument,
    operation: OperationDefinitionNode,
    variableValues: Readonly<Record<string, unknown>>,
  ): OperationPlan => {
    const type = schema.getRootType(operation.operation);
    if (!type || operation.operation === OperationTypeNode.SUBSCRIPTION)
      return { operation, fragments, root: undefined };
    const root = planObject(schema, fragments, variableValues, type, [operation.selectionSet]);
    return { operation, fragments, root: asksForSchema(root) ? undefined : root };
  };

  const planOf = (
    document: DocumentNode,
    known: KnownDocument,
    operation: OperationDefinitionNode,
    variableValues: Readonly<Record<string, unknown>>,
  ): OperationPlan | undefined => {
    const names =
      known.directiveVariables.get(operation) ?? directiveVariables(operation, known.fragments);
    known.directiveVariables.set(operation, names);
    const values = directiveKey(names, variableValues);
    const place = known.operations.indexOf(operation);
    const key = values === undefined ? undefined : `${place} ${values}`;
    const kept = key === undefined ? undefined : cache.get(document, key);
    if (kept) return kept;
    let plan: OperationPlan;
    try {
      plan = makePlan(known, operation, variableValues);
    } catch {
      // A directive of a root selection cannot be evaluated: graphql-js finds the same, and tells.
      return undefined;
    }
    if (key !== undefined) cache.set(document, key, plan, plan.root?.weight ?? 0);
    return plan;
  };

  const planBelow: PlanBelow = (run, field, type) => {
    const selectionSets = field.nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const { fragments } = run.plan;
    const plan = planObject(schema, fragments, run.variableValues, type, selectionSets);
    keepPlan(field, plan);
    cache.grow(run.plan, 1 + plan.weight);
    return plan;
  };

  return (args) => {
    if (!isCovered(schema, args)) return executeByReference(args);
    assertValidSchema(schema);
    const known = knownDocument(args.document);
    const operation = operationOf(known, args.operationName);
    if (!operation) return executeByReference(args);
    const variables = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      args.variableValues ?? {},
      {
        maxErrors: args.options?.maxCoercionErrors ?? maxCoercionErrors,
        hideSuggestions: args.hideSuggestions ?? false,
      },
    );
    if (variables.errors) return { errors: variables.errors };
    const plan = planOf(args.document, known, operation, variables.coerced);
    if (!plan?.root) return executeByReference(args);
    const run = new Run({
      schema,
      plan,
      rootValue: args.rootValue,
      context: args.contextValue,
      variableValues: variables.coerced,
      fieldResolver:
        args.fieldResolver === defaultFieldResolver ? undefined : (args.fieldResolver ?? undefined),
      typeResolver: args.typeResolver ?? defaultTypeResolver,
      planBelow,
    });
    return carryOut(run, plan.root);
  };
};
