import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { SaysoError, SourceError } from '../core/errors.ts';
import { uuidv7 } from '../core/uuid.ts';

/** Writes what happened for operators. Gets no value of any row and no message that could hold one. */
export type ErrorLog = (event: {
  readonly id: string;
  readonly error: string;
  readonly code?: string | undefined;
  /** The code that a database or the system gave to what lies behind it. */
  readonly cause?: string | undefined;
  readonly source?: string | undefined;
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
        // A message may have lines of its own that look like these.
        ?.replace(error.message, () => '')
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
        .join('\n')
    : undefined;

const place = ({ locations, path }: GraphQLFormattedError) => ({
  ...(locations && { locations }),
  ...(path && { path }),
});

/** How many more there were like this one (`boundErrors`). */
const suppressed = ({ extensions }: GraphQLFormattedError) =>
  typeof extensions?.['suppressed'] === 'number' && { suppressed: extensions['suppressed'] };

const status = (error: SaysoError) => ({ http: { status: error.status } });

/** An error of ours as GraphQL carries it; with `refusal` it also sets the HTTP status. */
export const toGraphQLError = (error: SaysoError, refusal = false): GraphQLError =>
  new GraphQLError(error.message, {
    originalError: error,
    extensions: { code: error.code, ...error.details, ...(refusal && status(error)) },
  });

/** graphql-js names fields and enum values close to what was written, which tells of the schema. */
const suggestion = / ?Did you mean .+?\?$/;

/** What Apollo tells operators of itself is no use to clients. */
const clientMessage = ({ message }: GraphQLFormattedError, suggestions: boolean): string => {
  if (message.startsWith('GraphQL introspection is not allowed'))
    return 'introspection is off here';
  return suggestions ? message : message.replace(suggestion, '');
};

/**
 * Makes the one function through which every error leaves: ours as they are, a client's mistakes
 * as graphql-js words them, everything else as an id. Values stand in such messages (graphql-js
 * quotes what it cannot serialize), so they go neither to the client nor to the log.
 */
export const createErrorMask = (log: ErrorLog, options: { readonly suggestions: boolean }) => {
  // One failed read is the error of every row that waited for it.
  const logged = new WeakSet<SaysoError>();
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const cause = root(error);
    if (cause instanceof SaysoError) {
      if (cause.status >= 500 && !logged.has(cause)) logCause(log, cause, formatted);
      logged.add(cause);
      const extensions = { code: cause.code, ...cause.details, ...suppressed(formatted) };
      return { message: cause.message, ...place(formatted), extensions };
    }
    const code = formatted.extensions?.['code'];
    const isClients = cause instanceof GraphQLError && formatted.path === undefined;
    if (isClients && clientCodes.has(code)) {
      const { allowedPurposes } = formatted.extensions ?? {};
      return {
        message: clientMessage(formatted, options.suggestions),
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
      extensions: { code: 'INTERNAL_SERVER_ERROR', id, ...suppressed(formatted) },
    };
  };
};

const logCause = (log: ErrorLog, error: SaysoError, { path }: GraphQLFormattedError): void => {
  const { cause } = error;
  log({
    id: uuidv7(),
    error: cause instanceof Error ? `${error.name}: ${cause.name}` : error.name,
    code: error.code,
    cause: (cause as { code?: string } | undefined)?.code,
    ...(error instanceof SourceError && { source: error.source }),
    path: path?.join('.'),
    stack: framesOf(cause),
  });
};
