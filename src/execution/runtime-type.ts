import {
  defaultTypeResolver,
  GraphQLError,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type ResponsePath,
} from 'graphql';
import { inspect } from 'graphql/jsutils/inspect.js';
import type { FieldPlan } from './plan.ts';
import type { Run } from './run.ts';
import { namedShapeOf } from './shape.ts';

/** Whether somebody has to be told of the field when the type of its value is found. */
export const asksForInfo = (run: Run, field: FieldPlan): boolean =>
  field.typeAsks ||
  (run.typeResolver !== defaultTypeResolver && namedShapeOf(field.shape).kind === 'abstract');

/**
 * The name of the object type of a value of an interface or union, as far as anybody knows:
 * whatever the schema's functions return, or a promise of it.
 *
 * @param path of the value, of use where `info` was not made yet
 */
export const resolveTypeName = (
  run: Run,
  field: FieldPlan,
  type: GraphQLAbstractType,
  value: unknown,
  info: GraphQLResolveInfo | undefined,
  path: ResponsePath | undefined,
): unknown => {
  const resolve = type.resolveType ?? run.typeResolver;
  if (resolve === defaultTypeResolver && typeof value === 'object' && value !== null) {
    // A cast: every object may be asked for a property.
    const name = (value as { readonly __typename?: unknown }).__typename;
    // The default resolver would say the same, but it has to be told of the field.
    if (typeof name === 'string') return name;
  }
  return resolve(value, run.context, info ?? run.infoAbove(field, path), type);
};

/**
 * The object type of that name.
 *
 * @throws GraphQLError where it is none, or none of the abstract type's
 */
export const runtimeTypeOf = (
  run: Run,
  field: FieldPlan,
  type: GraphQLAbstractType,
  name: unknown,
  value: unknown,
): GraphQLObjectType => {
  const { nodes, parent, definition } = field;
  if (name === null || name === undefined)
    throw new GraphQLError(
      `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${parent.name}.${definition.name}". Either the "${type.name}" type should provide a "resolveType" function or each possible type should provide an "isTypeOf" function.`,
      { nodes },
    );
  if (isObjectType(name))
    throw new GraphQLError(
      'Support for returning GraphQLObjectType from resolveType was removed in graphql-js@16.0.0 please return type name instead.',
    );
  if (typeof name !== 'string')
    throw new GraphQLError(
      `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${parent.name}.${definition.name}" with ` +
        `value ${inspect(value)}, received "${inspect(name)}".`,
    );
  const found = run.schema.getType(name);
  if (!found)
    throw new GraphQLError(
      `Abstract type "${type.name}" was resolved to a type "${name}" that does not exist inside the schema.`,
      { nodes },
    );
  if (!isObjectType(found))
    throw new GraphQLError(
      `Abstract type "${type.name}" was resolved to a non-object type "${name}".`,
      { nodes },
    );
  if (!run.schema.isSubType(type, found))
    throw new GraphQLError(
      `Runtime Object type "${found.name}" is not a possible type for "${type.name}".`,
      { nodes },
    );
  return found;
};

/** @throws GraphQLError, always: a type's own `isTypeOf` does not know the value */
export const refuseValue = (field: FieldPlan, type: GraphQLObjectType, value: unknown): never => {
  throw new GraphQLError(`Expected value of type "${type.name}" but got: ${inspect(value)}.`, {
    nodes: field.nodes,
  });
};
