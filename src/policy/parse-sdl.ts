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

/** Of things that may stand once the later is to blame: the first may be every deployment's. */
const isTwice = (message: string): boolean =>
  /^There can be only one |can only be (defined|used) once/.test(message);

const problemOf = (error: GraphQLError): Problem => {
  const { message, nodes } = error;
  const line = error.locations?.[0];
  const [first, last] = [nodes?.[0], nodes?.at(-1)];
  if (first && last && first !== last && isTwice(message)) {
    return {
      where: whereIs(last),
      what: message,
      mend: `take it away or rename it; the other is at ${whereIs(first)}`,
    };
  }
  return {
    where: line ? `${error.source?.name ?? 'SDL'}:${line.line}:${line.column}` : 'SDL',
    what: message.replace(/ Did you mean .+\?$/, ''),
    mend: mendFor(message),
  };
};

/** A second type of one name would have its fields and directives told as second ones, too. */
const withoutEchoes = (
  errors: readonly GraphQLError[],
  { definitions }: DocumentNode,
): readonly GraphQLError[] => {
  const lastOf = ({ nodes }: GraphQLError) => nodes?.at(-1)?.loc;
  const around = (error: GraphQLError) =>
    definitions.find(({ loc }) => {
      const last = lastOf(error);
      return last && loc?.source === last.source && loc.start <= last.start && last.end <= loc.end;
    });
  const types = errors.filter(({ message }) => message.startsWith('There can be only one type '));
  const second = new Set(types.map(around));
  return errors.filter(
    (error) => types.includes(error) || !isTwice(error.message) || !second.has(around(error)),
  );
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

const within = (errors: readonly GraphQLError[]): ParsedSdl['isBroken'] => {
  const bySource = new Map<Source, number[]>();
  for (const { source, positions } of errors) {
    if (!source || !positions) continue;
    const known = bySource.get(source);
    if (known) known.push(...positions);
    else bySource.set(source, [...positions]);
  }
  for (const positions of bySource.values()) positions.sort((a, b) => a - b);
  return ({ loc }) => {
    const positions = loc && bySource.get(loc.source);
    if (!positions) return false;
    // The first position not before the node, by halves: thousands of problems meet thousands of nodes.
    let [from, to] = [0, positions.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((positions[middle] ?? 0) < loc.start) from = middle + 1;
      else to = middle;
    }
    return (positions[from] ?? Infinity) < loc.end;
  };
};

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
  const errors = [...withoutEchoes(validateSDL(parsed), parsed)];
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
