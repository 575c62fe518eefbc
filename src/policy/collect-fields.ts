import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { PlanError } from '../core/errors.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Field nodes by response key, in the order GraphQL writes them (spec section 6.3.2, CollectFields). */
export type CollectedFields = ReadonlyMap<string, readonly FieldNode[]>;

const included = (node: SelectionNode, variables: Variables): boolean => {
  if (!node.directives || node.directives.length === 0) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false;
};

/**
 * Most selections that a plan may walk. Fragments under several aliases multiply: 2,000 tokens can
 * stand for more selections than there are atoms, while a large honest query has some hundreds.
 */
export const maxSelections = 20_000;

/**
 * Collects selections of a document for one concrete type at a time, merging fragments.
 * @throws PlanError when all that was asked of it together is more than `maxSelections`.
 */
export class FieldCollector {
  #left = maxSelections;
  readonly #schema: GraphQLSchema;
  readonly #variables: Variables;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.#schema = schema;
    this.#variables = variables;
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(node.name.value, node);
    }
  }

  /** The fields that the selections ask of an object of the type. */
  collect(selections: readonly SelectionSetNode[], typeName: string): CollectedFields {
    const fields = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    for (const selection of selections) this.#into(fields, selection, typeName, visited);
    return fields;
  }

  /** What lies below several nodes of the same response key. */
  below(nodes: readonly FieldNode[], typeName: string): CollectedFields {
    return this.collect(
      nodes.flatMap((node) => node.selectionSet ?? []),
      typeName,
    );
  }

  #into(
    fields: Map<string, FieldNode[]>,
    { selections }: SelectionSetNode,
    typeName: string,
    visited: Set<string>,
  ): void {
    for (const node of selections) {
      this.#left -= 1;
      if (this.#left < 0) {
        throw new PlanError(`the operation stands for more than ${maxSelections} selections`, {
          maxSelections,
        });
      }
      if (!included(node, this.#variables)) continue;
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const same = fields.get(key);
        if (same) same.push(node);
        else fields.set(key, [node]);
        continue;
      }
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(node.name.value)) continue;
        visited.add(node.name.value);
      }
      const fragment =
        node.kind === Kind.INLINE_FRAGMENT ? node : this.#fragments.get(node.name.value);
      if (!fragment || !this.#applies(fragment.typeCondition?.name.value, typeName)) continue;
      this.#into(fields, fragment.selectionSet, typeName, visited);
    }
  }

  #applies(condition: string | undefined, typeName: string): boolean {
    if (condition === undefined || condition === typeName) return true;
    const abstract = this.#schema.getType(condition);
    const concrete = this.#schema.getType(typeName);
    if (!abstract || !isAbstractType(abstract) || !concrete || !('getInterfaces' in concrete)) {
      return false;
    }
    return this.#schema.isSubType(abstract, concrete);
  }
}

/** Names of the variables that decide, by @skip and @include, which fields are asked for at all. */
export const branchingVariables = (document: DocumentNode): readonly string[] => {
  const names = new Set<string>();
  visit(document, {
    Directive: (node) => {
      if (node.name.value !== 'skip' && node.name.value !== 'include') return;
      for (const { value } of node.arguments ?? []) {
        if (value.kind === Kind.VARIABLE) names.add(value.name.value);
      }
    },
  });
  return [...names].sort();
};
