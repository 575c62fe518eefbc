import { SaysoError } from '../core/errors.ts';

const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
};

/**
 * What may be told of an error. The message of one that is not ours is not: that of a database quotes
 * the statement, with the values in it.
 */
export const toldError = (error: unknown): string =>
  error instanceof SaysoError ? error.message : `it failed with ${codeOf(error)}`;
