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

/** The name under which `declare` takes what a type holds. */
export const declareArgOf = ({ name }: DomainType): string => lowerFirst(name);

const inputFields = ({ fields }: DomainType): string =>
  [...fields.values()]
    .flatMap((field) => (field.kind === 'column' ? `  ${field.name}: ${field.graphqlType}` : []))
    .join('\n');

/** Mutations for what persons tell themselves, typed by the types that hold it. */
const declareSdl = (model: DomainModel): string => {
  const types = [...model.types.values()].filter((type) => type.declared);
  if (types.length === 0) return '';
  const person = model.types.get(model.signInType ?? '');
  const payload =
    person === undefined
      ? ''
      : `  "The person themself, as this operation's purpose may see them from now on"
  ${lowerFirst(person.name)}: ${person.name}`;
  const args = types.map((type) => `${declareArgOf(type)}: ${type.name}Input`).join('\n    ');
  const enumeration = types
    .flatMap((type) => [...type.fields.values()].map(({ name }) => `  ${type.name}_${name}`))
    .join('\n');
  return `
extend type Mutation {
  """
  Tell something about yourself, and for which purposes it may be used (\`for\`): those and no others,
  also where some were named before. A field that is left out stays as it is; one that is null is
  removed, and shared no more.
  """
  declare(
    for: [Purpose!]!
    ${args}
    confirmed: Boolean
    subject: SubjectInput
  ): Declaration!
  "Remove what was told; it is shared no more. Everything, where no fields are named."
  removeDeclared(fields: [DeclaredField!], subject: SubjectInput): Declaration!
}
"What can be declared: \`Type_field\`."
enum DeclaredField {
${enumeration}
}
"What the ledger and the store of declared data took."
type Declaration {
  "The ledger's newest position, from which on the change counts"
  head: Int!
  "Names the changes of say-so; \`Me.receipt\` gives their receipts"
  records: [ID!]!
${payload}
}
${types.map((type) => `input ${type.name}Input {\n${inputFields(type)}\n}`).join('\n')}
`;
};

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
  return (
    types.map(rootSdl).join('') + (types.length > 0 ? pageInfo : '') + payload + declareSdl(model)
  );
};
