import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  defaultFieldResolver,
  type GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
} from 'graphql';
import { drawArguments, drawInputs, likeString, oddScalar } from './inputs.ts';
import { pathOf } from '../../src/core/response-path.ts';
import { straight, type StraightResolver } from '../../src/execution/straight.ts';
import { Random } from '../oracle/random.ts';
import {
  Behaviour,
  mix,
  numberOf,
  tellInfo,
  type FuzzContext,
  type NewSource,
  type Source,
} from './behaviour.ts';

type Config = GraphQLFieldConfig<unknown, FuzzContext>;
type Fields = Record<string, Config>;

/** A random schema with its resolvers. */
export interface World {
  readonly schema: GraphQLSchema;
  readonly newRoot: NewSource;
}

const seedOf = (source: unknown): number =>
  typeof source === 'object' && source !== null ? (source as Source).seed || 1 : 1;

/** Some are what every object has, or what a source has for another reason. */
const fieldNames = [
  'a',
  'b',
  'c',
  'd',
  'e',
  'f',
  'g',
  'h',
  'i',
  'j',
  'k',
  'l',
  'toString',
  'constructor',
  'valueOf',
  'seed',
];

const wrap = (random: Random, type: GraphQLOutputType): GraphQLOutputType => {
  const item = random.chance(0.35) ? new GraphQLNonNull(type) : type;
  const listOf = (of: GraphQLOutputType): GraphQLOutputType => {
    const list = new GraphQLList(of);
    return random.chance(0.35) ? new GraphQLNonNull(list) : list;
  };
  const depth = random.weighted([[0, 6], [1, 3], [2, 1]] as const); // prettier-ignore
  if (depth === 0) return item;
  return depth === 1 ? listOf(item) : listOf(listOf(item));
};

/** A resolver spoils what it was given: nobody else may find it spoilt. */
const spoil = (args: Record<string, unknown>, config: Config): void => {
  for (const [name, value] of Object.entries(args)) {
    const isOwn = value !== config.args?.[name]?.defaultValue;
    if (Array.isArray(value) && isOwn) value.push('spoilt');
    args[name] = 'spoilt';
  }
  args['spoilt'] = true;
};

/** Gives a field one of the ways in which a value comes about. */
const equip = (name: string, config: Config, random: Random, give: Behaviour['give']): Config => {
  const at = numberOf(name);
  const resolve = random.weighted([
    ['default', 4],
    ['resolver', 3],
    ['echo', 1],
    ['straight', 3],
    ['explicit', 0.5],
  ] as const);
  if (resolve === 'default') return config;
  if (resolve === 'explicit') return { ...config, resolve: defaultFieldResolver };
  if (resolve === 'straight') {
    const read: StraightResolver<FuzzContext> = (source, context, path) => {
      const seed = mix(seedOf(source), at);
      if (seed % 16 === 0) context.trace.push(pathOf(path()).join('.'));
      return give(config.type, seed, context, seed % 8 === 0);
    };
    // Without a prototype graphql-js leaves it as it is; it would drop the symbol otherwise.
    const extensions = Object.assign(Object.create(null) as object, { [straight]: read });
    return {
      ...config,
      resolve: (source, _args, context, info) => read(source, context, () => info.path),
      extensions,
    };
  }
  return {
    ...config,
    resolve: (source, args, context, info) => {
      // A cast: graphql-js types arguments as `any`.
      const given = args as Record<string, unknown>;
      const told = JSON.stringify(given);
      const seed = mix(mix(seedOf(source), at), numberOf(told));
      if (resolve === 'echo') context.trace.push(`${tellInfo(info)} ${told}`);
      spoil(given, config);
      return give(config.type, seed, context, true);
    },
  };
};

/** How the type of an abstract type's values is found. */
const drawTypeResolver = (random: Random, names: readonly string[]) =>
  random.weighted([
    [undefined, 5],
    [(value: unknown) => (value as Source).kind, 2],
    [(value: unknown) => Promise.resolve((value as Source).kind), 1],
    [
      (value: unknown, context: FuzzContext, info: { path: { key: unknown } }): unknown => {
        const { kind, seed } = value as Source;
        context.trace.push(`type of ${String(info.path.key)}`);
        const n = seed % 100;
        if (n === 0) throw new Error('no type');
        if (n === 1) return undefined;
        if (n === 2) return 'Nowhere';
        if (n === 3) return 'Odd';
        if (n === 4) return 'Query';
        if (n === 5) return 42;
        if (n === 6) return Promise.reject(new Error('no type, later'));
        if (n === 7) return names[seed % names.length];
        return n % 2 === 0 ? kind : Promise.resolve(kind);
      },
      2,
    ],
  ] as const);

const drawIsTypeOf = (random: Random, name: string, share: number) => {
  if (!random.chance(share)) return undefined;
  const isAsync = random.chance(0.3);
  return (value: unknown): boolean | Promise<boolean> => {
    const source = value as Source;
    const n = seedOf(value) % 150;
    if (n === 0) throw new Error('cannot tell');
    if (n === 1) return Promise.reject(new Error('cannot tell, later'));
    const is = source.kind === name && n !== 2;
    return isAsync || n === 3 ? Promise.resolve(is) : is;
  };
};

/** Draws a schema: few types, many ways. */
export const drawWorld = (seed: number): World => {
  const random = new Random(seed);
  const inputs = drawInputs(random);
  const level = inputs[5] as GraphQLEnumType;
  const leaves: GraphQLOutputType[] = [GraphQLInt, GraphQLFloat, GraphQLString, GraphQLBoolean, GraphQLID, level, oddScalar, likeString]; // prettier-ignore
  const composites: GraphQLOutputType[] = [];
  const give: Behaviour['give'] = (...told) => behaviour.give(...told);
  const hasNames = random.chance(0.6);

  const drawField = (share: number): Config => {
    const named = composites.length > 0 && random.chance(share) ? random.of(composites) : random.of(leaves); // prettier-ignore
    return { type: wrap(random, named), args: drawArguments(random, inputs) };
  };
  const drawFields = (count: number, share: number): Fields =>
    Object.fromEntries(random.some(fieldNames, count).map((name) => [name, drawField(share)]));

  // Fields are drawn when all types are there, so that any may lead to any.
  const lazyFields = new Map<string, Fields>();
  const fieldsOf = (name: string, count: number, share: number): Fields => {
    const known = lazyFields.get(name) ?? drawFields(count, share);
    lazyFields.set(name, known);
    return known;
  };
  const names = ['T0', 'T1', 'T2', 'T3'];
  const base = new GraphQLInterfaceType({
    name: 'Base',
    fields: () => fieldsOf('Base', 2, 0.5),
    resolveType: drawTypeResolver(random, names) as never,
  });
  const more = new GraphQLInterfaceType({
    name: 'More',
    interfaces: [base],
    fields: () => ({ ...fieldsOf('More', 2, 0.5), ...fieldsOf('Base', 2, 0.5) }),
    resolveType: drawTypeResolver(random, names) as never,
  });
  const needed = hasNames ? 0.25 : 0.85;
  const objects = names.map((name, i) => {
    const interfaces = random.of([[], [base], [more, base]]);
    return new GraphQLObjectType<unknown, FuzzContext>({
      name,
      interfaces: i === 0 ? [more, base] : interfaces,
      fields: () => {
        const own = fieldsOf(name, random.between(2, 6), 0.5);
        const fields = {
          ...own,
          ...(i === 0 || interfaces.includes(more) ? fieldsOf('More', 2, 0.5) : {}),
          ...(i === 0 || interfaces.includes(base) ? fieldsOf('Base', 2, 0.5) : {}),
        };
        return equipAll(fields);
      },
      isTypeOf: drawIsTypeOf(random, name, needed),
    });
  });
  const equipAll = (fields: Fields): Fields =>
    Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, equip(name, one, random, give)])); // prettier-ignore
  const union = new GraphQLUnionType({
    name: 'Any',
    types: random.some(objects, random.between(2, 4)),
    resolveType: drawTypeResolver(random, names) as never,
  });
  composites.push(base, more, union, ...objects);
  const query: GraphQLObjectType = new GraphQLObjectType<unknown, FuzzContext>({
    name: 'Query',
    fields: () => ({ ...equipAll(drawFields(8, 0.8)), ...(random.chance(0.3) && { again: { type: query, resolve: (source) => source } }) }), // prettier-ignore
  });
  const mutation = new GraphQLObjectType<unknown, FuzzContext>({
    name: 'Mutation',
    fields: () => equipAll(drawFields(6, 0.6)),
  });
  const schema = new GraphQLSchema({ query, mutation, types: objects });
  const sources = new Map([...objects, query, mutation].map((type) => [type.name, sourceOf(type, hasNames, give)])); // prettier-ignore
  const newSource = (kind: string, of: number, context: FuzzContext): Source =>
    sources.get(kind)!(of, context);
  const behaviour = new Behaviour(schema, newSource);
  return { schema, newRoot: newSource };
};

/**
 * Objects of a type: each field that the default resolver reads is a getter on the prototype. It
 * gives a method for every fourth value, and is missing for some, so that what `Object` has under
 * such a name is found.
 */
const sourceOf = (type: GraphQLObjectType, hasNames: boolean, give: Behaviour['give']) => {
  const prototype = {};
  const isReadByDefault = ({ resolve }: { resolve?: unknown }): boolean =>
    !resolve || resolve === defaultFieldResolver;
  for (const [name, field] of Object.entries(type.getFields())) {
    if (!isReadByDefault(field) || name === 'seed' || numberOf(type.name + name) % 23 === 0)
      continue;
    Object.defineProperty(prototype, name, {
      get(this: Source): unknown {
        const seed = mix(this.seed, numberOf(name));
        if (seed % 4 > 0) return give(field.type, seed, this.context, true);
        return (args: Record<string, unknown>, context: FuzzContext, info: never): unknown => {
          const told = JSON.stringify(args);
          if (seed % 3 === 0) context.trace.push(`${tellInfo(info)} ${told}`);
          args['spoilt'] = true;
          return give(field.type, mix(seed, numberOf(told)), context, true);
        };
      },
    });
  }
  return (seed: number, context: FuzzContext): Source => {
    const source = Object.create(prototype) as Record<string, unknown>;
    Object.assign(source, { seed, kind: type.name, ...(hasNames && { __typename: type.name }) });
    Object.defineProperty(source, 'context', { value: context });
    return source as unknown as Source;
  };
};
