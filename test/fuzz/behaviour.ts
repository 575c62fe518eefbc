import {
  GraphQLError,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { Random } from '../oracle/random.ts';

/*
 * What resolvers do. Everything follows from a seed that is handed from an object to its fields,
 * so that both executors meet the same values in the same ticks, in whatever order they ask.
 */

/** One number out of two, well mixed. */
export const mix = (a: number, b: number): number => {
  let h = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
};

/** A text's number. */
export const numberOf = (text: string): number => {
  let h = 7;
  for (let i = 0; i < text.length; i += 1) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h >>> 0;
};

/** How wild a case is: shares of values that are wrong, absent and awaited. */
export interface Mood {
  readonly wrong: number;
  readonly absent: number;
  readonly awaited: number;
}

export const moods: readonly Mood[] = [
  { wrong: 0, absent: 0, awaited: 0 },
  { wrong: 0.02, absent: 0.05, awaited: 0 },
  { wrong: 0.02, absent: 0.05, awaited: 0.3 },
  { wrong: 0.1, absent: 0.1, awaited: 0.1 },
  { wrong: 0.08, absent: 0.02, awaited: 0.7 },
];

/** What is in an execution's context; `trace` tells who was called, with what, in which order. */
export interface FuzzContext {
  readonly mood: Mood;
  readonly trace: string[];
}

/** An object that a resolver gave. Its type's fields without resolver are on its prototype. */
export interface Source {
  readonly seed: number;
  readonly kind: string;
  readonly context: FuzzContext;
}

export type NewSource = (kind: string, seed: number, context: FuzzContext) => Source;

/** Fulfilled with the value, or rejected with what `make` throws, after some microtasks. */
const after = async (ticks: number, make: () => unknown): Promise<unknown> => {
  for (let i = 0; i < ticks; i += 1) await Promise.resolve();
  return make();
};

/** No promise, but something that graphql-js takes for one. */
const thenable = (start: () => Promise<unknown>): unknown => ({
  then: (done: (value: unknown) => unknown, failed: (error: unknown) => unknown) =>
    start().then(done, failed),
});

/** What is thrown: errors of all sorts, and things that are none. */
const fault = (random: Random): unknown => {
  const text = `fault ${random.between(0, 999)}`;
  return random.of([
    () => new Error(text),
    () => new TypeError(text),
    () => new GraphQLError(text, { extensions: { code: text } }),
    () => Object.assign(new Error(text), { extensions: { of: 'its own' } }),
    () => Object.assign(new Error(text), { path: ['elsewhere', 7] }),
    () => text,
    () => null,
    () => ({ no: 'error' }),
  ])();
};

const wrongValues: readonly (() => unknown)[] = [
  () => 'text',
  () => 3.5,
  () => Number.NaN,
  () => 2 ** 40,
  () => -0,
  () => '',
  () => true,
  () => ({ no: 'such' }),
  () => [],
  () => [null],
  () => new Map([[1, 2]]),
  () => Symbol.iterator,
  () => Object.create(null) as unknown,
  () => ({ valueOf: () => 12 }),
  () => new Date(0),
  () => function source() {},
];

function* lazily(items: readonly unknown[], fail: boolean): Iterable<unknown> {
  yield* items;
  if (fail) throw new Error('no more');
}

const listOf = (random: Random, items: unknown[]): unknown => {
  const kind = random.between(0, 11);
  if (kind === 0) return new Set(items);
  if (kind === 1) return lazily(items, random.chance(0.1));
  // An array that is no array when it is iterated.
  if (kind === 2) return Object.defineProperty([1, 2, 3], Symbol.iterator, { value: () => items.values() }); // prettier-ignore
  return items;
};

/** Makes values of one schema. */
export class Behaviour {
  readonly #schema: GraphQLSchema;
  readonly #newSource: NewSource;

  constructor(schema: GraphQLSchema, newSource: NewSource) {
    this.#schema = schema;
    this.#newSource = newSource;
  }

  /** What a resolver gives for this type: returned or thrown. */
  give(type: GraphQLOutputType, seed: number, context: FuzzContext, mayWait: boolean): unknown {
    const random = new Random(seed);
    const { mood } = context;
    if (mayWait && random.chance(mood.awaited)) {
      const ticks = random.between(0, 4);
      const make = (): unknown => this.#now(type, random, context);
      if (random.chance(0.03)) return thenable(() => after(ticks, make));
      return after(ticks, make);
    }
    return this.#now(type, random, context);
  }

  #now(type: GraphQLOutputType, random: Random, context: FuzzContext): unknown {
    const { mood } = context;
    if (random.chance(mood.wrong)) {
      if (random.chance(0.5)) throw fault(random);
      if (random.chance(0.2)) return new Error('an error for a value');
      return random.of(wrongValues)();
    }
    const nullable = !isNonNullType(type);
    if (random.chance(nullable ? mood.absent : mood.absent / 4)) return random.chance(0.5) ? null : undefined; // prettier-ignore
    return this.#plain(isNonNullType(type) ? type.ofType : type, random, context);
  }

  #plain(type: GraphQLOutputType, random: Random, context: FuzzContext): unknown {
    if (isListType(type)) {
      const items: unknown[] = [];
      const length = random.between(0, 4);
      const seed = random.between(0, 1e9);
      for (let i = 0; i < length; i += 1) {
        try {
          items.push(this.give(type.ofType, mix(seed, i), context, true));
        } catch {
          items.push(after(i, () => this.give(type.ofType, mix(seed, i), context, true)));
        }
      }
      if (context.mood.wrong > 0 && random.chance(0.02)) return later(items);
      return listOf(random, items);
    }
    if (isObjectType(type)) return this.#newSource(type.name, random.between(0, 1e9), context);
    if (isAbstractType(type)) {
      const kind = random.of(this.#schema.getPossibleTypes(type));
      return this.#newSource(kind.name, random.between(0, 1e9), context);
    }
    if (isEnumType(type)) return random.of(type.getValues()).value;
    return leafOf(String(type), random);
  }
}

/** graphql-js 16 takes no async iterable for a list: both have to say so alike. */
async function* later(items: readonly unknown[]): AsyncIterable<unknown> {
  for (const item of items) yield await Promise.resolve(item);
}

const leafOf = (name: string, random: Random): unknown => {
  switch (name) {
    case 'Int':
      return random.chance(0.1) ? '7' : random.between(-5, 1e6);
    case 'Float':
      return random.chance(0.1) ? 1 : random.next() * 100;
    case 'Boolean':
      return random.chance(0.1) ? 1 : random.chance(0.5);
    case 'ID':
      return random.chance(0.3) ? random.between(0, 99) : `id${random.between(0, 99)}`;
    default:
      return random.chance(0.05) ? random.between(0, 99) : `é"${random.between(0, 999)}`;
  }
};

/** What a resolver can see of its place, as text. */
export const tellInfo = (info: GraphQLResolveInfo): string => {
  const keys: (string | number)[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = info.path; at; at = at.prev) keys.push(at.key, at.typename ?? '-'); // prettier-ignore
  const { fieldName, fieldNodes, parentType, returnType, operation, variableValues } = info;
  return [
    keys.join('.'),
    fieldName,
    fieldNodes.map(({ loc }) => loc?.start).join(),
    parentType.name,
    String(returnType),
    operation.name?.value ?? '',
    JSON.stringify(variableValues),
    Object.keys(info.fragments).join(),
    Object.keys(info).join(),
    typeof info.rootValue,
  ].join('|');
};
