import {
  buildASTSchema,
  concatAST,
  GraphQLError,
  isTypeDefinitionNode,
  Kind,
  parse,
  validate,
  validateSchema,
  ValuesOfCorrectTypeRule,
  type DocumentNode,
  type GraphQLSchema,
  type Location,
  type Source,
} from 'graphql';
// graphql-js offers the collected SDL errors, with their places, only here; its public
// `buildASTSchema` joins them into one message and drops the lines.
import { validateSDL } from 'graphql/validation/validate.js';
import { SchemaError, type Problem } from '../core/errors.ts';

/** `file:line:column` of a node, as editors understand it. */
export const whereIs = (node: {
  readonly loc?:
    | {
        readonly startToken: { readonly line: number; readonly column: number };
        readonly source: Source;
      }
    | undefined;
}): string => {
  const { loc } = node;
  if (loc === undefined) return 'generated SDL';
  return `${loc.source.name}:${loc.startToken.line}:${loc.startToken.column}`;
};

const mendFor = (message: string): string => {
  const hint = /Did you mean (.+)\?/.exec(message)?.[1];
  if (hint !== undefined) return `write ${hint}`;
  if (/"(Category|Purpose)"/.test(message) && message.startsWith('Unknown type')) {
    return 'define `enum Category` with @category values and `enum Purpose` with @purpose values in the domain SDL';
  }
  if (message.startsWith('Unknown directive')) {
    return 'use a directive of schema/governance/directives.graphql';
  }
  if (message.startsWith('Syntax Error')) return 'correct the SDL at this place';
  return 'change the SDL so that it agrees with its definitions';
};

const problemOf = (error: GraphQLError): Problem => {
  const line = error.locations?.[0];
  return {
    where: line ? `${error.source?.name ?? 'SDL'}:${line.line}:${line.column}` : 'SDL',
    what: error.message.replace(/ Did you mean .+\?$/, ''),
    mend: mendFor(error.message),
  };
};

const parseAll = (sources: readonly Source[], problems: Problem[]): DocumentNode[] =>
  sources.flatMap((source) => {
    try {
      return [parse(source)];
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      problems.push(problemOf(error));
      return [];
    }
  });

/**
 * The document as far as it makes a schema: of definitions of one name the first stands, and names
 * that nothing defines are scalars. It only serves to look for further problems.
 */
const mendable = (document: DocumentNode, errors: readonly GraphQLError[]): DocumentNode => {
  const seen = new Set<string>();
  const definitions = document.definitions.filter((node) => {
    if (!isTypeDefinitionNode(node)) return true;
    const first = !seen.has(node.name.value);
    seen.add(node.name.value);
    return first;
  });
  const unknown = errors.flatMap(({ message, nodes }) =>
    message.startsWith('Unknown type')
      ? (nodes ?? []).flatMap((node) => (node.kind === Kind.NAMED_TYPE ? [node.name.value] : []))
      : [],
  );
  const stubs = [...new Set(unknown)].map((name) => parse(`scalar ${name}`, { noLocation: true }));
  return concatAST([{ kind: Kind.DOCUMENT, definitions }, ...stubs]);
};

/** SDL as parsed, and what graphql-js itself found wrong with it. */
export interface ParsedSdl {
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
  readonly problems: readonly Problem[];
  /** Whether one of the problems lies within the node. */
  readonly isBroken: (node: { readonly loc?: Location | undefined }) => boolean;
}

const within =
  (errors: readonly GraphQLError[]): ParsedSdl['isBroken'] =>
  ({ loc }) =>
    loc !== undefined &&
    errors.some(
      ({ source, positions }) =>
        source === loc.source && positions?.some((at) => loc.start <= at && at < loc.end),
    );

/**
 * Parses and validates SDL files as one schema, by graphql-js's own rules for SDL, for schemas and
 * for the values of directive arguments. What can be understood in spite of problems is given with
 * them, so that all others can be found as well.
 * @throws SchemaError when a file does not parse or no schema can be made of it at all.
 */
export const parseSdl = (sources: readonly Source[]): ParsedSdl => {
  const syntax: Problem[] = [];
  const parsed = concatAST(parseAll(sources, syntax));
  // A file that does not parse would make every name in it unknown: stop at the syntax.
  if (syntax.length > 0) throw new SchemaError(syntax);
  const errors = [...validateSDL(parsed)];
  const document = errors.length === 0 ? parsed : mendable(parsed, errors);
  const build = (assumeValid: boolean) =>
    buildASTSchema(document, { assumeValidSDL: true, assumeValid });
  try {
    errors.push(...validateSchema(build(false)));
    const schema = build(true);
    errors.push(...validate(schema, document, [ValuesOfCorrectTypeRule], { maxErrors: Infinity }));
    return { document, schema, problems: errors.map(problemOf), isBroken: within(errors) };
  } catch (error) {
    if (errors.length === 0) throw error;
    throw new SchemaError(errors.map(problemOf));
  }
};
