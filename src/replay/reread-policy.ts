import { createHash } from 'node:crypto';
import {
  Kind,
  parse,
  Source,
  visit,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
} from 'graphql';
import { SaysoError } from '../core/errors.ts';
import { readPolicy, type Policy } from '../policy/compile-policy.ts';
import type { Surroundings } from '../policy/check-model.ts';

/** A policy as it was, or why it cannot be had. */
export type Reread =
  { readonly policy: Policy; readonly problem?: undefined } | { readonly problem: string };

const marked = (node: DefinitionNode, names: readonly string[]): boolean =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION &&
  node.directives?.some(({ name }) => names.includes(name.value)) === true;

const textsOf = ({ arguments: given = [] }: ConstDirectiveNode, argument: string) => {
  const value = given.find(({ name }) => name.value === argument)?.value;
  const values = value?.kind === Kind.LIST ? value.values : value ? [value] : [];
  return values.flatMap((one) => (one.kind === Kind.STRING ? [one.value] : []));
};

/** What the deployment must have had, since its start would have failed otherwise: names are all. */
const surroundingsOf = (document: DocumentNode): Surroundings => {
  const sources = new Set<string>();
  const rules = new Set<string>();
  const resolvers = new Set<string>();
  visit(document, {
    ObjectTypeDefinition: (node) => {
      for (const directive of node.directives ?? [])
        if (directive.name.value === 'table')
          for (const source of textsOf(directive, 'source')) sources.add(source);
      for (const field of node.fields ?? []) {
        for (const directive of field.directives ?? []) {
          if (directive.name.value === 'shield')
            for (const rule of textsOf(directive, 'rules')) rules.add(rule);
          if (directive.name.value === 'derived')
            resolvers.add(`${node.name.value}.${field.name.value}`);
        }
      }
    },
  });
  return { sources: [...sources], rules: [...rules], resolvers: [...resolvers] };
};

/**
 * Takes the canonical text apart again. A policy compiles only where each object type of the domain
 * has one of these marks, and the governance SDL has them nowhere; all else is read alike.
 */
const sourcesOf = (document: DocumentNode, text: string) => {
  const parts = { governance: [] as string[], domain: [] as string[] };
  for (const definition of document.definitions) {
    const { start = 0, end = 0 } = definition.loc ?? {};
    const part = marked(definition, ['table', 'declared']) ? parts.domain : parts.governance;
    part.push(text.slice(start, end));
  }
  return {
    governance: [new Source(parts.governance.join('\n\n'), 'policy')],
    domain: [new Source(parts.domain.join('\n\n'), 'policy (domain)')],
  };
};

/** The first of what is wrong, on one line. */
const firstLine = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 3)
    .join(': ');
};

/**
 * Compiles a policy out of the canonical text that it was named by. Its modules are not at hand: the
 * rules and resolvers that it names are taken to have been there.
 */
export const rereadPolicy = (id: string, text: string): Reread => {
  const hash = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  if (hash !== id) return { problem: `its text is another one: it hashes to ${hash}` };
  try {
    const document = parse(text);
    const { policy, problems } = readPolicy(sourcesOf(document, text), surroundingsOf(document));
    if (!policy) {
      const [first] = problems;
      return {
        problem: `it does not compile (${problems.length} problem(s)): ${first?.where ?? ''}: ${first?.what ?? ''}`,
      };
    }
    if (policy.id === id) return { policy };
    return { problem: 'it compiles to another policy than the one it was' };
  } catch (error) {
    if (!(error instanceof SaysoError || (error as Error).name === 'GraphQLError')) throw error;
    return { problem: `it does not compile: ${firstLine(error)}` };
  }
};
