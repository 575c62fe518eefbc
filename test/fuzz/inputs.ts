import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  GraphQLString,
  valueFromASTUntyped,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLInputType,
} from 'graphql';
import type { Random } from '../oracle/random.ts';
import { numberOf } from './behaviour.ts';

/** Values that differ from what they serialize to, and a `serialize` that fails in every way. */
export const oddScalar = new GraphQLScalarType({
  name: 'Odd',
  serialize: (value) => {
    const n = numberOf(String(value)) % 90;
    if (n === 0) throw new Error('odd beyond words');
    if (n === 1) return undefined;
    if (n === 2) return null;
    if (n === 3) return Promise.resolve('later');
    if (n === 4) return Promise.reject(new Error('odd, later'));
    if (n === 5) return { then: 5, deep: [value === null, { n }] };
    if (n === 6) return Object.assign(() => n, { then: (done: (v: unknown) => void) => done(n) });
    return `odd ${n}`;
  },
  parseValue: (value): Readonly<Record<string, unknown>> => {
    if (value === 'bad') throw new Error('no odd value');
    return { value };
  },
  parseLiteral: (node, variables) => ({ literal: valueFromASTUntyped(node, variables) }),
});

/** A custom scalar that serializes as a built-in one does. */
export const likeString = new GraphQLScalarType({
  name: 'Text',
  serialize: GraphQLString.serialize,
});

/** The types that arguments of one schema have. The sixth is the enum. */
export const drawInputs = (random: Random): readonly GraphQLInputType[] => {
  const level = new GraphQLEnumType({
    name: 'Level',
    values: { LOW: { value: 1 }, HIGH: { value: 'high' }, TOP: { value: { top: true } }, OWN: {} },
  });
  const inner = new GraphQLInputObjectType({
    name: 'Inner',
    fields: {
      n: { type: GraphQLInt, defaultValue: 3 },
      s: { type: new GraphQLNonNull(GraphQLString), defaultValue: 'x' },
      l: { type: new GraphQLList(level) },
    },
  });
  const outer = new GraphQLInputObjectType({
    name: 'Outer',
    fields: { inner: { type: inner }, many: { type: new GraphQLList(new GraphQLNonNull(inner)) }, odd: { type: oddScalar } }, // prettier-ignore
  });
  const named = [GraphQLInt, GraphQLFloat, GraphQLString, GraphQLBoolean, GraphQLID, level, inner, outer, oddScalar]; // prettier-ignore
  return [
    ...named,
    new GraphQLList(random.of(named)),
    new GraphQLNonNull(random.of(named)),
    new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(random.of(named)))),
  ];
};

const defaultOf = (type: GraphQLInputType, random: Random): unknown => {
  const name = String(type);
  if (name === 'Int') return random.of([5, null]);
  if (name === 'String' || name === 'ID') return 'by default';
  if (name === 'Inner') return { n: 1, s: 'd' };
  return undefined;
};

export const drawArguments = (
  random: Random,
  inputs: readonly GraphQLInputType[],
): GraphQLFieldConfigArgumentMap => {
  // prettier-ignore
  const count = random.weighted([[0, 6], [1, 2], [2, 1], [3, 1]] as const); // prettier-ignore
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const type = random.of(inputs);
      const defaultValue = random.chance(0.4) ? defaultOf(type, random) : undefined;
      return [`x${i}`, { type, ...(defaultValue !== undefined && { defaultValue }) }];
    }),
  );
};
