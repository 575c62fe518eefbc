import fc from 'fast-check';
import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isObjectType,
  Kind,
  parse,
  Source,
  validate,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type OperationDefinitionNode,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { compilePlan } from '../../src/policy/compile-plan.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';
import type { DomainField } from '../../src/policy/model.ts';
import type { Plan, ReadPlan, RootPlan, RowPlan } from '../../src/policy/plan.ts';
import { governance, shop, shopSources } from './sdl.ts';

const policy = shop();
const guarded = 'Order.staffNote';

/** Writes a query by reading choices off a tape; an empty tape writes the smallest query. */
class QueryWriter {
  #at = 0;
  #fragments: string[] = [];
  readonly #tape: readonly number[];

  constructor(tape: readonly number[]) {
    this.#tape = tape;
  }

  write(): string {
    const roots = Object.values(policy.schema.getQueryType()!.getFields());
    const chosen = this.#times(3, () => {
      const field = roots[this.#choose(roots.length)]!;
      return this.#field(field.name, field.args, getNamedType(field.type), 4);
    });
    return `{ __typename ${chosen.join(' ')} } ${this.#fragments.join(' ')}`;
  }

  #choose(below: number): number {
    const value = this.#tape[this.#at] ?? 0;
    this.#at += 1;
    return value % below;
  }

  #times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.#choose(most) }, make);
  }

  #field(name: string, args: readonly GraphQLArgument[], type: unknown, depth: number): string {
    const alias = `${name}${this.#at}`;
    const given = args.filter(({ type: t }) => String(t).endsWith('!'));
    const list =
      given.length === 0
        ? ''
        : `(${given.map((one) => `${one.name}: ${literalOf(one)}`).join(', ')})`;
    const skip = ['', '', '', ' @skip(if: true)', ' @include(if: true)'][this.#choose(5)] ?? '';
    const below = isCompositeType(type) ? ` ${this.#selection(type, depth - 1)}` : '';
    return `${alias}: ${name}${list}${skip}${below}`;
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const parts = this.#times(4, () => this.#part(type, depth));
    return `{ __typename ${parts.join(' ')} }`;
  }

  #part(type: GraphQLCompositeType, depth: number): string {
    const kind = this.#choose(6);
    if (!isObjectType(type)) {
      const members = policy.schema.getPossibleTypes(type);
      const member = members[this.#choose(members.length)]!;
      return `... on ${member.name} ${depth > 0 ? this.#selection(member, depth - 1) : '{ __typename }'}`;
    }
    if (kind === 1 && depth > 0) return `... ${this.#selection(type, depth - 1)}`;
    if (kind === 2 && depth > 0) {
      const name = `F${this.#at}`;
      this.#fragments.push(`fragment ${name} on ${type.name} ${this.#selection(type, depth - 1)}`);
      return `...${name}`;
    }
    const fields = Object.values(type.getFields()).filter(
      (one) => depth > 0 || !isCompositeType(getNamedType(one.type)),
    );
    const field = fields[this.#choose(fields.length)];
    if (!field) return '__typename';
    return this.#field(field.name, field.args, getNamedType(field.type), depth);
  }
}

/** Some value that an argument takes. */
const literalOf = ({ type }: GraphQLArgument): string => {
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.name ?? '';
  return String(named) === 'String' ? '"1"' : '1';
};

const queries = fc
  .array(fc.nat({ max: 10_000 }), { minLength: 80, maxLength: 200, size: 'max' })
  .map((tape) => new QueryWriter(tape).write());

const planFor = (
  query: string,
  of: Policy,
  purpose: string | undefined,
  refused: readonly string[] = [],
): Plan => {
  const document = parse(query);
  const operation = document.definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  )!;
  return compilePlan({
    policy: of,
    document,
    operation,
    variables: {},
    purpose,
    refused: new Set(refused),
  });
};

/** Whether a field could be released to anybody, said again from the design's words. */
const mayBeReleased = (
  field: DomainField,
  purpose: string | undefined,
  refused: readonly string[],
): boolean => {
  if (field.guard.kind !== 'shield') return true;
  if (purpose === undefined || refused.includes(field.coordinate)) return false;
  const { purposeTree, categoryTree, purposes } = policy.model;
  return purposeTree.leavesOf(purpose).every((leaf) => {
    const covered = purposes.get(leaf)!.covers.flatMap((c) => categoryTree.leavesOf(c));
    const needed =
      field.guard.kind === 'shield'
        ? field.guard.categories.flatMap((c) => categoryTree.leavesOf(c))
        : [];
    return needed.every((category) => covered.includes(category));
  });
};

const columnsBehind = (row: RowPlan, field: DomainField): string[] => {
  if (field.kind === 'column') return [field.column];
  if (field.kind === 'join') return [field.own];
  const { fields } = policy.model.types.get(row.typeName)!;
  return field.from.flatMap((name) => {
    const input = fields.get(name);
    return input?.kind === 'column' ? [input.column] : [];
  });
};

const purposeNames = [...policy.model.purposeTree.names, undefined];

describe('the plan of any query', () => {
  it('reads the columns of cells that could be released, and no other', () => {
    let cells = 0;
    fc.assert(
      fc.property(
        queries,
        fc.constantFrom(...purposeNames),
        fc.constantFrom([], [guarded]),
        (query, purpose, refused) => {
          expect(validate(policy.schema, parse(query))).toEqual([]);
          const plan = planFor(query, policy, purpose, refused);
          const needed = new Map<ReadPlan, Set<string>>();
          for (const row of plan.rows) {
            const columns = needed.get(row.read) ?? new Set<string>();
            needed.set(row.read, columns);
            for (const cell of row.cells) {
              cells += 1;
              const field = policy.model.types.get(row.typeName)!.fields.get(cell.field)!;
              const may = mayBeReleased(field, purpose, refused);
              const decision = row.decisions[cell.decision]!;
              expect(decision.kind !== 'never').toBe(may);
              expect(decision.coordinates).toContain(cell.coordinate);
              if (!may) {
                expect([cell.index, cell.inputs]).toEqual([-1, undefined]);
                continue;
              }
              const behind = columnsBehind(row, field);
              for (const column of behind) columns.add(column);
              const read = cell.inputs?.map(({ index }) => index) ?? [cell.index];
              expect(read.map((index) => row.read.columns[index])).toEqual(behind);
            }
            for (const { field } of row.joins.values()) {
              const joined = policy.model.types.get(row.typeName)!.fields.get(field)!;
              expect(mayBeReleased(joined, purpose, refused)).toBe(true);
            }
          }
          for (const [read, columns] of needed) {
            expect([...read.columns].sort()).toEqual([...columns].sort());
          }
        },
      ),
      { numRuns: 450 },
    );
    // The queries are not all trivial.
    expect(cells).toBeGreaterThan(1_000);
  });
});

const categories = policy.schema.getType('Category');
const leaves = isEnumType(categories) ? categories.getValues().map(({ name }) => name) : [];

const byCovers = new Map<string, Policy>();
const covering = (covers: readonly string[]): Policy => {
  const key = [...covers].sort().join(', ');
  const known = byCovers.get(key);
  if (known) return known;
  const domain = shopSources.map(({ body, name }) => {
    const text = body.replace(
      /(under: "PERSONALIZATION"\s+covers: \[)PURCHASE_HISTORY, PREFERENCES[^\]]*/,
      `$1${key}`,
    );
    return new Source(text, name);
  });
  const compiled = compilePolicy(
    { governance, domain },
    { sources: ['shop', 'crm'], rules: ['isStaff'], resolvers: ['Customer.ageBand'] },
  );
  byCovers.set(key, compiled);
  return compiled;
};

const rowsOf = (root: RootPlan): Map<string, RowPlan> => {
  if (root.kind === 'one') return new Map([['', root.row]]);
  if (root.kind !== 'page') return new Map();
  const { nodes, edges } = root.positions;
  const inner = [...edges].flatMap(([key, rows]) =>
    [...rows].map(([name, row]) => [`${key}.${name}`, row] as const),
  );
  return new Map([...nodes, ...inner]);
};

const expectWithin = (less: RowPlan, more: RowPlan): void => {
  expect(more.read.columns).toEqual(expect.arrayContaining([...less.read.columns]));
  for (const cell of less.cells) {
    const other = more.cellOf.get(cell.field)!;
    if (less.decisions[cell.decision]?.kind === 'never') continue;
    expect(more.decisions[other.decision]?.kind).not.toBe('never');
  }
  for (const [key, join] of less.joins) {
    const other = more.joins.get(key)!;
    join.members.forEach((member, i) => {
      const same = other.members[i]!;
      if (same.closed) expect(member.closed).toBe(true);
      expectWithin(member.row, same.row);
    });
  }
};

describe('a purpose that covers one category more', () => {
  it('never reads or releases less', () => {
    fc.assert(
      fc.property(
        queries,
        fc.subarray(leaves, { maxLength: 6 }),
        fc.constantFrom(...leaves),
        fc.constantFrom('RECOMMENDATIONS', 'PERSONALIZATION'),
        (query, covers, one, purpose) => {
          const less = planFor(query, covering(covers), purpose);
          const more = planFor(query, covering([...new Set([...covers, one])]), purpose);
          for (const [key, root] of less.roots) {
            const others = rowsOf(more.roots.get(key)!);
            for (const [place, row] of rowsOf(root)) expectWithin(row, others.get(place)!);
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(byCovers.size).toBeGreaterThan(20);
  });
});
