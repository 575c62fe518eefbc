import {
  getNamedType,
  isLeafType,
  isNonNullType,
  isObjectType,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type OperationDefinitionNode,
} from 'graphql';
import { pathShape, type PathShape } from '../decision/path-shape.ts';
import { clientReason, lineHead } from '../decision/withheld.ts';
import { FieldCollector, type CollectedFields } from '../policy/collect-fields.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { Plan, ReadPlan, RootPlan, RowPlan } from '../policy/plan.ts';
import type { Sources } from '../sources/source.ts';
import type {
  AnswerPlan,
  ConnectionPart,
  EdgePart,
  Entry,
  KeyBytes,
  PagePart,
  RootAnswer,
  RowAnswer,
  ShownPart,
} from './answer-plan.ts';
import { NotPlain } from './not-plain.ts';

export interface AnswerRequest {
  readonly policy: Policy;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Coerced variable values; only those of @skip and @include shape the answer. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly plan: Plan;
  readonly sources: Sources;
}

const keyBytes = (key: string): KeyBytes => Buffer.from(`${JSON.stringify(key)}:`);
const constant = (key: string, value: string) =>
  ({ kind: 'constant', bytes: Buffer.from(`${JSON.stringify(key)}:${value}`) }) as const;

const notPlain = (what: string): never => {
  throw new NotPlain(what);
};

const shownIn = (part: ConnectionPart): readonly ShownPart[] => {
  if (part.kind === 'nodes') return [part];
  return part.kind === 'edges' ? part.parts.filter((edge) => edge.kind === 'node') : [];
};

/** Where something stands in the answer: response keys, null for each place in a list. */
type Keys = PathShape['keys'];

class AnswerCompiler {
  readonly #request: AnswerRequest;
  readonly #collector: FieldCollector;

  constructor(request: AnswerRequest) {
    this.#request = request;
    this.#collector = new FieldCollector(
      request.policy.schema,
      request.document,
      request.variables,
    );
  }

  compile(): AnswerPlan {
    const { operation, plan } = this.#request;
    const fields = this.#collector.collect([operation.selectionSet], 'Query');
    return {
      roots: [...fields].map(([key, nodes]) => {
        if (nodes[0]?.name.value === '__typename') return constant(key, '"Query"');
        const root = plan.roots.get(key);
        if (root === undefined) return notPlain('introspection');
        return this.#root(key, nodes, root);
      }),
    };
  }

  #root(key: string, nodes: readonly FieldNode[], root: RootPlan): RootAnswer {
    if (root.kind !== 'one' && root.kind !== 'page') return notPlain('a field with a resolver');
    this.#mustBeRaw(root.read);
    const asked = this.#asked('Query', nodes);
    const base = { name: keyBytes(key), asked };
    const at = [key];
    if (root.kind === 'one') {
      const row = this.#row(root.row, this.#collector.below(nodes, root.row.typeName), at);
      const nullable = !isNonNullType(asked.field.type);
      return { kind: 'one', ...base, read: root.read, keyArgs: root.keyArgs, row, nullable };
    }
    const { type } = root.read;
    const parts = [...this.#collector.below(nodes, `${type}Connection`)].map(([partKey, below]) =>
      this.#connection(root, type, [...at, partKey], below),
    );
    return { kind: 'page', ...base, read: root.read, parts, shown: parts.flatMap(shownIn) };
  }

  #connection(
    { positions }: Extract<RootPlan, { readonly kind: 'page' }>,
    type: string,
    at: Keys,
    below: readonly FieldNode[],
  ): ConnectionPart {
    const key = at.at(-1) ?? '';
    const name = keyBytes(key);
    switch (below[0]?.name.value ?? '') {
      case '__typename':
        return constant(key, JSON.stringify(`${type}Connection`));
      case 'nodes': {
        const plan = positions.nodes.get(key) ?? notPlain('a list without a plan');
        const row = this.#row(plan, this.#collector.below(below, type), [...at, null]);
        return { kind: 'nodes', name, row };
      }
      case 'edges': {
        const plans = positions.edges.get(key) ?? notPlain('edges without a plan');
        const parts = [...this.#collector.below(below, `${type}Edge`)].map(([edgeKey, inner]) =>
          this.#edge(plans, type, [...at, null, edgeKey], inner),
        );
        return { kind: 'edges', name, parts };
      }
      case 'pageInfo': {
        const parts = [...this.#collector.below(below, 'PageInfo')].map(([infoKey, inner]) =>
          pagePart(infoKey, inner[0]?.name.value),
        );
        return { kind: 'pageInfo', name, parts };
      }
      default:
        return notPlain('something else of a connection');
    }
  }

  #edge(
    plans: ReadonlyMap<string, RowPlan>,
    type: string,
    at: Keys,
    inner: readonly FieldNode[],
  ): EdgePart {
    const key = at.at(-1) ?? '';
    const name = keyBytes(key);
    switch (inner[0]?.name.value ?? '') {
      case '__typename':
        return constant(key, JSON.stringify(`${type}Edge`));
      case 'cursor':
        return { kind: 'cursor', name };
      case 'node': {
        const plan = plans.get(key) ?? notPlain('a node without a plan');
        const row = this.#row(plan, this.#collector.below(inner, type), at);
        return { kind: 'node', name, row };
      }
      default:
        return notPlain('something else of an edge');
    }
  }

  #row(plan: RowPlan, fields: CollectedFields, at: Keys): RowAnswer {
    if (plan.gates.length > 0) return notPlain('a list that leaves rows out');
    const { read } = plan;
    // Where a person lives comes with the row, or has to be asked for elsewhere.
    if (read.subject?.place !== undefined && read.subject.place.source !== read.source)
      return notPlain('a place in another source');
    const object = this.#objectType(plan.typeName);
    return {
      plan,
      entries: [...fields].map(([key, nodes]) => this.#entry(plan, object, [...at, key], nodes)),
    };
  }

  #entry(plan: RowPlan, object: GraphQLObjectType, at: Keys, nodes: readonly FieldNode[]): Entry {
    const key = at.at(-1) ?? '';
    const fieldName = nodes[0]?.name.value ?? '';
    if (fieldName === '__typename') return constant(key, JSON.stringify(object.name));
    const cell = plan.cellOf.get(fieldName) ?? notPlain('a field without a cell');
    if (cell.inputs) return notPlain('a derived field');
    const asked = this.#asked(object.name, nodes);
    const { type } = asked.field;
    const reason = clientReason(plan, fieldName);
    const placed = {
      name: keyBytes(key),
      shape: pathShape(at),
      empty: Buffer.from(`${JSON.stringify(key)}:null`),
      coordinate: cell.coordinate,
      decision: cell.decision,
      reason,
      head: lineHead(cell.coordinate, reason),
      column: cell.index,
      nullable: !isNonNullType(type),
    };
    const join = plan.joins.get(key);
    // Without a join nothing below the field is read: it is withheld from every row.
    if (join === undefined) {
      if (cell.index >= 0 && !isLeafType(getNamedType(type)))
        return notPlain('rows without a join');
      return { kind: 'cell', ...placed, type };
    }
    const [member, other] = join.members;
    if (member === undefined || other !== undefined) return notPlain('rows of several types');
    this.#mustBeRaw(member.read);
    const below = this.#collector.below(nodes, member.row.typeName);
    const row = this.#row(member.row, below, join.list ? [...at, null] : at);
    return { kind: 'join', ...placed, asked, join, member, row };
  }

  #asked(typeName: string, nodes: readonly FieldNode[]) {
    const [node] = nodes;
    const field = this.#objectType(typeName).getFields()[node?.name.value ?? ''];
    if (node === undefined || field === undefined) return notPlain('a field that is not there');
    return { node, field: field as GraphQLField<unknown, unknown> };
  }

  #objectType(name: string): GraphQLObjectType {
    const type = this.#request.policy.schema.getType(name);
    return isObjectType(type) ? type : notPlain('a type that is no object');
  }

  #mustBeRaw({ source }: ReadPlan): void {
    if (this.#request.sources.get(source)?.fetchRaw === undefined) notPlain('a source of values');
  }
}

const pageFields = ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'] as const;

const pagePart = (key: string, field: string | undefined): PagePart => {
  if (field === '__typename') return constant(key, '"PageInfo"');
  const kind = pageFields.find((one) => one === field);
  return kind === undefined ? notPlain('something else of a page') : { kind, name: keyBytes(key) };
};

/**
 * Compiles how an operation's answer is written from bytes. Pure but for asking which sources give
 * rows as bytes.
 *
 * @returns nothing where some part of it has to be carried out by values
 * @throws PlanError when the operation stands for too many selections
 */
export const compileAnswer = (request: AnswerRequest): AnswerPlan | undefined => {
  if (request.plan.operation !== 'query') return undefined;
  try {
    return new AnswerCompiler(request).compile();
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
};
