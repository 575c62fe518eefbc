import { buildSchema, execute, parse, visit, type DocumentNode, type SelectionNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createPlannedExecutor } from '../../src/execution/planned-executor.ts';

const schema = buildSchema(`
  interface Node { id: ID, next: Node, any: Any }
  type A implements Node { id: ID, next: Node, any: Any, a: Int }
  type B implements Node { id: ID, next: Node, any: Any, b: Int }
  union Any = A | B
  type Query { node: Node, any: Any, nothing: Node }
`);

/** A document that counts how often a selection of it is looked at. */
const counted = (text: string): { document: DocumentNode; looks: () => number } => {
  let looks = 0;
  const watch = (selections: readonly SelectionNode[]): readonly SelectionNode[] =>
    new Proxy(selections, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
  const document: DocumentNode = visit(parse(text, { noLocation: true }), {
    SelectionSet: { leave: (set) => ({ ...set, selections: watch(set.selections) }) },
  });
  looks = 0;
  return { document, looks: () => looks };
};

/** Nodes in a chain, then null. */
const chain = (length: number): object | null =>
  length === 0
    ? null
    : { __typename: length % 2 === 0 ? 'A' : 'B', id: length, next: chain(length - 1), any: chain(length - 1) }; // prettier-ignore

/** Looks that graphql-js, the planned executor, and the same a second time take. */
const looksOf = (text: string, depth: number, maxWeight?: number) => {
  const planned = createPlannedExecutor(schema, maxWeight === undefined ? {} : { maxWeight });
  const rootValue = { node: chain(depth), any: chain(depth), nothing: null };
  const [theirs, ours] = [counted(text), counted(text)];
  const expected = JSON.stringify(execute({ schema, document: theirs.document, rootValue }));
  const size = counted(text);
  let selections = 0;
  visit(size.document, { SelectionSet: (set) => void (selections += set.selections.length) });
  const times = [0, 1].map(() => {
    const before = ours.looks();
    const result = planned({ schema, document: ours.document, rootValue });
    expect(JSON.stringify(result)).toBe(expected);
    return ours.looks() - before;
  });
  return { theirs: theirs.looks(), first: times[0]!, second: times[1]!, selections };
};

const nested = (levels: number): string => {
  const fragments = [...Array(levels).keys()].map(
    (n) => `fragment F${n} on Node { x${n}: next { ...F${n + 1} } y${n}: next { ...F${n + 1} } any { ... on A { ...F${n + 1} } ... on B { ...F${n + 1} } } }`, // prettier-ignore
  );
  return `{ node { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Node { id }`;
};

describe('a hostile document costs what it costs graphql-js', () => {
  it('with exponentially nested fragments that are never reached', () => {
    const { theirs, first, second } = looksOf(nested(40), 0);
    expect(first).toBe(theirs);
    expect(second).toBe(0);
  });

  it('with exponentially nested fragments of which a part is reached', () => {
    const { theirs, first, second } = looksOf(nested(40), 6);
    expect(theirs).toBeGreaterThan(1000);
    expect(first).toBe(theirs);
    expect(second).toBe(0);
  });

  it('with variables for directives: its selections are looked at once more', () => {
    const text = nested(40).replace('{ node', 'query ($v: Boolean = true) { x: __typename @skip(if: $v) node'); // prettier-ignore
    const { theirs, first, second, selections } = looksOf(text, 3);
    expect(first).toBeLessThanOrEqual(theirs + selections);
    expect(second).toBe(0);
  });

  it('with 10,000 aliases', () => {
    const aliases = [...Array(10_000).keys()].map((n) => `a${n}: id`).join(' ');
    const { theirs, first } = looksOf(`{ node { ${aliases} } }`, 1);
    expect(first).toBe(theirs);
  });

  it('with deep fragments on a union', () => {
    const deep = (levels: number): string =>
      levels === 0 ? '__typename' : `... on A { any { ${deep(levels - 1)} } } ... on B { any { ${deep(levels - 1)} } }`; // prettier-ignore
    const { theirs, first } = looksOf(`{ any { ${deep(9)} } }`, 9);
    expect(first).toBe(theirs);
  });

  it('with a fragment that spreads itself', () => {
    const { theirs, first } = looksOf('{ node { ...F } } fragment F on Node { id ...F next { ...F } }', 5); // prettier-ignore
    expect(first).toBe(theirs);
  });
});

describe('the memory of plans', () => {
  const plain = (name: string): string => `query ${name} { node { id next { id } } }`;

  it('keeps what is within it', () => {
    expect(looksOf(plain('Q'), 2).second).toBe(0);
  });

  it('does not keep a plan that is too large, which is carried out all the same', () => {
    const { theirs, first, second } = looksOf(nested(40), 6, 100);
    expect(first).toBe(theirs);
    expect(second).toBe(theirs);
  });

  it('lets go of the plan longest unused', () => {
    const planned = createPlannedExecutor(schema, { maxWeight: 40 });
    const documents = [...Array(20).keys()].map((n) => counted(plain(`Q${n}`)));
    const looksAt = ({ document, looks }: (typeof documents)[number]): number => {
      const before = looks();
      void planned({ schema, document, rootValue: { node: chain(2) } });
      return looks() - before;
    };
    for (const one of documents) {
      expect(looksAt(one)).toBeGreaterThan(0);
      expect(looksAt(one)).toBe(0);
    }
    expect(looksAt(documents[19]!)).toBe(0);
    expect(looksAt(documents[0]!)).toBeGreaterThan(0);
  });

  it('is not flushed by a client that sends large documents', () => {
    const planned = createPlannedExecutor(schema, { maxWeight: 400 });
    const rootValue = { node: chain(6) };
    const [good, bad] = [counted(plain('Good')), counted(nested(40))];
    void planned({ schema, document: good.document, rootValue });
    const before = good.looks();
    for (let n = 0; n < 20; n += 1) void planned({ schema, document: bad.document, rootValue });
    void planned({ schema, document: good.document, rootValue });
    expect(good.looks()).toBe(before);
  });
});
