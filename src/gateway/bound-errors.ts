import { GraphQLError } from 'graphql';
import { SaysoError } from '../core/errors.ts';
import { comparePaths } from '../core/response-path.ts';

/** Most errors of one code that are told for one field of the operation, whatever the rows. */
export const maxAlike = 20;

const codeOf = ({ originalError, extensions }: GraphQLError): unknown =>
  originalError instanceof SaysoError ? originalError.code : extensions['code'];

/** The field of the operation: the path without the places in lists. */
const fieldOf = ({ path = [] }: GraphQLError): string =>
  path.filter((key) => typeof key === 'string').join('.');

const withCount = (error: GraphQLError, suppressed: number): GraphQLError =>
  suppressed === 0
    ? error
    : new GraphQLError(error.message, {
        nodes: error.nodes ?? null,
        source: error.source ?? null,
        positions: error.positions ?? null,
        path: error.path ?? null,
        originalError: error.originalError ?? null,
        extensions: { ...error.extensions, suppressed },
      });

/**
 * Bounds and orders the errors of an answer. A source that is down fails once for every row: of
 * errors alike only the first are told, and the last of them says how many were not
 * (`extensions.suppressed`). They come field by field in the order of their places, which does not
 * depend on which source answered first.
 */
export const boundErrors = (errors: readonly GraphQLError[]): readonly GraphQLError[] => {
  const alike = new Map<string, GraphQLError[]>();
  const inOrder = [...errors].sort((a, b) => comparePaths(a.path ?? [], b.path ?? []));
  for (const error of inOrder) {
    const key = `${String(codeOf(error))} ${fieldOf(error)}`;
    const group = alike.get(key);
    if (group) group.push(error);
    else alike.set(key, [error]);
  }
  return [...alike.values()].flatMap((group) => [
    ...group.slice(0, maxAlike - 1),
    ...group
      .slice(maxAlike - 1, maxAlike)
      .map((last) => withCount(last, Math.max(0, group.length - maxAlike))),
  ]);
};
