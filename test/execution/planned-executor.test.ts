import {
  buildSchema,
  GraphQLError,
  GraphQLInt,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  parse,
  type GraphQLFieldResolver,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { createPlannedExecutor } from '../../src/execution/planned-executor.ts';
import { both, bothThrow } from './both.ts';

const people = buildSchema(`
  interface Named { name: String }
  type Person implements Named { name: String, age: Int!, friends: [Person!], best: Person! }
  type Dog implements Named { name: String, barks: Boolean }
  union Pet = Dog | Person
  enum Level { LOW HIGH }
  input Filter { tags: [String!], level: Level = LOW }
  type Query {
    person: Person, people: [Person!], named: [Named], pet: Pet, level: Level
    echo(text: String = "by default", n: Int, filter: Filter, must: Int!): String
    told(filter: Filter): String
  }
  type Mutation { first: Int, second: Int!, third: Int }
  type Subscription { person: Person }
`);

/** A schema of one type with these resolvers. */
const withResolvers = (
  sdl: string,
  resolvers: Readonly<Record<string, GraphQLFieldResolver<unknown, unknown>>>,
) => {
  // prettier-ignore
  const schema = buildSchema(sdl);
  for (const [name, resolve] of Object.entries(resolvers))
    schema.getQueryType()!.getFields()[name]!.resolve = resolve;
  return schema;
};

const ada = { name: 'Ada', age: 36, friends: [{ name: 'Bob', age: 40 }] };

describe('answers', () => {
  it('hold aliases that every object has, `__proto__` too, as data', async () => {
    const { data } = await both(
      people,
      '{ __proto__: person { constructor: name toString: age __proto__: name then: name hasOwnProperty: age } }',
      { rootValue: { person: ada } },
    );
    expect(Object.getPrototypeOf(data)).toBe(null);
    expect(JSON.stringify(data)).toBe(
      '{"__proto__":{"constructor":"Ada","toString":36,"__proto__":"Ada","then":"Ada","hasOwnProperty":36}}',
    );
  });

  it('have no prototype when they have very many keys either', async () => {
    const aliases = [...Array(200).keys()].map((n) => `a${n}: name`).join(' ');
    const { data } = await both(people, `{ person { ${aliases} __proto__: age } }`, { rootValue: { person: ada } }); // prettier-ignore
    expect(Object.getPrototypeOf(data!['person'])).toBe(null);
    expect(Object.keys(data!['person'] as object)).toHaveLength(201);
  });

  it('keep the order of keys when what comes first is awaited last', async () => {
    const later = (ticks: number) => async (): Promise<string> => {
      for (let i = 0; i < ticks; i += 1) await Promise.resolve();
      return `${ticks}`;
    };
    const { data } = await both(people, '{ a: person { x: name y: name } level b: person { name } }', { rootValue: { person: () => ({ name: later(5) }), level: later(9) } }); // prettier-ignore
    expect(Object.keys(data!)).toEqual(['a', 'level', 'b']);
  });

  it('merge fields, and fragments in fragments', async () => {
    await both(
      people,
      `{ person { friends { name } ...F } ... on Query { person { friends { age ...G } } } }
       fragment F on Named { name ... on Person { age friends { t: __typename } } }
       fragment G on Person { ...F age }`,
      { rootValue: { person: ada } },
    );
  });

  it('read methods with arguments, context and info, as the default resolver does', async () => {
    const { data } = await both(
      people,
      'query Q { a: echo(must: 1) b: echo(must: 2, text: "t") }',
      {
        contextValue: { who: 'me' },
        rootValue: {
          own: 'own',
          echo(
            this: { own: string },
            args: object,
            context: object,
            info: { path: { key: string } },
          ) {
            return [this.own, JSON.stringify(args), JSON.stringify(context), info.path.key].join();
          },
        },
      },
    );
    expect(data!['a']).toBe('own,{"text":"by default","must":1},{"who":"me"},a');
  });

  it('take any iterable for a list, and no text and no async iterable', async () => {
    const lists = [
      new Set([ada]),
      new Map([[1, ada]]).values(),
      [ada, null],
      'text',
      { length: 1 },
    ];
    for (const list of lists) await both(people, '{ people { name } }', { rootValue: { people: Array.isArray(list) || typeof list === 'string' ? list : () => (list instanceof Set ? list : [ada].values()) } }); // prettier-ignore
    const { errors } = await both(people, '{ people { name } }', {
      rootValue: {
        people: async function* () {
          yield await Promise.resolve(ada);
        },
      },
    });
    expect(errors?.[0]?.message).toContain('Expected Iterable');
  });

  it('use fieldResolver and typeResolver when they are given', async () => {
    const { data } = await both(
      people,
      '{ named { name ... on Dog { barks } } pet { __typename } }',
      {
        rootValue: { named: [{}], pet: {} },
        fieldResolver: (source: object, _args, _context, info) =>
        info.fieldName in source ? source[info.fieldName as keyof typeof source] : (info.fieldName === 'barks' ? 1 : info.fieldName), // prettier-ignore
        typeResolver: () => 'Dog',
      },
    );
    expect(JSON.stringify(data)).toBe('{"named":[{"name":"name","barks":true}],"pet":{"__typename":"Dog"}}'); // prettier-ignore
  });
});

describe('errors', () => {
  const failing = (error: unknown) => () => {
    throw error;
  };

  it('are those of graphql-js, whatever is thrown', async () => {
    const thrown = [
      new Error('plain'),
      new GraphQLError('with more', { extensions: { code: 'X' } }),
      Object.assign(new Error('extended'), { extensions: { code: 'Y' } }),
      Object.assign(new Error('located'), { path: ['elsewhere'] }),
      'text',
      null,
    ];
    for (const error of thrown)
      for (const name of [failing(error), () => Promise.resolve().then(failing(error)), error])
        await both(people, '{ people { name x: age } }', {
          rootValue: { people: [{ name, age: 1 }, ada] },
        });
  });

  it('make null the nearest place that may be null', async () => {
    const broken = { name: 'B', age: null };
    for (const rootValue of [
      { person: broken },
      { people: [ada, broken, ada] },
      { person: { ...ada, friends: [broken] } },
      { person: { ...ada, best: broken } },
      { person: { ...ada, best: Promise.resolve({ ...broken, age: Promise.resolve(null) }) } },
    ])
      await both(people, '{ person { name best { age } friends { age } } people { age name } }', { rootValue }); // prettier-ignore
  });

  it('below a place that is null already are not told', async () => {
    const late = async () => {
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      throw new Error('too late');
    };
    const { errors } = await both(
      people,
      '{ people { age name friends { name } } person { name } }',
      { rootValue: { people: [{ age: () => Promise.reject(new Error('first')), name: late, friends: [{ name: late }] }], person: { name: async () => { for (let i = 0; i < 60; i += 1) await Promise.resolve(); return 'n'; } } } }, // prettier-ignore
    );
    expect(errors?.map(({ message }) => message)).toEqual(['first']);
  });

  it('tell of leaves that cannot be written', async () => {
    const make = (serialize: (value: unknown) => unknown) =>
      new GraphQLSchema({
        query: new GraphQLObjectType({
          name: 'Query',
          fields: { odd: { type: new GraphQLScalarType({ name: 'Odd', serialize }) }, n: { type: GraphQLInt } }, // prettier-ignore
        }),
      });
    for (const serialize of [
      () => undefined,
      () => null,
      () => Promise.resolve('later'),
      () => Promise.reject(new Error('no')),
    ])
      // prettier-ignore
      await both(make(serialize), '{ odd n }', { rootValue: { odd: { a: [1] }, n: 2 ** 31 } });
    for (const level of ['LOW', 'low', {}, 3]) await both(people, '{ level }', { rootValue: { level } }); // prettier-ignore
  });

  it('serialize a value once, also where that is awaited', async () => {
    let calls = 0;
    const serialize = (value: unknown) => {
      calls += 1;
      return Promise.resolve(`${String(value)}!`);
    };
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { odd: { type: new GraphQLScalarType({ name: 'Odd', serialize }) } },
      }),
    });
    expect((await both(schema, '{ odd }', { rootValue: { odd: 'a' } })).data!['odd']).toBe('a!');
    expect(calls).toBe(3);
  });

  it('tell of types that cannot be found', async () => {
    for (const type of ['Nobody', 'Level', 'Query', 'Dog', 7, null, undefined])
      for (const typeResolver of [() => type as string, () => Promise.resolve(type as string)])
        await both(people, '{ named { name } pet { ... on Dog { barks } } }', { rootValue: { named: [{}, null], pet: {} }, typeResolver }); // prettier-ignore
    await both(people, '{ named { name } }', { rootValue: { named: [{ __typename: 'Dog' }, {}] } });
  });

  it('tell of a value that its type does not know', async () => {
    const schema = buildSchema('type A { n: Int } union U = A type Query { a: A, u: [U] }');
    const known = [() => false, () => true, () => Promise.resolve(false), () => Promise.reject(new Error('who')), failing(new Error('who'))]; // prettier-ignore
    for (const isTypeOf of known) {
      (schema.getType('A') as GraphQLObjectType).isTypeOf = isTypeOf;
      await both(schema, '{ a { n } u { ... on A { n } } }', { rootValue: { a: { n: 1 }, u: [{ n: 2 }, { n: 3 }] } }); // prettier-ignore
    }
  });

  it('tell of arguments, though a property is read that takes none', async () => {
    const { errors } = await both(people, 'query ($n: Int) { echo(must: $n) }', { rootValue: { echo: 'a property' } }); // prettier-ignore
    expect(errors).toHaveLength(1);
  });
});

describe('requests', () => {
  it('with bad variables are refused as by graphql-js', async () => {
    const query = 'query ($n: Int!, $f: Filter = { level: HIGH }) { echo(must: $n, filter: $f) }';
    for (const variableValues of [
      {},
      { n: null },
      { n: 'x', f: 3 },
      { n: 1, f: { levl: 'LOW' } },
      { n: 1, f: null },
    ]) {
      // prettier-ignore
      await both(people, query, { variableValues, rootValue: { echo: JSON.stringify } });
      await both(people, query, { variableValues, options: { maxCoercionErrors: 1 }, hideSuggestions: true }); // prettier-ignore
    }
  });

  it('without an operation, or with too many, are refused', async () => {
    await both(people, 'query A { level } query B { level }');
    await both(people, 'query A { level }', { operationName: 'B' });
    await both(people, 'fragment F on Query { level }');
    await both(people, 'query A { level } query B { __typename }', { operationName: 'B' });
    await both(buildSchema('type Query { a: Int }'), 'mutation { a }');
  });

  it('that are no requests make it throw', () => {
    const document = parse('{ level }');
    bothThrow(people, { schema: people, document: undefined as never });
    bothThrow(people, { schema: people, document, variableValues: 'text' as never });
    const invalid = new GraphQLSchema({});
    bothThrow(invalid, { schema: invalid, document });
  });

  it('for the schema are answered by graphql-js, and below the root by the plan', async () => {
    await both(people, '{ __schema { queryType { name } } level }', {
      rootValue: { level: 'LOW' },
    });
    await both(people, '{ __type(name: "Dog") { fields { name } } }');
    const again = withResolvers('type Query { again: Query }', { again: () => ({}) });
    await both(again, '{ again { __schema { types { name } } __type(name: "Query") { name } } }');
  });

  it('for another schema, subscriptions, and what it does not know go to graphql-js', async () => {
    const other = buildSchema('type Query { level: Int }');
    const document = parse('{ level }');
    const planned = createPlannedExecutor(people);
    expect(planned({ schema: other, document, rootValue: { level: 3 } })).toEqual({ data: { level: 3 } }); // prettier-ignore
    await both(people, 'subscription { person { name } }', { rootValue: { person: ada } });
    await both(people, '{ level }', { rootValue: { level: 'LOW' }, enableEarlyExecution: true } as object); // prettier-ignore
  });

  it('that change data are carried out one after the other', async () => {
    const run = async (second: number | null) => {
      const seen: string[] = [];
      const step = (name: string, value: unknown, ticks: number) => async () => {
        seen.push(`${name} begins`);
        for (let i = 0; i < ticks; i += 1) await Promise.resolve();
        seen.push(`${name} ends`);
        return value;
      };
      await both(people, 'mutation { third first second again: third }', () => {
        seen.length = 0;
        return { rootValue: { third: step('3', 3, 9), first: step('1', 1, 0), second: second === null ? second : step('2', second, 4) } }; // prettier-ignore
      });
      return seen;
    };
    const done = (await run(2)).join();
    expect(done).toBe('3 begins,3 ends,1 begins,1 ends,2 begins,2 ends,3 begins,3 ends');
    expect((await run(null)).join()).toBe('3 begins,3 ends,1 begins,1 ends');
  });
});

describe('a kept plan', () => {
  it('is another for each value of what @skip and @include turn on', () => {
    const planned = createPlannedExecutor(people);
    const document = parse(
      'query ($s: Boolean = false, $i: Boolean = true) { level @skip(if: $s) ...F @include(if: $i) } fragment F on Query { person { name @skip(if: $s) age } }',
    );
    const keys = (variableValues: Record<string, unknown>) => {
      const result = planned({ schema: people, document, variableValues, rootValue: { level: 'LOW', person: ada } }); // prettier-ignore
      return JSON.stringify(result);
    };
    const all = '{"data":{"level":"LOW","person":{"name":"Ada","age":36}}}';
    expect(keys({})).toBe(all);
    expect(keys({ s: true })).toBe('{"data":{"person":{"age":36}}}');
    expect(keys({ i: false })).toBe('{"data":{"level":"LOW"}}');
    expect(keys({ s: true, i: false })).toBe('{"data":{}}');
    expect(keys({ s: null })).toContain('must not be null');
    expect(keys({ i: null })).toContain('must not be null');
    expect(keys({})).toBe(all);
  });

  it('takes literals and variables that @skip cannot be evaluated with', async () => {
    await both(people, 'query ($b: Boolean) { person { name @skip(if: $b) } level }', { rootValue: { person: ada } }); // prettier-ignore
    await both(people, '{ person { name @skip } level @include(if: "text") }', { rootValue: { person: ada } }); // prettier-ignore
    await both(people, '{ person { name @include(if: false) age @skip(if: false) @include(if: true) } }', { rootValue: { person: ada } }); // prettier-ignore
  });

  it('evaluates arguments anew for a resolver that spoils them', async () => {
    const seen: string[] = [];
    const schema = withResolvers(
      'input F { tags: [String!], deep: F } type Query { told(f: F, list: [Int], n: Int = 4): String }',
      {
        told: (_source, args: Record<string, unknown>) => {
          seen.push(JSON.stringify(args));
          (args['f'] as { tags: string[] }).tags.push('spoilt');
          (args['list'] as number[]).push(0);
          args['n'] = 'spoilt';
          args['more'] = 'spoilt';
          return 'x';
        },
      },
    );
    await both(schema, '{ told(f: { tags: ["a"], deep: { tags: [] } }, list: [1]) }');
    await both(schema, 'query ($t: String = "a") { told(f: { tags: [$t], deep: { tags: [] } }, list: 1) }'); // prettier-ignore
    expect(new Set(seen)).toEqual(new Set(['{"f":{"tags":["a"],"deep":{"tags":[]}},"list":[1],"n":4}'])); // prettier-ignore
    expect(seen).toHaveLength(6);
  });

  it('never keeps a list, though it holds numbers alone', async () => {
    const seen = new Set<string>();
    const schema = withResolvers('type Query { told(list: [Int], n: Int = 2): String }', {
      told: (_source, args: Record<string, unknown>) => {
        seen.add(JSON.stringify(args));
        (args['list'] as number[]).push(0);
        return 'x';
      },
    });
    await both(schema, '{ told(list: [1]) }');
    await both(schema, 'query ($one: Int = 1) { told(list: [$one]) again: told(list: [$one]) }');
    expect([...seen]).toEqual(['{"list":[1],"n":2}']);
  });

  it('gives each call of a resolver arguments of its own', async () => {
    const seen = new Set<unknown>();
    const schema = buildSchema('type T { told(n: Int = 4): Int } type Query { all: [T] }');
    (schema.getType('T') as GraphQLObjectType).getFields()['told']!.resolve = (
      _,
      args: { n: number },
    ) => {
      // prettier-ignore
      seen.add(args);
      return (args.n += 1);
    };
    const { data } = await both(schema, '{ all { told b: told(n: 8) } }', { rootValue: { all: [1, 2, 3] } }); // prettier-ignore
    expect(JSON.stringify(data!['all'])).toBe(
      '[{"told":5,"b":9},{"told":5,"b":9},{"told":5,"b":9}]',
    );
    expect(seen.size).toBe(18);
  });

  it('asks a custom scalar each time', async () => {
    let n = 0;
    const odd = new GraphQLScalarType({
      name: 'Odd',
      parseValue: Number,
      parseLiteral: () => (n += 1),
    });
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { told: { type: GraphQLString, args: { odd: { type: odd } }, resolve: (_, args: { odd: number }) => `${args.odd > 0}` } }, // prettier-ignore
      }),
    });
    await both(schema, '{ told(odd: 1) }');
    expect(n).toBe(3);
  });
});
