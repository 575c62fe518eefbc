import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { Random } from '../oracle/random.ts';

/** A random document, and what it can be executed with. */
export interface RandomDocument {
  readonly text: string;
  readonly operations: readonly string[];
  readonly variables: readonly Variable[];
}

export interface Variable {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly hasDefault: boolean;
}

const aliases = ['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty', 'valueOf', 'length', 'k1', 'k2', 'k3'] as const; // prettier-ignore

/** A value of an input type as GraphQL text; seldom a wrong one. */
const literal = (type: GraphQLInputType, random: Random, depth = 0): string => {
  if (random.chance(0.006)) return random.of(['"wrong"', '{ no: 1 }', '[[9]]', 'NOWHERE', '1e99']);
  if (isNonNullType(type)) return literal(type.ofType, random, depth).replace(/^null$/, '7');
  if (random.chance(0.1)) return 'null';
  if (isListType(type)) return random.chance(0.3) ? literal(type.ofType, random, depth) : `[${[...Array(random.between(0, 2)).keys()].map(() => literal(type.ofType, random, depth)).join(', ')}]`; // prettier-ignore
  if (isEnumType(type)) return random.of(type.getValues()).name;
  if (isInputObjectType(type)) {
    const fields = depth > 2 ? [] : random.some(Object.values(type.getFields()), random.between(0, 2)); // prettier-ignore
    return `{ ${fields.map((field) => `${field.name}: ${literal(field.type, random, depth + 1)}`).join(', ')} }`;
  }
  const texts: Readonly<Record<string, string>> = { Int: '7', Float: '2.5', Boolean: 'true', ID: '"i"', Odd: '[1, "o"]' }; // prettier-ignore
  return texts[type.name] ?? '"s"';
};

/** A value of an input type as a client sends it; seldom a wrong one. */
export const inputValue = (type: GraphQLInputType, random: Random, depth = 0): unknown => {
  if (random.chance(0.006)) return random.of(['bad', { no: 1 }, [[9]], 1e99, true]);
  if (isNonNullType(type)) return inputValue(type.ofType, random, depth) ?? inputValue(type.ofType, random, depth); // prettier-ignore
  if (random.chance(0.1)) return null;
  if (isListType(type)) return random.chance(0.3) ? inputValue(type.ofType, random, depth) : [...Array(random.between(0, 2)).keys()].map(() => inputValue(type.ofType, random, depth)); // prettier-ignore
  if (isEnumType(type)) return random.of(type.getValues()).name;
  if (isInputObjectType(type)) {
    const fields = depth > 2 ? [] : random.some(Object.values(type.getFields()), random.between(0, 2)); // prettier-ignore
    return Object.fromEntries(fields.map((field) => [field.name, inputValue(field.type, random, depth + 1)])); // prettier-ignore
  }
  const values: Readonly<Record<string, unknown>> = { Int: 7, Float: 2.5, Boolean: random.chance(0.5), ID: 'i', Odd: ['o'] }; // prettier-ignore
  return values[type.name] ?? 's';
};

/** Writes one document. Keys mean one thing in the whole of it, so that fields always merge. */
class Writer {
  readonly variables: Variable[] = [];
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  readonly #meaning = new Map<string, string>();
  readonly #fragments: { readonly name: string; readonly on: GraphQLCompositeType; text: string }[] = []; // prettier-ignore
  /** Fields still to be written. */
  #left: number;

  constructor(schema: GraphQLSchema, random: Random) {
    this.#schema = schema;
    this.#random = random;
    this.#left = random.weighted([[6, 2], [15, 4], [40, 3]] as const); // prettier-ignore
  }

  get fragments(): string {
    return this.#fragments.map(({ text }) => text).join('\n');
  }

  #variable(type: GraphQLInputType): string {
    const known = this.variables.filter((one) => String(one.type) === String(type));
    if (known.length > 0 && this.#random.chance(0.6)) return `$${this.#random.of(known).name}`;
    const name = `v${this.variables.length}`;
    const nullable = getNullableType(type);
    const hasDefault = this.#random.chance(0.4);
    this.variables.push({ name, type: hasDefault && this.#random.chance(0.5) ? nullable : type, hasDefault }); // prettier-ignore
    return `$${name}`;
  }

  #directives(): string {
    const random = this.#random;
    if (!random.chance(0.15)) return '';
    const boolean = this.#schema.getDirective('skip')!.args[0]!.type;
    const one = (name: string): string => {
      const value = random.chance(0.7) ? this.#variable(boolean) : random.of(['true', 'false']);
      return ` @${name}(if: ${value})`;
    };
    return random.of([() => one('skip'), () => one('include'), () => one('skip') + one('include')])(); // prettier-ignore
  }

  #arguments(field: GraphQLField<unknown, unknown>): string {
    const random = this.#random;
    const given = field.args.filter(({ type }) => random.chance(isNonNullType(type) ? 0.98 : 0.6));
    if (given.length === 0) return '';
    const texts = given.map(({ name, type }) => `${name}: ${random.chance(0.35) ? this.#variable(type) : literal(type, random)}`); // prettier-ignore
    return `(${texts.join(', ')})`;
  }

  #field(parent: GraphQLCompositeType, depth: number): string {
    const random = this.#random;
    this.#left -= 1;
    const fields = isUnionType(parent) ? [] : Object.values(parent.getFields());
    const usable = depth > 0 ? fields : fields.filter(({ type }) => !isCompositeType(getNamedType(type))); // prettier-ignore
    const field = usable.length > 0 && random.chance(0.93) ? random.of(usable) : undefined;
    const named = field ? getNamedType(field.type) : undefined;
    const args = field ? this.#arguments(field) : '';
    const name = field?.name ?? '__typename';
    const meaning = `${name}${args}:${field ? String(field.type) : 'String!'}`;
    let key = random.chance(0.25) ? random.of(aliases) : name;
    for (let n = 0; (this.#meaning.get(key) ?? meaning) !== meaning; n += 1) key = `n${n}_${name}`;
    this.#meaning.set(key, meaning);
    const head = `${key === name ? '' : `${key}: `}${name}${args}${this.#directives()}`;
    if (!named || !isCompositeType(named)) return head;
    const once = `${head} ${this.selection(named, depth - 1)}`;
    // The same key again: its selections are merged.
    return random.chance(0.15)
      ? `${once} ${key === name ? '' : `${key}: `}${name}${args}${this.#directives()} ${this.selection(named, depth - 1)}`
      : once;
  }

  #condition(parent: GraphQLCompositeType): GraphQLCompositeType {
    const possible: readonly GraphQLObjectType[] = isAbstractType(parent) ? this.#schema.getPossibleTypes(parent) : [parent]; // prettier-ignore
    const others = [...Object.values(this.#schema.getTypeMap())].filter(
      (type) => isAbstractType(type) && !type.name.startsWith('__') && possible.some((one) => this.#schema.isSubType(type, one)), // prettier-ignore
    ) as GraphQLCompositeType[];
    return this.#random.of([parent, ...possible, ...possible, ...others]);
  }

  #fragment(parent: GraphQLCompositeType, depth: number): string {
    const random = this.#random;
    const on = this.#condition(parent);
    if (random.chance(0.5)) {
      const condition = on === parent && random.chance(0.3) ? '' : ` on ${on.name}`;
      return `...${condition}${this.#directives()} ${this.selection(on, depth)}`;
    }
    const known = this.#fragments.filter((one) => one.on === on && one.text !== '');
    if (known.length > 0 && random.chance(0.6)) return `...${random.of(known).name}${this.#directives()}`; // prettier-ignore
    const name = this.#fragments.length === 0 && random.chance(0.2) ? '__proto__' : `F${this.#fragments.length}`; // prettier-ignore
    const fragment = { name, on, text: '' };
    this.#fragments.push(fragment);
    // Written before anybody may spread it, so that no fragment comes back to itself.
    fragment.text = `fragment ${name} on ${on.name} ${this.selection(on, depth)}`;
    return `...${name}${this.#directives()}`;
  }

  selection(parent: GraphQLCompositeType, depth: number): string {
    const random = this.#random;
    const parts: string[] = [];
    const wanted = random.between(1, 6);
    for (let i = 0; i < wanted && (i === 0 || this.#left > 0); i += 1)
      parts.push(
        depth > 0 && this.#left > 0 && random.chance(isObjectType(parent) ? 0.15 : 0.5)
          ? this.#fragment(parent, depth)
          : this.#field(parent, depth),
      );
    return `{ ${parts.join(' ')} }`;
  }
}

/** A document with one operation or some, seldom wrong in a way that validation would find. */
export const drawDocument = (schema: GraphQLSchema, random: Random): RandomDocument => {
  const writer = new Writer(schema, random);
  const count = random.weighted([[1, 8], [2, 1], [3, 1]] as const); // prettier-ignore
  const kinds = Array.from({ length: count }, () => random.weighted([['query', 5], ['mutation', 1]] as const)); // prettier-ignore
  const bodies = kinds.map((kind) => {
    const root = kind === 'query' ? schema.getQueryType()! : schema.getMutationType()!;
    const body = writer.selection(root, 4);
    return random.chance(0.01) ? body.replace('{', `{ ${random.of(['__schema { queryType { name } }', '__type(name: "T0") { name }', 'noSuchField'])}`) : body; // prettier-ignore
  });
  const declared = writer.variables
    .map(
      ({ name, type, hasDefault }) =>
        `$${name}: ${String(type)}${hasDefault ? ` = ${literal(isNonNullType(type) ? type.ofType : type, random)}` : ''}`,
    ) // prettier-ignore
    .join(', ');
  const operations = kinds.map((_, i) => `O${i}`);
  const head = declared === '' ? '' : `(${declared})`;
  const text = bodies.map((body, i) => `${kinds[i] ?? 'query'} O${i}${head} ${body}`);
  return { text: [...text, writer.fragments].join('\n'), operations, variables: writer.variables };
};
