import {
  getArgumentValues,
  locatedError,
  responsePathAsArray,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type GraphQLTypeResolver,
  type ResponsePath,
} from 'graphql';
import type { ResponsePath as CorePath } from '../core/response-path.ts';
import { CollectedErrors } from './collected-errors.ts';
import { canKeep, type ArgumentValues } from './field-arguments.ts';
import type { FieldPlan, ObjectPlan, OperationPlan } from './plan.ts';

/** What is asked of an object of this type that the field gave. */
export type PlanBelow = (run: Run, field: FieldPlan, type: GraphQLObjectType) => ObjectPlan;

/** What one execution is given. */
export interface RunOptions {
  readonly schema: GraphQLSchema;
  readonly plan: OperationPlan;
  readonly rootValue: unknown;
  readonly context: unknown;
  readonly variableValues: Record<string, unknown>;
  readonly fieldResolver: GraphQLFieldResolver<unknown, unknown> | undefined;
  readonly typeResolver: GraphQLTypeResolver<unknown, unknown>;
  readonly planBelow: PlanBelow;
}

/**
 * A place in the answer before anybody asked for its path: `index` in the list at `path`, or
 * `path` itself where `index` is -1. So rows of a list cost no path object.
 */
export const pathAt = (path: ResponsePath | undefined, index: number): ResponsePath | undefined =>
  index < 0 ? path : pathOfItem(path, index);

export const pathOfField = (
  path: ResponsePath | undefined,
  index: number,
  field: FieldPlan,
): ResponsePath => ({ prev: pathAt(path, index), key: field.key, typename: field.parent.name });

export const pathOfItem = (path: ResponsePath | undefined, index: number): ResponsePath => ({
  prev: path,
  key: index,
  typename: undefined,
});

/** One execution. A class, for it is looked into at each cell and must keep one shape. */
export class Run {
  readonly schema: GraphQLSchema;
  readonly plan: OperationPlan;
  readonly rootValue: unknown;
  readonly context: unknown;
  readonly variableValues: Record<string, unknown>;
  readonly fieldResolver: GraphQLFieldResolver<unknown, unknown> | undefined;
  readonly typeResolver: GraphQLTypeResolver<unknown, unknown>;
  readonly planBelow: PlanBelow;
  readonly collected = new CollectedErrors();
  #arguments: Map<FieldPlan, Readonly<ArgumentValues>> | undefined = undefined;

  /** The straight field being read: one `pathOfStraight` serves all of them, without a closure each. */
  straightField: FieldPlan | undefined = undefined;
  straightPath: ResponsePath | undefined = undefined;
  straightIndex = -1;

  constructor(options: RunOptions) {
    this.schema = options.schema;
    this.plan = options.plan;
    this.rootValue = options.rootValue;
    this.context = options.context;
    this.variableValues = options.variableValues;
    this.fieldResolver = options.fieldResolver;
    this.typeResolver = options.typeResolver;
    this.planBelow = options.planBelow;
  }

  readonly pathOfStraight = (): CorePath => {
    if (!this.straightField)
      throw new Error('a straight resolver asked for its path after it had returned: ask before');
    return pathOfField(this.straightPath, this.straightIndex, this.straightField);
  };

  /**
   * A field's arguments for one call of its resolver, which may do to them what it likes.
   *
   * @throws GraphQLError where they cannot be evaluated
   */
  argumentsOf(field: FieldPlan): ArgumentValues {
    if (field.arguments === 'none') return {};
    const kept = field.arguments === 'plan' ? field.kept : this.#arguments?.get(field);
    if (kept) return { ...kept };
    const values = getArgumentValues(field.definition, field.nodes[0], this.variableValues);
    if (field.arguments === 'call' || !canKeep(values)) return values;
    if (field.arguments === 'plan') field.kept = { ...values };
    else (this.#arguments ??= new Map()).set(field, { ...values });
    return values;
  }

  infoOf(field: FieldPlan, path: ResponsePath): GraphQLResolveInfo {
    return {
      fieldName: field.name,
      fieldNodes: field.nodes,
      returnType: field.definition.type,
      parentType: field.parent,
      path,
      schema: this.schema,
      fragments: this.plan.fragments,
      rootValue: this.rootValue,
      operation: this.plan.operation,
      variableValues: this.variableValues,
    };
  }

  /** As `infoOf`, from the path of an item, or an item's item, of what the field gave. */
  infoAbove(field: FieldPlan, path: ResponsePath | undefined): GraphQLResolveInfo {
    let at = path;
    while (at && typeof at.key === 'number') at = at.prev;
    return this.infoOf(field, at ?? pathOfField(undefined, -1, field));
  }

  /**
   * What comes of an error at a place: null, with the error told, or the error thrown on to the
   * next place above that may be null.
   */
  fail(raw: unknown, field: FieldPlan, nonNull: boolean, path: ResponsePath): null {
    const keys = responsePathAsArray(path);
    const error = locatedError(raw, field.nodes, keys);
    if (nonNull) throw error;
    this.collected.add(error, keys);
    return null;
  }
}
