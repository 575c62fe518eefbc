import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { uuidv7 } from 'uuidv7';
import { PurposeError, SaysoError } from '../core/errors.ts';

/** Writes what happened for operators. Gets no value of any row and no message that could hold one. */
export type ErrorLog = (event: {
  readonly id: string;
  readonly error: string;
  readonly code?: string | undefined;
  readonly path?: string | undefined;
  /** Function names and places in files, without the error's message. */
  readonly stack?: string | undefined;
}) => void;

/** Codes that graphql-js and Apollo give to what a client wrote; their messages hold only that. */
const clientCodes: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PURPOSE_UNKNOWN',
]);

const root = (error: unknown): unknown =>
  error instanceof GraphQLError && error.originalError ? root(error.originalError) : error;

const framesOf = (error: unknown): string | undefined =>
  error instanceof Error
    ? error.stack
        ?.split('\n')
        .filter((line) => /^\s+at /.test(line))
        .join('\n')
    : undefined;

const place = ({ locations, path }: GraphQLFormattedError) => ({
  ...(locations && { locations }),
  ...(path && { path }),
});

const status = (error: SaysoError) => ({ http: { status: error.status } });

/** An error of ours as GraphQL carries it; with `refusal` it also sets the HTTP status. */
export const toGraphQLError = (error: SaysoError, refusal = false): GraphQLError =>
  new GraphQLError(error.message, {
    originalError: error,
    extensions: { code: error.code, ...error.details, ...(refusal && status(error)) },
  });

/**
 * Makes the one function through which every error leaves: ours as they are, a client's mistakes
 * as graphql-js words them, everything else as an id. Values stand in such messages (graphql-js
 * quotes what it cannot serialize), so they go neither to the client nor to the log.
 */
export const createErrorMask =
  (log: ErrorLog) =>
  (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const cause = root(error);
    if (cause instanceof SaysoError) {
      if (cause.status >= 500 && !(cause instanceof PurposeError)) logCause(log, cause, formatted);
      const extensions = { code: cause.code, ...cause.details };
      return { message: cause.message, ...place(formatted), extensions };
    }
    const code = formatted.extensions?.['code'];
    const isClients = cause instanceof GraphQLError && formatted.path === undefined;
    if (isClients && clientCodes.has(code)) {
      const { allowedPurposes } = formatted.extensions ?? {};
      return {
        message: formatted.message,
        ...place(formatted),
        extensions: { code, ...(allowedPurposes !== undefined && { allowedPurposes }) },
      };
    }
    const id = uuidv7();
    log({
      id,
      error: cause instanceof Error ? cause.name : typeof cause,
      path: formatted.path?.join('.'),
      stack: framesOf(cause),
    });
    return {
      message: `something went wrong here; its id is ${id}`,
      ...place(formatted),
      extensions: { code: 'INTERNAL_SERVER_ERROR', id },
    };
  };

const logCause = (log: ErrorLog, error: SaysoError, { path }: GraphQLFormattedError): void => {
  const { cause } = error;
  log({
    id: uuidv7(),
    error: cause instanceof Error ? `${error.name}: ${cause.name}` : error.name,
    code: (cause as { code?: string } | undefined)?.code ?? error.code,
    path: path?.join('.'),
    stack: framesOf(cause),
  });
};
