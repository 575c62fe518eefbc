import type { DomainModel, DomainType } from './model.ts';

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

const camelCase = (column: string): string =>
  column.replace(/_+([a-zA-Z0-9])/g, (_all, letter: string) => letter.toUpperCase());

/** English plural of a type's name, good enough to be guessed; `@table(plural:)` overrides it. */
const pluralOf = (name: string): string => {
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(name) ? `${name}es` : `${name}s`;
};

/** The names of the generated root fields of a type, and the arguments that name one row. */
export const rootFieldsOf = (
  type: DomainType,
): { readonly one: string; readonly many: string; readonly keyArgs: readonly string[] } => {
  const { key, plural } = type.table;
  const one = lowerFirst(type.name);
  const guessed = pluralOf(one);
  return {
    one,
    // `series` is its own plural: the list then needs a name that differs.
    many: plural ?? (guessed === one ? `${one}List` : guessed),
    keyArgs: key.length === 1 ? ['id'] : key.map(camelCase),
  };
};

const rootSdl = (type: DomainType): string => {
  const { one, many, keyArgs } = rootFieldsOf(type);
  const { name } = type;
  return `
extend type Query {
  "One \`${name}\` by its key; null where there is none."
  ${one}(${keyArgs.map((arg) => `${arg}: ID!`).join(', ')}): ${name}
  "All rows in the order of their key, a page at a time."
  ${many}(first: Int, after: String): ${name}Connection
}
type ${name}Connection { nodes: [${name}!]! edges: [${name}Edge!]! pageInfo: PageInfo! }
type ${name}Edge { node: ${name}! cursor: String! }
`;
};

const pageInfo = `
type PageInfo {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}
`;

/** SDL of the root fields and connections that follow from the types (Relay cursor connections). */
export const generateSdl = (model: DomainModel): string => {
  const types = [...model.types.values()].filter((type) => type.table.root);
  const person = model.signInType;
  const payload =
    person === undefined
      ? ''
      : `
extend type ConsentChange {
  "The person themself, as this operation's purpose may see them from now on"
  ${lowerFirst(person)}: ${person}
}
`;
  return types.map(rootSdl).join('') + (types.length > 0 ? pageInfo : '') + payload;
};
