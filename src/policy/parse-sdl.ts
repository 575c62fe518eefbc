import {
  buildASTSchema,
  concatAST,
  GraphQLError,
  parse,
  validate,
  validateSchema,
  ValuesOfCorrectTypeRule,
  type DocumentNode,
  type GraphQLSchema,
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
 * Parses and validates SDL files as one schema, by graphql-js's own rules for SDL, for schemas and
 * for the values of directive arguments.
 * @throws SchemaError with every problem found, each with file, line and mend.
 */
export const parseSdl = (
  sources: readonly Source[],
): { readonly document: DocumentNode; readonly schema: GraphQLSchema } => {
  const problems: Problem[] = [];
  const document = concatAST(parseAll(sources, problems));
  // A file that does not parse would make every name in it unknown: stop at the syntax.
  if (problems.length > 0) throw new SchemaError(problems);
  problems.push(...validateSDL(document).map(problemOf));
  if (problems.length > 0) throw new SchemaError(problems);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  problems.push(...validateSchema(schema).map(problemOf));
  if (problems.length > 0) throw new SchemaError(problems);
  problems.push(...validate(schema, document, [ValuesOfCorrectTypeRule]).map(problemOf));
  if (problems.length > 0) throw new SchemaError(problems);
  return { document, schema };
};
