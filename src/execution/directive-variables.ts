import {
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Fragments } from './collect-fields.ts';

const directiveNames: ReadonlySet<string> = new Set([
  GraphQLSkipDirective.name,
  GraphQLIncludeDirective.name,
]);

function* variablesOf({ directives }: SelectionNode): Iterable<string> {
  for (const directive of directives ?? []) {
    if (!directiveNames.has(directive.name.value)) continue;
    for (const { value } of directive.arguments ?? [])
      if (value.kind === Kind.VARIABLE) yield value.name.value;
  }
}

/**
 * The operation's variables that `@skip` and `@include` turn on: what its plan depends on. Looks
 * at each selection of the document at most once, however often fragments are spread.
 */
export const directiveVariables = (
  operation: OperationDefinitionNode,
  fragments: Fragments,
): readonly string[] => {
  const declared = new Set(
    operation.variableDefinitions?.map(({ variable }) => variable.name.value),
  );
  if (declared.size === 0) return [];
  const found = new Set<string>();
  const entered = new Set<string>();
  const open: SelectionSetNode[] = [operation.selectionSet];
  for (let set = open.pop(); set; set = open.pop())
    for (const selection of set.selections) {
      for (const name of variablesOf(selection)) if (declared.has(name)) found.add(name);
      if (selection.kind !== Kind.FRAGMENT_SPREAD) {
        if (selection.selectionSet) open.push(selection.selectionSet);
        continue;
      }
      const name = selection.name.value;
      const fragment = fragments[name];
      if (!fragment || entered.has(name)) continue;
      entered.add(name);
      open.push(fragment.selectionSet);
    }
  return [...found];
};

/**
 * These variables' values as a key: one letter each. Undefined where one is neither a Boolean nor
 * null nor left out, which validation refuses; nothing is kept for such an operation.
 */
export const directiveKey = (
  variables: readonly string[],
  values: Readonly<Record<string, unknown>>,
): string | undefined => {
  let key = '';
  for (const name of variables) {
    if (!Object.hasOwn(values, name)) key += '-';
    else if (values[name] === null) key += 'n';
    else if (values[name] === true) key += 't';
    else if (values[name] === false) key += 'f';
    else return undefined;
  }
  return key;
};
