import type { GraphQLError } from 'graphql';
import type { EntryError } from '../audit/entry.ts';
import { SaysoError, SourceError } from '../core/errors.ts';

/**
 * What fields of an answer could not be resolved by, as the log has it: code, source and how often.
 * Neither messages nor paths, which clients write. `INTERNAL_ERROR` stands for a defect.
 */
export const loggedErrors = (errors: readonly GraphQLError[]): readonly EntryError[] => {
  const counts = new Map<string, EntryError>();
  for (const { originalError } of errors) {
    const source = originalError instanceof SourceError ? originalError.source : null;
    const code =
      originalError instanceof SaysoError
        ? originalError.code
        : originalError
          ? 'INTERNAL_ERROR'
          : 'GRAPHQL_ERROR';
    const key = `${code} ${source ?? ''}`;
    counts.set(key, [code, source, (counts.get(key)?.[2] ?? 0) + 1]);
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
};
