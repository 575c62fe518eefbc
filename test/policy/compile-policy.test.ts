import { printSchema, Source } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compilePolicy, readPolicy } from '../../src/policy/compile-policy.ts';
import { around, compile, customer, enums, governance, shop } from './sdl.ts';

const id = (...domain: string[]): string =>
  compilePolicy(
    {
      governance,
      domain: [enums, ...domain.map((sdl, i) => new Source(sdl, `${String(i)}.graphql`))],
    },
    around,
  ).id;

const city = 'type City @table(source: "shop", name: "city") { id: ID! }';

describe('a policy’s name', () => {
  it('is the SHA-256 of its canonical text', () => {
    expect(id(customer)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('does not hang on comments, spaces, the order of definitions or files', () => {
    const one = id(`${customer}\n${city}`);
    expect(id(`# said in passing\n${city}\n\n${customer}`)).toBe(one);
    expect(id(city, customer)).toBe(one);
    expect(id(customer, city)).toBe(one);
  });

  it('does not hang on the order of extensions of one enum', () => {
    const [a, b] = ['extend enum Category { A @category }', 'extend enum Category { B @category }'];
    expect(id(a, b)).toBe(id(b, a));
  });

  it('changes with every rule', () => {
    const names = [
      customer,
      customer.replace('category: NAME', 'category: EMAIL'),
      customer.replace('category: NAME', 'category: NAME, rules: ["isStaff"]'),
      customer.replace('name: String', 'named: String'),
      customer.replace('"a number"', '"another reason"'),
    ].map((sdl) => id(sdl));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the pairs of purpose and category', () => {
  it('are the leaves, in the order of the SDL, each with its basis', () => {
    expect(
      compile(customer).pairs.map(
        ({ purpose, category, basis }) => `${purpose} ${category} ${basis}`,
      ),
    ).toEqual([
      'ADS EMAIL CONSENT',
      'ADS PURCHASES CONSENT',
      'SERVICE NAME CONTRACT',
      'SERVICE EMAIL CONTRACT',
      'SERVICE PURCHASES CONTRACT',
    ]);
  });

  it('are found by both names and count from 0', () => {
    const policy = shop();
    policy.pairs.forEach((pair, i) => {
      expect(pair.index).toBe(i);
      expect(policy.pairOf(pair.purpose, pair.category, pair.scope)).toBe(pair);
      expect(policy.scopesOf(pair.purpose, pair.category)).toContain(pair);
    });
    expect(policy.pairOf('FULFILMENT', 'INCOME')).toBeUndefined();
    expect(policy.pairOf('FULFILMENT', 'CONTACT')).toBeUndefined();
  });
});

describe('generated SDL', () => {
  const printed = (sdl: string): string => printSchema(compile(sdl).schema);

  it('has root fields, connections and `first` for lists of rows', () => {
    const text = printed(
      customer.replace(
        '}',
        '  friends: [Customer!] @shield(category: TASTE) @join(via: "f", on: "a", to: "b")\n}',
      ),
    );
    expect(text).toContain('customer(id: ID!): Customer');
    expect(text).toContain('customers(first: Int, after: String): CustomerConnection');
    expect(text).toContain('friends(first: Int): [Customer!]');
    expect(text).toContain('type CustomerEdge {\n  node: Customer!\n  cursor: String!\n}');
  });

  it.each([
    ['City', '', 'cities'],
    ['Day', '', 'days'],
    ['Box', '', 'boxes'],
    ['News', ', plural: "allNews"', 'allNews'],
  ])('calls several of %s%s %s', (type, plural, many) => {
    const sdl = `type ${type} @table(source: "shop", name: "t"${plural}) { id: ID! }`;
    expect(printed(sdl)).toContain(`  ${many}(first: Int`);
  });

  it('has none for a type without roots, and no page info when there is no page', () => {
    const text = printed('type City @table(source: "shop", name: "t", root: false) { id: ID! }');
    expect(text).not.toContain('CityConnection');
    expect(text).not.toContain('PageInfo');
  });

  it('names keys of several columns', () => {
    const text = printed(
      'type Line @table(source: "shop", name: "l", key: ["order_id", "line_no"]) { a: Int }',
    );
    expect(text).toContain('line(orderId: ID!, lineNo: ID!): Line');
  });

  it('lets the person be asked for after a say-so', () => {
    expect(printed(customer)).toMatch(/type ConsentChange \{[^}]* customer: Customer\n/);
    expect(printed(city)).not.toMatch(/type ConsentChange \{[^}]*customer/);
  });
});

describe('who signs in', () => {
  const employee = (signIn: string) =>
    `type Employee @table(source: "shop", name: "e") @subject(id: "id"${signIn}) { id: ID! @open(because: "n") }`;

  it.each([
    ['the one person', customer, 'Customer'],
    ['nobody in particular', `${customer}\n${employee('')}`, undefined],
    ['the one that says so', `${customer}\n${employee(', signIn: true')}`, 'Employee'],
    ['nobody', city, undefined],
  ])('%s', (_name, sdl, type) => {
    expect(compile(sdl).model.signInType).toBe(type);
  });
});

describe('readPolicy', () => {
  it('gives the model with the problems, so that sources can be asked for what they lack', () => {
    const sdl = customer.replace('@shield(category: NAME)', '');
    const reading = readPolicy(
      { governance, domain: [enums, new Source(sdl, 'd.graphql')] },
      around,
    );
    expect(reading.policy).toBeUndefined();
    expect(reading.problems).toHaveLength(1);
    expect(reading.model.types.get('Customer')?.table.name).toBe('customer');
  });

  it('gives the policy when there is none', () => {
    const reading = readPolicy(
      { governance, domain: [enums, new Source(customer, 'd.graphql')] },
      around,
    );
    expect(reading.problems).toEqual([]);
    expect(reading.policy?.model).toBe(reading.model);
  });
});

describe('a file of the domain that is called like one of the governance', () => {
  it('is the domain’s, and governance stays governance', () => {
    const names = governance.map(({ name }) => name);
    const policy = compilePolicy(
      { governance, domain: [enums, new Source(customer, names[0])] },
      around,
    );
    expect([...policy.model.types.keys()]).toEqual(['Customer']);
  });
});

describe('a large policy', () => {
  const large = (wrong: string): string =>
    Array.from({ length: 500 }, (_, i) => {
      const next = (i + 1) % 500;
      return `type T${String(i)} @table(source: "shop", name: "t${String(i)}") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  ${Array.from({ length: 10 }, (__, k) => `f${String(k)}: Int ${wrong || '@shield(category: PURCHASES)'}`).join('\n  ')}
  next: T${String(next)} @shield(category: PURCHASES) @join(on: "next_id")
}`;
    }).join('\n');

  const seconds = (run: () => void): number => {
    const started = performance.now();
    run();
    return (performance.now() - started) / 1000;
  };

  it('of 500 types compiles in seconds', () => {
    const sdl = `${customer}\n${large('')}`;
    expect(seconds(() => expect(compile(sdl).model.types.size).toBe(501))).toBeLessThan(10);
  });

  it('tells 5,000 problems in seconds', () => {
    const source = new Source(`${customer}\n${large('@sheild')}`, 'd.graphql');
    const read = () => readPolicy({ governance, domain: [enums, source] }, around);
    expect(seconds(() => expect(read().problems).toHaveLength(5_000))).toBeLessThan(15);
  });
});
