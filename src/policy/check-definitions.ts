import {
  isTypeDefinitionNode,
  isTypeSystemDefinitionNode,
  isTypeSystemExtensionNode,
  Kind,
  specifiedScalarTypes,
  type DefinitionNode,
  type DocumentNode,
} from 'graphql';
import type { Problem } from '../core/errors.ts';
import { whereIs } from './parse-sdl.ts';

/** Names that GraphQL itself gives a meaning: a definition of them would silently not be read. */
const ownNames: ReadonlySet<string> = new Set(specifiedScalarTypes.map(({ name }) => name));

/** The enums that a domain writes, in as many places as it likes. */
const domainEnums: ReadonlySet<string> = new Set(['Category', 'Purpose']);

const problemWith = (
  node: DefinitionNode,
  governed: ReadonlySet<string>,
): Omit<Problem, 'where'> | undefined => {
  if (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION) {
    return {
      what: 'the domain SDL defines `schema`, whose root types are generated',
      mend: 'take it away',
    };
  }
  // graphql-js's own rules refuse what is not SDL.
  if (!isTypeSystemDefinitionNode(node) && !isTypeSystemExtensionNode(node)) return undefined;
  if (node.kind === Kind.DIRECTIVE_DEFINITION || node.kind === Kind.DIRECTIVE_EXTENSION) {
    return {
      what: `the domain SDL defines @${node.name.value}, which nothing would read`,
      mend: 'use the directives of schema/governance/directives.graphql',
    };
  }
  if (node.kind === Kind.OBJECT_TYPE_EXTENSION || node.kind === Kind.INTERFACE_TYPE_EXTENSION) {
    return {
      what: `\`extend ${node.name.value}\` would hide a rule far from its type`,
      mend: 'write the fields in the type itself',
    };
  }
  const name = node.name.value;
  if (ownNames.has(name)) {
    return { what: `\`${name}\` is a type of GraphQL’s own`, mend: 'choose another name' };
  }
  if (node.kind.endsWith('Extension') && governed.has(name) && !domainEnums.has(name)) {
    return {
      what: `\`extend ${name}\` would change what every deployment has`,
      mend: 'take it away',
    };
  }
  return undefined;
};

/** What a domain may not define, whatever is in it. */
export const checkDefinitions = (
  document: DocumentNode,
  isDomain: (node: DefinitionNode) => boolean,
): readonly Problem[] => {
  const governed = new Set(
    document.definitions.flatMap((node) =>
      !isDomain(node) && isTypeDefinitionNode(node) ? [node.name.value] : [],
    ),
  );
  return document.definitions.filter(isDomain).flatMap((node) => {
    const problem = problemWith(node, governed);
    return problem === undefined ? [] : [{ where: whereIs(node), ...problem }];
  });
};
