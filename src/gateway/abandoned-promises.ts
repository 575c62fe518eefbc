import { GraphQLError } from 'graphql';

/**
 * Goes on where graphql-js leaves a promise behind: when an item of a list fails at once, those of the
 * items before it are waited for by nobody, and one that fails later would end the process. What it
 * tells of an operation it has told by then. Anything else that nobody hears of ends the process as ever.
 *
 * @returns ends that
 */
export const hearAbandoned = (): (() => void) => {
  const hear = (reason: unknown): void => {
    if (!(reason instanceof GraphQLError)) throw reason;
  };
  process.on('unhandledRejection', hear);
  return () => void process.off('unhandledRejection', hear);
};
