import { Kind, parse, validate, type OperationDefinitionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { branchingVariables } from '../../src/policy/collect-fields.ts';
import { compilePlan } from '../../src/policy/compile-plan.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import type { Decide, JoinMember, Plan, RootPlan, RowPlan } from '../../src/policy/plan.ts';
import { compile, shop } from './sdl.ts';

const policy = shop();

interface Asked {
  readonly policy?: Policy;
  readonly purpose?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly refused?: readonly string[];
}

const plan = (query: string, asked: Asked = {}): Plan => {
  const document = parse(query);
  const chosen = asked.policy ?? policy;
  expect(validate(chosen.schema, document)).toEqual([]);
  const operation = document.definitions.find(
    (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
  )!;
  return compilePlan({
    policy: chosen,
    document,
    operation,
    variables: asked.variables ?? {},
    purpose: 'purpose' in asked ? asked.purpose : 'RECOMMENDATIONS',
    refused: new Set(asked.refused),
  });
};

type Of<Kind> = Extract<RootPlan, { readonly kind: Kind }>;
const root = <K extends RootPlan['kind']>(of: Plan, key: string, kind: K): Of<K> => {
  const found = of.roots.get(key);
  if (found?.kind !== kind) throw new Error(`no root \`${key}\` of kind ${kind}`);
  // The kind was just compared.
  return found as Of<K>;
};
const rowOf = (of: Plan, key = 'customer'): RowPlan => root(of, key, 'one').row;
const members = (row: RowPlan, key: string): readonly JoinMember[] =>
  row.joins.get(key)?.members ?? [];
const fields = (row: RowPlan | undefined): string[] => [...(row?.cellOf.keys() ?? [])];
const decision = (row: RowPlan, field: string): Decide =>
  row.decisions[row.cellOf.get(field)?.decision ?? -1]!;
const pairsAsked = (row: RowPlan, field: string): string[] => {
  const found = decision(row, field);
  if (found.kind !== 'ask') throw new Error(`\`${field}\` is ${found.kind}`);
  return found.asks.map(
    ({ pair }) => `${policy.pairs[pair]!.purpose} ${policy.pairs[pair]!.category}`,
  );
};

describe('a selection', () => {
  it.each([
    ['plain', '{ customer(id: 1) { id country } }'],
    ['inline', '{ customer(id: 1) { ... { id } ... on Customer { country } } }'],
    [
      'named',
      '{ ...Q } fragment Q on Query { customer(id: 1) { ...C } } fragment C on Customer { id country }',
    ],
    [
      'nested and spread twice',
      '{ customer(id: 1) { ...A ...B } } fragment A on Customer { id ...B } fragment B on Customer { country }',
    ],
    ['of merged fields', '{ customer(id: 1) { id } customer(id: 1) { country } }'],
    ['with aliases', '{ customer(id: 1) { a: id b: id c: country } }'],
  ])('%s reads each column once', (_name, query) => {
    const { read, row } = root(plan(query), 'customer', 'one');
    expect(read.columns).toEqual(['id', 'country']);
    expect(fields(row)).toEqual(['id', 'country']);
    expect(row.cells.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('of an interface’s fragment counts for the types that implement it', () => {
    const query = '{ customer(id: 1) { ...P } } fragment P on Person { name }';
    expect(fields(rowOf(plan(query)))).toEqual(['name']);
  });

  it('under two root aliases is two reads that know nothing of each other', () => {
    const both = plan('{ a: customer(id: 1) { id } b: customer(id: 2) { country } }');
    expect(root(both, 'a', 'one').read.columns).toEqual(['id']);
    expect(root(both, 'b', 'one').read.columns).toEqual(['country']);
    expect(both.rows.map(({ number }) => number)).toEqual([0, 1]);
  });

  it('of __typename and introspection reads nothing', () => {
    const of = plan('{ __typename __schema { description } customer(id: 1) { __typename } }');
    expect([...of.roots.keys()]).toEqual(['customer']);
    expect(root(of, 'customer', 'one').read.columns).toEqual([]);
    expect(of.personalTypes).toEqual(['Customer']);
  });

  it('merges below joins under one response key', () => {
    const row = rowOf(
      plan('{ customer(id: 1) { orders { id } orders { total } mine: orders { id } } }'),
    );
    expect([...row.joins.keys()]).toEqual(['orders', 'mine']);
    expect(members(row, 'orders')[0]?.read.columns).toEqual(['id', 'total']);
    expect(members(row, 'mine')[0]?.read.columns).toEqual(['id']);
    expect(row.cells).toHaveLength(1);
  });
});

describe('@skip and @include', () => {
  const columns = (query: string, variables = {}): readonly string[] =>
    root(plan(query, { variables }), 'customer', 'one').read.columns;

  it.each([
    ['@skip(if: true)', ['id']],
    ['@skip(if: false)', ['id', 'country']],
    ['@include(if: true)', ['id', 'country']],
    ['@include(if: false)', ['id']],
    ['@include(if: true) @skip(if: true)', ['id']],
  ])('as literals: %s', (directive, expected) => {
    expect(columns(`{ customer(id: 1) { id country ${directive} } }`)).toEqual(expected);
    expect(columns(`{ customer(id: 1) { id ... ${directive} { country } } }`)).toEqual(expected);
    expect(
      columns(`{ customer(id: 1) { id ...C ${directive} } } fragment C on Customer { country }`),
    ).toEqual(expected);
  });

  it('as variables make different plans of one document', () => {
    const query = 'query ($x: Boolean!) { customer(id: 1) { id country @include(if: $x) } }';
    expect(columns(query, { x: true })).toEqual(['id', 'country']);
    expect(columns(query, { x: false })).toEqual(['id']);
    expect(branchingVariables(parse(query))).toEqual(['x']);
  });

  it('name only the variables that branch, each once', () => {
    const document = parse(`query ($id: ID!, $b: Boolean!, $a: Boolean!) {
      customer(id: $id) { id @skip(if: $b) name @include(if: $a) @skip(if: $b) }
    }`);
    expect(branchingVariables(document)).toEqual(['a', 'b']);
  });

  it('may leave a root field out', () => {
    const of = plan('{ customer(id: 1) @skip(if: true) { id } }');
    expect(of.roots.size).toBe(0);
    expect(of.personalTypes).toEqual([]);
  });
});

describe('unions and interfaces', () => {
  it('plan each member by itself', () => {
    const of = plan(
      `{ customer(id: 1) { activity { __typename ... on Order { total } ... on Review { stars product { name } } } } }`,
    );
    const [order, review] = members(rowOf(of), 'activity');
    expect([order?.row.typeName, order?.read.columns]).toEqual(['Order', ['total']]);
    expect([review?.row.typeName, review?.read.columns]).toEqual([
      'Review',
      ['stars', 'product_id'],
    ]);
    expect(order?.row.joins.size).toBe(0);
    expect([order?.on, review?.on]).toEqual(['customer_id', 'customer_id']);
  });

  it('need every category of the field that leads there', () => {
    const row = rowOf(plan('{ customer(id: 1) { activity { __typename } } }'));
    expect(pairsAsked(row, 'activity')).toEqual([
      'RECOMMENDATIONS PURCHASE_HISTORY',
      'RECOMMENDATIONS OPINIONS',
    ]);
  });
});

describe('a connection', () => {
  it('plans each position and alias, over one read', () => {
    const of = plan(`{ customers(first: 2) {
      nodes { id } more: nodes { country }
      edges { cursor node { city } again: node { name } }
      rim: edges { node { id } }
      pageInfo { hasNextPage }
    } }`);
    const { read, positions } = root(of, 'customers', 'page');
    expect([...positions.nodes].map(([key, row]) => [key, fields(row)])).toEqual([
      ['nodes', ['id']],
      ['more', ['country']],
    ]);
    expect(
      [...positions.edges].map(([key, inner]) => [
        key,
        [...inner].map(([k, row]) => [k, fields(row)]),
      ]),
    ).toEqual([
      [
        'edges',
        [
          ['node', ['city']],
          ['again', ['name']],
        ],
      ],
      ['rim', [['node', ['id']]]],
    ]);
    // `city` and `name` are not covered by this purpose.
    expect(read.columns).toEqual(['id', 'country']);
    expect(of.rows.every((row) => row.read === read)).toBe(true);
  });

  it('with no rows selected still touches persons', () => {
    const of = plan('{ customers { pageInfo { endCursor } } }');
    expect(root(of, 'customers', 'page').read.columns).toEqual([]);
    expect(of.personalTypes).toEqual(['Customer']);
  });
});

describe('decisions', () => {
  it('never read what the purpose does not cover, nor anything below', () => {
    const of = plan('{ customer(id: 1) { id email loyalty { tier } } }');
    const { read, row } = root(of, 'customer', 'one');
    expect(read.columns).toEqual(['id']);
    expect(row.joins.size).toBe(0);
    expect(row.cellOf.get('email')?.index).toBe(-1);
    expect(decision(row, 'email')).toEqual({
      kind: 'never',
      reason: 'NOT_COVERED',
      coordinates: ['Customer.email', 'Customer.loyalty'],
    });
    expect(of.rows).toHaveLength(1);
  });

  it('without a purpose are all never, but for what is open', () => {
    const row = rowOf(plan('{ customer(id: 1) { id name } }', { purpose: undefined }));
    expect([decision(row, 'id').kind, decision(row, 'name').kind]).toEqual(['open', 'never']);
  });

  it.each([
    ['FULFILMENT', 'CONTRACT'],
    ['ACCOUNTING', 'LEGAL_OBLIGATION'],
  ])('ask nobody when %s rests on %s', (purpose, basis) => {
    const row = rowOf(plan('{ customer(id: 1) { name } }', { purpose }));
    expect(decision(row, 'name')).toMatchObject({ kind: 'always', basis });
  });

  it('ask when the basis is a legitimate interest', () => {
    const row = rowOf(plan('{ customer(id: 1) { name } }', { purpose: 'FRAUD_PREVENTION' }));
    expect(decision(row, 'name')).toMatchObject({
      kind: 'ask',
      asks: [{ basis: 'LEGITIMATE_INTEREST' }],
    });
  });

  it('of an inner purpose need each of its leaves', () => {
    const asked = { purpose: 'PERSONALIZATION' };
    const row = rowOf(plan('{ customer(id: 1) { orders { id } birthDate country } }', asked));
    expect(pairsAsked(row, 'orders')).toEqual([
      'RECOMMENDATIONS PURCHASE_HISTORY',
      'LOYALTY_OFFERS PURCHASE_HISTORY',
    ]);
    // One leaf covers each, and that is not enough.
    expect(decision(row, 'birthDate').kind).toBe('never');
    expect(decision(row, 'country').kind).toBe('never');
  });

  it('carry other bases by place, and then read where the person lives', () => {
    const { read, row } = root(
      plan('{ customer(id: 1) { email } }', { purpose: 'ADVERTISING' }),
      'customer',
      'one',
    );
    const found = decision(row, 'email');
    expect(found.kind === 'ask' && found.asks[0]?.places.get('US-CA')).toBe('OPT_OUT');
    expect(read.subject?.place).toEqual({
      table: 'customers',
      id: 'id',
      column: 'residence',
      source: 'shop',
    });
    expect(read.columns).toEqual(['email']);
  });

  it('do not read where the person lives when nothing turns on it', () => {
    const { read } = root(plan('{ customer(id: 1) { country } }'), 'customer', 'one');
    expect(read.subject).not.toHaveProperty('place');
  });

  it('merge equal ones, with all their coordinates', () => {
    const row = rowOf(plan('{ order(id: 1) { placedAt total paidBy } }'), 'order');
    expect(row.decisions).toHaveLength(2);
    expect(row.decisions[0]?.coordinates).toEqual(['Order.placedAt', 'Order.total']);
  });

  it('find the person over rows between', () => {
    const query = '{ order(id: 1) { lines { quantity } } }';
    const [line] = members(rowOf(plan(query), 'order'), 'lines');
    expect(line?.read.subject?.path).toEqual({
      type: 'Customer',
      hops: [{ own: 'order_id', table: 'orders', theirs: 'id' }],
      column: 'customer_id',
    });
  });
});

describe('trees', () => {
  const domain = (covers: string) => compileTree(covers);
  const compileTree = (covers: string): Policy =>
    compile(
      `extend enum Category {
  WIDE @category
  LEFT @category(under: "WIDE")
  RIGHT @category(under: ["WIDE", "TASTE"])
}
extend enum Purpose {
  X @purpose(covers: [${covers}])
  FIRM @purpose(covers: [${covers}], basis: CONTRACT) @basis(is: CONSENT, in: ["DE"])
}
type Customer @table(source: "shop", name: "c") @subject(id: "id", place: "land") {
  id: ID! @open(because: "n")
  wide: String @shield(category: WIDE)
  left: String @shield(category: LEFT)
  both: String @shield(category: [LEFT, NAME])
}`,
    );
  const query = '{ customer(id: 1) { wide left both } }';
  const kinds = (covers: string, purpose = 'X') => {
    const row = rowOf(plan(query, { policy: domain(covers), purpose }));
    return ['wide', 'left', 'both'].map((field) => decision(row, field).kind);
  };

  it.each([
    ['WIDE', ['ask', 'ask', 'never']],
    ['LEFT', ['never', 'ask', 'never']],
    ['LEFT, RIGHT', ['ask', 'ask', 'never']],
    ['LEFT, TASTE', ['ask', 'ask', 'never']],
    ['NAME', ['never', 'never', 'never']],
    ['NAME, LEFT', ['never', 'ask', 'ask']],
    ['IDENTITY, WIDE', ['ask', 'ask', 'ask']],
    ['', ['never', 'never', 'never']],
  ])('a purpose that covers [%s]', (covers, expected) => {
    expect(kinds(covers)).toEqual(expected);
  });

  it('an unconditional basis asks where the law of some place differs', () => {
    expect(kinds('WIDE', 'FIRM')).toEqual(['ask', 'ask', 'never']);
  });
});

describe('named rules', () => {
  const query = '{ order(id: 1) { staffNote total } }';
  const asked = { purpose: 'SUPPORT' };

  it('are listed as guarded, whether or not the purpose covers the field', () => {
    expect(plan(query, asked).guarded).toEqual(['Order.staffNote']);
    expect(plan(query).guarded).toEqual(['Order.staffNote']);
    expect(plan('{ order(id: 1) { total } }', asked).guarded).toEqual([]);
  });

  it('that refused make the field never, and its column is not read', () => {
    const of = plan(query, { ...asked, refused: ['Order.staffNote'] });
    const { read, row } = root(of, 'order', 'one');
    expect(decision(row, 'staffNote')).toMatchObject({ kind: 'never', reason: 'NOT_PERMITTED' });
    expect(read.columns).toEqual(['total']);
  });
});

describe('a derived field', () => {
  it('reads its inputs and has no column', () => {
    const { read, row } = root(
      plan('{ customer(id: 1) { ageBand } }', { purpose: 'LOYALTY_OFFERS' }),
      'customer',
      'one',
    );
    expect(read.columns).toEqual(['birth_date']);
    expect(row.cellOf.get('ageBand')).toMatchObject({
      index: -1,
      inputs: [{ field: 'birthDate', index: 0 }],
    });
    expect(fields(row)).toEqual(['ageBand']);
  });

  it('that is never released reads no input', () => {
    const { read, row } = root(plan('{ customer(id: 1) { ageBand } }'), 'customer', 'one');
    expect(read.columns).toEqual([]);
    expect(row.cellOf.get('ageBand')).not.toHaveProperty('inputs');
  });
});

describe('rows found by a shielded column', () => {
  it('pass a gate, and the answer says so once', () => {
    const of = plan('{ product(id: 1) { reviews { id } again: reviews { stars } } }');
    const [review] = members(rowOf(of, 'product'), 'reviews');
    expect(review?.row.gates).toEqual([{ decision: 0, coordinate: 'Review.product' }]);
    expect(review?.row.decisions[0]?.kind).toBe('ask');
    expect(review?.closed).toBe(false);
    expect(review?.read.columns).toEqual(['id']);
    expect(of.filtered).toEqual([{ field: 'Product.reviews', by: 'Review.product' }]);
  });

  it('are not read at all when the purpose does not cover it', () => {
    const of = plan('{ product(id: 1) { reviews { id } } }', { purpose: 'FULFILMENT' });
    expect(members(rowOf(of, 'product'), 'reviews')[0]?.closed).toBe(true);
  });

  it('need no gate where they point at the row they are reached from', () => {
    const of = plan('{ customer(id: 1) { orders { lines { order { id } } } } }');
    expect(of.rows.flatMap(({ gates }) => gates)).toEqual([]);
    expect(of.filtered).toEqual([]);
  });

  const policyOf = (fields: string) =>
    compile(`
type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  friend: Customer @shield(category: TASTE) @join(on: "friend_id")
  points: Points @shield(category: NAME) @join(from: "id", on: "customer_id")
  ${fields}
}
type Points @table(source: "crm", name: "p", key: ["customer_id"], root: false) @about(subject: "customer_id") {
  points: Int @shield(category: NAME)
}
type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
  parcel: Parcel @shield(category: EMAIL) @join(from: "id", on: "order_id")
}
type Parcel @table(source: "shop", name: "parcel") @about(through: "order") {
  id: ID! @open(because: "n")
  order: Order @shield(category: EMAIL) @join(on: "order_id")
}
extend enum Purpose { ALL @purpose(covers: [TASTE, PURCHASES, IDENTITY]) }`);

  it('of another person pass the gate of the column that says whose they are', () => {
    const chosen = policyOf(
      'theirs: [Order!] @shield(category: TASTE) @join(from: "friend_id", on: "customer_id")',
    );
    const of = plan('{ customer(id: 1) { theirs { id } } }', { policy: chosen, purpose: 'ALL' });
    expect(members(rowOf(of), 'theirs')[0]?.row.gates).toMatchObject([
      { coordinate: 'Order.customer' },
    ]);
  });

  it('are not held back by what merely points at their key', () => {
    const of = plan('{ parcel(id: 1) { order { id customer { id } } } }', {
      policy: policyOf(''),
      purpose: 'ALL',
    });
    expect(of.rows.flatMap(({ gates }) => gates)).toEqual([]);
  });
});

describe('a mutation', () => {
  it('plans the person in the payload, by alias', () => {
    const of = plan(
      `mutation { withdrawConsent(purpose: RECOMMENDATIONS) { head me: customer { id email } customer { country } } }`,
    );
    expect(of.operation).toBe('mutation');
    const { persons } = root(of, 'withdrawConsent', 'consent');
    expect([...persons].map(([key, { read }]) => [key, read.columns])).toEqual([
      ['me', ['id']],
      ['customer', ['country']],
    ]);
    expect(of.personalTypes).toEqual(['Customer']);
  });

  it('that selects no person touches none', () => {
    expect(plan('mutation { giveConsent(purpose: ADVERTISING) { head } }').personalTypes).toEqual(
      [],
    );
  });
});

describe('what is not of the domain', () => {
  it('is left to its resolver', () => {
    const of = plan('{ auditEntries { nodes { id } } products { nodes { name } } }', {
      purpose: undefined,
    });
    expect(of.roots.get('auditEntries')).toEqual({ kind: 'other', field: 'auditEntries' });
    expect(of.personalTypes).toEqual([]);
    expect(root(of, 'products', 'page').read).not.toHaveProperty('subject');
  });

  it('leads to persons, who then count', () => {
    const of = plan('{ products { nodes { reviews { id } } } }', { purpose: undefined });
    expect(of.personalTypes).toEqual(['Review']);
  });
});
