import {
  defaultFieldResolver,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { collectFields, type Fragments } from './collect-fields.ts';
import { planArguments, type ArgumentPlan, type ArgumentValues } from './field-arguments.ts';
import { namedShapeOf, shapeOf, type Shape } from './shape.ts';
import { straight, type StraightResolver } from './straight.ts';

/** Where a field's value comes from. */
export type Read =
  | { readonly by: 'typename' }
  | { readonly by: 'straight'; readonly resolve: StraightResolver<unknown> }
  | { readonly by: 'property' }
  /** a property, unless the caller brought a `fieldResolver` */
  | { readonly by: 'default' }
  | { readonly by: 'resolver'; readonly resolve: GraphQLFieldResolver<unknown, unknown> };

/** One response key of an object: all that can be known without a value. */
export interface FieldPlan {
  readonly key: string;
  readonly name: string;
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  readonly parent: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly shape: Shape;
  readonly read: Read;
  /** The schema has a function that is told of the field when its value's type is found. */
  readonly typeAsks: boolean;
  readonly arguments: ArgumentPlan;
  /** Filled at the first call, where `arguments` is `plan`. */
  kept: Readonly<ArgumentValues> | undefined;
  /**
   * What is asked of the objects it gives, filled when a type is first met: mostly there is one
   * type, and many fields are never reached, so that a map for each would be most of the cost.
   */
  below: ObjectPlan | undefined;
  belowOthers: Map<GraphQLObjectType, ObjectPlan> | undefined;
}

/** What is asked of an object of one type, in the order of the answer's keys. */
export interface ObjectPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** Only leaves that no resolver reads: no path is needed where all goes well. */
  readonly flat: boolean;
  /** Field nodes it was made of: what it costs to keep. */
  readonly weight: number;
}

/** Where plans of one operation, for one set of values of its directives' variables, begin. */
export interface OperationPlan {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  /** Undefined where graphql-js has to answer. */
  readonly root: ObjectPlan | undefined;
}

const fieldOf = (
  schema: GraphQLSchema,
  parent: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined => {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (schema.getQueryType() === parent) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return parent.getFields()[name];
};

const readOf = (definition: GraphQLField<unknown, unknown>): Read => {
  if (definition === TypeNameMetaFieldDef) return { by: 'typename' };
  // A cast: graphql-js types extensions by string only, and `straight` is this folder's own word.
  const hook = (definition.extensions as { readonly [straight]?: StraightResolver<unknown> })[
    straight
  ];
  if (hook) return { by: 'straight', resolve: hook };
  if (!definition.resolve) return { by: 'default' };
  if (definition.resolve === defaultFieldResolver) return { by: 'property' };
  return { by: 'resolver', resolve: definition.resolve };
};

const doesTypeAsk = (schema: GraphQLSchema, shape: Shape): boolean => {
  const named = namedShapeOf(shape);
  if (named.kind === 'leaf') return false;
  if (named.kind === 'object') return Boolean(named.type.isTypeOf);
  return (
    Boolean(named.type.resolveType) ||
    schema.getPossibleTypes(named.type).some(({ isTypeOf }) => isTypeOf)
  );
};

const isFlat = ({ read, shape }: FieldPlan): boolean =>
  shape.kind === 'leaf' && read.by !== 'resolver';

/** What can be known of a field of the schema, whoever asks for it. */
type FieldFacts = Pick<FieldPlan, 'shape' | 'read' | 'typeAsks'>;

/** By schema, since one type may stand in several. */
const factsBySchema = new WeakMap<GraphQLSchema, Map<GraphQLField<unknown, unknown>, FieldFacts>>();

const factsOf = (schema: GraphQLSchema, definition: GraphQLField<unknown, unknown>): FieldFacts => {
  const all = factsBySchema.get(schema) ?? new Map<GraphQLField<unknown, unknown>, FieldFacts>();
  factsBySchema.set(schema, all);
  const known = all.get(definition);
  if (known) return known;
  const shape = shapeOf(definition.type);
  const facts = { shape, read: readOf(definition), typeAsks: doesTypeAsk(schema, shape) };
  all.set(definition, facts);
  return facts;
};

/** What was planned for objects of this type that the field gives. */
export const planKept = (field: FieldPlan, type: GraphQLObjectType): ObjectPlan | undefined =>
  field.below?.type === type ? field.below : field.belowOthers?.get(type);

export const keepPlan = (field: FieldPlan, plan: ObjectPlan): void => {
  if (field.below) (field.belowOthers ??= new Map()).set(plan.type, plan);
  else field.below = plan;
};

const planField = (
  schema: GraphQLSchema,
  parent: GraphQLObjectType,
  definition: GraphQLField<unknown, unknown>,
  key: string,
  nodes: FieldPlan['nodes'],
): FieldPlan => {
  const { shape, read, typeAsks } = factsOf(schema, definition);
  return {
    key,
    name: definition.name,
    nodes,
    parent,
    definition,
    shape,
    read,
    typeAsks,
    arguments: planArguments(definition, nodes[0]),
    kept: undefined,
    below: undefined,
    belowOthers: undefined,
  };
};

/**
 * What these selection sets ask of an object of this type, and nothing of what lies below it.
 *
 * @throws GraphQLError where `@skip` or `@include` cannot be evaluated
 */
export const planObject = (
  schema: GraphQLSchema,
  fragments: Fragments,
  variableValues: Readonly<Record<string, unknown>>,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): ObjectPlan => {
  const fields: FieldPlan[] = [];
  let weight = 0;
  for (const [key, nodes] of collectFields(
    schema,
    fragments,
    variableValues,
    type,
    selectionSets,
  )) {
    weight += nodes.length;
    const definition = fieldOf(schema, type, nodes[0].name.value);
    // As in graphql-js, a field that does not exist is left out: validation has let it pass.
    if (definition) fields.push(planField(schema, type, definition, key, nodes));
  }
  return { type, fields, flat: fields.every(isFlat), weight };
};

/** Introspection is graphql-js's own affair. */
export const asksForSchema = ({ fields }: ObjectPlan): boolean =>
  fields.some(
    ({ definition }) => definition === SchemaMetaFieldDef || definition === TypeMetaFieldDef,
  );
