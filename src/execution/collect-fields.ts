import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type NamedTypeNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** A document's fragments, as resolvers find them in `info`: an object without prototype. */
export type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

type Nodes = [FieldNode, ...FieldNode[]];

/** One collection under way. Functions of the module carry it on: a closure each would cost more. */
interface Collection {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  readonly variableValues: Readonly<Record<string, unknown>>;
  readonly type: GraphQLObjectType;
  readonly collected: Map<string, Nodes>;
  readonly entered: Set<string>;
}

const isWanted = ({ variableValues }: Collection, node: SelectionNode): boolean => {
  if (!node.directives?.length) return true;
  const skip = getDirectiveValues(GraphQLSkipDirective, node, variableValues);
  if (skip?.['if'] === true) return false;
  const include = getDirectiveValues(GraphQLIncludeDirective, node, variableValues);
  return include?.['if'] !== false;
};

const fits = ({ schema, type }: Collection, condition: NamedTypeNode | undefined): boolean => {
  if (!condition || condition.name.value === type.name) return true;
  const named = schema.getType(condition.name.value);
  return isAbstractType(named) && schema.isSubType(named, type);
};

const enter = (collection: Collection, { selections }: SelectionSetNode): void => {
  const { collected, entered, fragments } = collection;
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      if (!isWanted(collection, selection)) continue;
      const key = (selection.alias ?? selection.name).value;
      const nodes = collected.get(key);
      if (nodes) nodes.push(selection);
      else collected.set(key, [selection]);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      if (isWanted(collection, selection) && fits(collection, selection.typeCondition))
        enter(collection, selection.selectionSet);
    } else {
      const name = selection.name.value;
      // A spread that is left out does not count as entered; one of another type does.
      if (entered.has(name) || !isWanted(collection, selection)) continue;
      entered.add(name);
      const fragment = fragments[name];
      if (fragment && fits(collection, fragment.typeCondition))
        enter(collection, fragment.selectionSet);
    }
  }
};

/**
 * The field nodes that an object of `type` answers to, by response key, in the order in which they
 * are first met. A fragment spread twice is entered once.
 *
 * @throws GraphQLError where `@skip` or `@include` cannot be evaluated
 */
export const collectFields = (
  schema: GraphQLSchema,
  fragments: Fragments,
  variableValues: Readonly<Record<string, unknown>>,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): ReadonlyMap<string, Nodes> => {
  const collected = new Map<string, Nodes>();
  const collection: Collection = { schema, fragments, variableValues, type, collected, entered: new Set() }; // prettier-ignore
  for (const selectionSet of selectionSets) enter(collection, selectionSet);
  return collected;
};
