import {
  GraphQLError,
  isAbstractType,
  isObjectType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { SaysoError } from '../core/errors.ts';
import { asText } from '../decision/release-rows.ts';
import { inputsOf, isReleased, planOf, type ReleasedRow } from '../decision/released.ts';
import { clientReason } from '../decision/withheld.ts';
import { isPromise } from '../execution/is-promise.ts';
import { straight, type StraightResolver } from '../execution/straight.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { rootFinders } from '../policy/compile-plan.ts';
import type { DomainField, DomainType } from '../policy/model.ts';
import type { OperationContext, Resolver } from './operation.ts';
import { createPageResolvers, type PageOptions } from './page-resolvers.ts';

/** A resolver of a derived field: a function of released values of one row. */
export type DerivedResolver = (inputs: Readonly<Record<string, unknown>>) => unknown;

/** `Type`, then `field`. */
export type DerivedResolvers = ReadonlyMap<string, DerivedResolver>;

/** A withheld field of a released row: null, and counted. */
const withheld = (
  row: ReleasedRow,
  field: DomainField,
  context: OperationContext,
  path: Parameters<OperationContext['notes']['note']>[2],
): null => {
  context.notes.note(field.coordinate, clientReason(row[planOf], field.name), path);
  return null;
};

/** Nobody but `decision/` makes rows: anything else in their place shows nothing. */
const released = (parent: unknown): ReleasedRow => {
  if (isReleased(parent)) return parent;
  throw new Error('a resolver returned a row that was never decided on');
};

/** Looks into a released row, without arguments and without waiting. */
type Reader = StraightResolver<OperationContext>;

const columnReader =
  (field: DomainField): Reader =>
  (parent, context, path) => {
    const row = released(parent);
    const value = row[field.name];
    return value === undefined ? withheld(row, field, context, path()) : value;
  };

/**
 * graphql-js takes an error that has a `path` for one of its own, and hands it on as it is. A module's
 * own has one of its own meaning: it becomes what lies behind an error of graphql-js, as any other does.
 */
const placeless = (value: unknown): unknown =>
  value instanceof Error && Array.isArray((value as { readonly path?: unknown }).path)
    ? new GraphQLError('a derived field failed', { originalError: value })
    : value;

const failPlaceless = (error: unknown): never => {
  throw placeless(error);
};

const derivedReader =
  (field: DomainField, derive: DerivedResolver): Reader =>
  (parent, context, path) => {
    const row = released(parent);
    const inputs = row[inputsOf]?.get(field.name);
    if (inputs === undefined) return withheld(row, field, context, path());
    try {
      const value = derive(inputs);
      return isPromise(value) ? value.then(placeless, failPlaceless) : placeless(value);
    } catch (error) {
      return failPlaceless(error);
    }
  };

const readerFor = (field: DomainField, derived: DerivedResolvers): Reader | undefined => {
  if (field.kind === 'column') return columnReader(field);
  if (field.kind === 'join') return undefined;
  const derive = derived.get(field.coordinate);
  // The policy compiled, so every derived field has one.
  if (!derive) throw new Error(`no resolver for ${field.coordinate}`);
  return derivedReader(field, derive);
};

const firstOf = (args: { readonly [name: string]: unknown }): number | undefined => {
  const first = args['first'] as number | null | undefined;
  if (first === null || first === undefined) return undefined;
  if (first >= 0) return first;
  throw new SaysoError('`first` is negative', { code: 'BAD_USER_INPUT', status: 400 });
};

const joinResolver =
  (field: DomainField): Resolver =>
  (parent, args, context, info) => {
    const row = released(parent);
    const value = row[field.name];
    if (value === undefined) return withheld(row, field, context, info.path);
    const join = row[planOf].joins.get(String(info.path.key));
    if (!join) throw new Error(`no plan for ${field.coordinate}`);
    const key = asText(value);
    if (key === null) return join.list ? [] : null;
    const first = firstOf(args);
    if (first === 0) return [];
    if (!context.spend(1)) return join.list ? [] : null;
    const rows = context.reader().join(join, key, first);
    return join.list
      ? rows.then((all) => (context.spend(all.length) ? all : []))
      : rows.then(([one]) => one ?? null);
  };

const attach = (type: GraphQLObjectType, name: string, resolve: Resolver): void => {
  const field = type.getFields()[name];
  if (field) field.resolve = resolve;
};

/** For graphql-js a resolver, for the planned executor the reader itself. */
const attachReader = (type: GraphQLObjectType, name: string, read: Reader): void => {
  attach(type, name, (parent, _args, context, info) => read(parent, context, () => info.path));
  const field = type.getFields()[name];
  if (field) field.extensions = { ...field.extensions, [straight]: read };
};

const objectType = (schema: GraphQLSchema, name: string): GraphQLObjectType => {
  const type = schema.getType(name);
  if (!isObjectType(type)) throw new Error(`the schema has no type ${name}`);
  return type;
};

const attachType = (schema: GraphQLSchema, type: DomainType, derived: DerivedResolvers): void => {
  const object = objectType(schema, type.name);
  for (const field of type.fields.values()) {
    const read = readerFor(field, derived);
    if (read) attachReader(object, field.name, read);
    else attach(object, field.name, joinResolver(field));
  }
};

export interface ResolverOptions extends PageOptions {
  readonly derived: DerivedResolvers;
  /** Resolvers of `Query` and `Mutation` fields that every deployment has, and of their types. */
  readonly builtIn: ReadonlyMap<string, Resolver>;
}

/**
 * Gives the policy's schema its resolvers, in place: every one is made from the policy, works on
 * released rows only, and does no deciding.
 */
export const attachResolvers = (policy: Policy, options: ResolverOptions): GraphQLSchema => {
  const { schema } = policy;
  const pages = createPageResolvers(options);
  const query = objectType(schema, 'Query');
  for (const [name, finder] of rootFinders(policy)) {
    attach(query, name, finder.many ? pages.page : pages.one);
  }
  for (const type of policy.model.types.values()) {
    attachType(schema, type, options.derived);
    if (!type.table.root) continue;
    const connection = objectType(schema, `${type.name}Connection`);
    attach(connection, 'nodes', pages.nodes);
    attach(connection, 'edges', pages.edges);
    attach(connection, 'pageInfo', pages.pageInfo);
    const edge = objectType(schema, `${type.name}Edge`);
    attach(edge, 'node', pages.node);
    attach(edge, 'cursor', pages.cursor);
  }
  for (const [coordinate, resolve] of options.builtIn) {
    const [typeName = '', field = ''] = coordinate.split('.');
    attach(objectType(schema, typeName), field, resolve);
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isAbstractType(type) || type.name.startsWith('__')) continue;
    type.resolveType = (value: unknown) => released(value)[planOf].typeName;
  }
  return schema;
};
