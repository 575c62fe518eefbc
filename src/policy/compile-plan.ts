import {
  getNamedType,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type OperationDefinitionNode,
} from 'graphql';
import { FieldCollector, type CollectedFields } from './collect-fields.ts';
import type { Policy } from './compile-policy.ts';
import { rootFieldsOf } from './generate-sdl.ts';
import { isOwnKey } from './guards.ts';
import type { DomainType, JoinField } from './model.ts';
import type { JoinMember, PagePositions, Plan, ReadPlan, RootPlan, RowPlan } from './plan.ts';
import { placesMatter, ReadBuilder, RowPlanBuilder, type PlanContext } from './row-plan-builder.ts';

export interface PlanRequest {
  readonly policy: Policy;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Coerced variable values; only those of @skip and @include change the plan. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly purpose: string | undefined;
  /** Coordinates whose named rules refused this caller. */
  readonly refused: ReadonlySet<string>;
}

interface Selected {
  readonly read: ReadPlan;
  readonly row: RowPlan;
}

class PlanCompiler {
  readonly #context: PlanContext;
  readonly #collector: FieldCollector;
  readonly #filtered = new Map<string, Plan['filtered'][number]>();

  constructor(request: PlanRequest) {
    const { policy, document, variables, purpose, refused } = request;
    this.#context = {
      policy,
      purpose,
      refused,
      guarded: new Set(),
      personalTypes: new Set(),
      rows: [],
      verdicts: new Map(),
      placesMatter: placesMatter(policy, purpose),
    };
    this.#collector = new FieldCollector(policy.schema, document, variables);
  }

  compile({ operation, policy, purpose }: PlanRequest): Plan {
    const kind = operation.operation === OperationTypeNode.MUTATION ? 'mutation' : 'query';
    const rootType = kind === 'mutation' ? 'Mutation' : 'Query';
    const fields = this.#collector.collect([operation.selectionSet], rootType);
    const finders = kind === 'mutation' ? new Map<string, RootFinder>() : rootFinders(policy);
    const roots = new Map<string, RootPlan>();
    for (const [key, nodes] of fields) {
      const name = nodes[0]?.name.value ?? '';
      if (name.startsWith('__')) continue;
      roots.set(key, this.#root(name, nodes, finders.get(name), kind === 'mutation'));
    }
    const { rows, guarded, personalTypes } = this.#context;
    return {
      policy: policy.id,
      purpose,
      operation: kind,
      roots,
      rows,
      guarded: [...guarded].sort(),
      personalTypes: [...personalTypes].sort(),
      filtered: [...this.#filtered.values()],
    };
  }

  #root(
    field: string,
    nodes: readonly FieldNode[],
    finder: RootFinder | undefined,
    mutation: boolean,
  ): RootPlan {
    if (mutation) return this.#consent(field, nodes);
    if (finder === undefined) return { kind: 'other', field };
    if (finder.many) return { kind: 'page', field, ...this.#page(finder.type, nodes) };
    const selected = this.#selected(finder.type, nodes);
    return { kind: 'one', field, ...selected, keyArgs: finder.keyArgs };
  }

  #consent(field: string, nodes: readonly FieldNode[]): RootPlan {
    const { model } = this.#context.policy;
    const person = model.types.get(model.signInType ?? '');
    const persons = new Map<string, Selected>();
    const { schema } = this.#context.policy;
    const payload = schema.getMutationType()?.getFields()[field]?.type;
    const typeName = payload === undefined ? '' : getNamedType(payload).name;
    for (const [key, below] of this.#collector.below(nodes, typeName)) {
      if (!person || below[0]?.name.value !== rootFieldsOf(person).one) continue;
      persons.set(key, this.#selected(person, below));
    }
    return { kind: 'consent', field, persons };
  }

  #page(
    type: DomainType,
    nodes: readonly FieldNode[],
  ): { readonly read: ReadPlan; readonly positions: PagePositions } {
    const columns = new ReadBuilder(type, this.#context);
    const open: ((read: ReadPlan) => void)[] = [];
    const position = (below: readonly FieldNode[], put: (row: RowPlan) => void): void => {
      const builder = this.#fill(
        new RowPlanBuilder(columns, this.#context),
        this.#collector.below(below, type.name),
      );
      open.push((read) => put(builder.finish(read)));
    };
    const nodePlans = new Map<string, RowPlan>();
    const edgePlans = new Map<string, Map<string, RowPlan>>();
    for (const [key, below] of this.#collector.below(nodes, `${type.name}Connection`)) {
      const name = below[0]?.name.value;
      if (name === 'nodes') position(below, (row) => nodePlans.set(key, row));
      if (name !== 'edges') continue;
      const edge = new Map<string, RowPlan>();
      edgePlans.set(key, edge);
      for (const [nodeKey, inner] of this.#collector.below(below, `${type.name}Edge`)) {
        if (inner[0]?.name.value === 'node') position(inner, (row) => edge.set(nodeKey, row));
      }
    }
    const read = columns.finish();
    for (const finish of open) finish(read);
    return { read, positions: { nodes: nodePlans, edges: edgePlans } };
  }

  #selected(type: DomainType, nodes: readonly FieldNode[]): Selected {
    const columns = new ReadBuilder(type, this.#context);
    const builder = new RowPlanBuilder(columns, this.#context);
    this.#fill(builder, this.#collector.below(nodes, type.name));
    const read = columns.finish();
    return { read, row: builder.finish(read) };
  }

  #fill(builder: RowPlanBuilder, fields: CollectedFields): RowPlanBuilder {
    for (const [key, nodes] of fields) {
      const planned = builder.field(nodes[0]?.name.value ?? '');
      if (planned?.field.kind !== 'join' || planned.never) continue;
      builder.join(key, {
        field: planned.field.name,
        list: planned.field.list,
        members: this.#members(builder.type, planned.field, nodes),
      });
    }
    return builder;
  }

  #members(from: DomainType, field: JoinField, nodes: readonly FieldNode[]): readonly JoinMember[] {
    return field.members.flatMap((member) => {
      const type = this.#context.policy.model.types.get(member);
      if (!type) return [];
      const columns = new ReadBuilder(type, this.#context);
      const builder = new RowPlanBuilder(columns, this.#context);
      const on = field.theirs ?? type.table.key[0] ?? 'id';
      const gates = field.via ? [] : builder.gate(on, isOwnKey(from, field.own));
      for (const by of gates) {
        this.#filtered.set(`${field.coordinate} ${by}`, { field: field.coordinate, by });
      }
      this.#fill(builder, this.#collector.below(nodes, member));
      const read = columns.finish();
      const row = builder.finish(read);
      return [{ read, row, on, closed: builder.closed, ...(field.via && { via: field.via }) }];
    });
  }
}

interface RootFinder {
  readonly type: DomainType;
  readonly many: boolean;
  readonly keyArgs: readonly string[];
}

const findersByPolicy = new WeakMap<Policy, ReadonlyMap<string, RootFinder>>();

/** Which type and shape stands behind each generated root field. */
export const rootFinders = (policy: Policy): ReadonlyMap<string, RootFinder> => {
  const known = findersByPolicy.get(policy);
  if (known) return known;
  const finders = new Map<string, RootFinder>();
  for (const type of policy.model.types.values()) {
    if (!type.table.root) continue;
    const { one, many, keyArgs } = rootFieldsOf(type);
    finders.set(one, { type, many: false, keyArgs });
    finders.set(many, { type, many: true, keyArgs });
  }
  findersByPolicy.set(policy, finders);
  return finders;
};

/**
 * Compiles one operation for one purpose into a plan. Pure: no caller, no person, no I/O. The
 * document must be valid against the policy's schema.
 * @throws PlanError when the operation stands for too many selections.
 */
export const compilePlan = (request: PlanRequest): Plan =>
  new PlanCompiler(request).compile(request);
