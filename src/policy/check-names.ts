import { isTypeDefinitionNode, Kind, type DocumentNode } from 'graphql';
import type { CheckContext } from './check-context.ts';
import { rootFieldsOf } from './generate-sdl.ts';
import type { DomainType } from './model.ts';
import { whereIs } from './parse-sdl.ts';

const graphqlName = /^(?!__)[_A-Za-z]\w*$/;

interface Taken {
  readonly types: ReadonlyMap<string, string>;
  /** Fields of `Query` and `ConsentChange`, and who took each. */
  readonly query: Map<string, string>;
  readonly payload: ReadonlyMap<string, string>;
}

const takenIn = (document: DocumentNode): Taken => {
  const types = new Map<string, string>();
  const fields = { Query: new Map<string, string>(), ConsentChange: new Map<string, string>() };
  for (const node of document.definitions) {
    if (isTypeDefinitionNode(node)) types.set(node.name.value, whereIs(node));
    const isObject =
      node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION;
    if (!isObject) continue;
    const name = node.name.value;
    if (name !== 'Query' && name !== 'ConsentChange') continue;
    for (const field of node.fields ?? []) {
      fields[name].set(field.name.value, `\`${name}.${field.name.value}\``);
    }
  }
  return { types, query: fields.Query, payload: fields.ConsentChange };
};

const checkRoots = (type: DomainType, taken: Taken, { report }: CheckContext): void => {
  const { one, many, keyArgs } = rootFieldsOf(type);
  const wrong = keyArgs.find((arg, i) => !graphqlName.test(arg) || keyArgs.indexOf(arg) !== i);
  if (wrong !== undefined) {
    report(
      type.where,
      `the key of \`${type.name}\` would make the argument \`${wrong}\`, which is no name or stands twice`,
      'name each key column once, by letters, digits and `_`; or write `root: false`',
    );
  }
  if (!graphqlName.test(many)) {
    report(
      type.where,
      `\`plural\` of \`${type.name}\` is \`${many}\`, which is no GraphQL name`,
      'use letters, digits and `_`, beginning with a letter',
    );
    return;
  }
  for (const field of [one, many]) {
    const other = taken.query.get(field);
    if (other !== undefined) {
      report(
        type.where,
        `the root field \`${field}\` of \`${type.name}\` is taken by ${other}`,
        'rename the type, or give another `plural` or `root: false` in its @table',
      );
    } else taken.query.set(field, `\`${type.name}\``);
  }
  for (const name of [`${type.name}Connection`, `${type.name}Edge`]) {
    const where = taken.types.get(name);
    if (where === undefined) continue;
    report(
      where,
      `\`${name}\` is generated for \`${type.name}\` and may not be written`,
      `rename it, or write \`root: false\` in the @table of \`${type.name}\``,
    );
  }
};

/** What is generated must not meet what is written, and must be GraphQL. */
export const checkNames = (document: DocumentNode, c: CheckContext): void => {
  const taken = takenIn(document);
  const types = [...c.model.types.values()].filter(({ table }) => table.root);
  for (const type of types) checkRoots(type, taken, c);
  const pageInfo = taken.types.get('PageInfo');
  if (types.length > 0 && pageInfo !== undefined) {
    c.report(pageInfo, '`PageInfo` is generated and may not be written', 'rename it');
  }
  const person = c.model.types.get(c.model.signInType ?? '');
  if (!person) return;
  const { one } = rootFieldsOf(person);
  if (!taken.payload.has(one)) return;
  c.report(
    person.where,
    `\`${person.name}\` would be the field \`${one}\` of \`ConsentChange\`, which has one of that name`,
    'rename the type',
  );
};
