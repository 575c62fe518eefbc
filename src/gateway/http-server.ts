import { ApolloServer, type ApolloServerOptions } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Knex } from 'knex';
import type { Config } from '../config/config.ts';
import { IdentityError, SaysoError } from '../core/errors.ts';
import type { Caller } from '../identity/caller.ts';
import { readGpc } from '../identity/read-gpc.ts';
import type { Verifier } from '../identity/verify-token.ts';
import { admitNewDocuments } from './admit-new-documents.ts';
import { auditRoutes } from './audit-routes.ts';
import { documentHash } from './document-hash.ts';
import { createKnownDocuments } from './known-documents.ts';
import { limitRules } from './limit-rules.ts';
import { createErrorMask, type ErrorLog } from './mask-errors.ts';
import { createNewDocumentGate } from './new-document-gate.ts';
import type { OperationRequest } from './operation.ts';
import type { createPipeline } from './pipeline.ts';
import { createPublicOperations, publicCaller } from './public-operations.ts';
import { explainUnknownPurpose } from './unknown-purpose.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for `/graphql` once the token was verified, or was found not to be needed. */
    caller: Caller | null;
  }
}

interface HttpContext {
  readonly caller: Caller;
  readonly purposeHeader: string | readonly string[] | undefined;
  readonly gpc: boolean;
}

export interface HttpServerOptions {
  readonly config: Config;
  readonly schema: GraphQLSchema;
  readonly purposes: readonly string[];
  readonly verify: Verifier;
  readonly pipeline: ReturnType<typeof createPipeline>;
  readonly logger: FastifyBaseLogger;
  readonly isReady: () => Promise<Readonly<Record<string, string>>>;
  /** Sayso's own database, which the audit logs are served from; absent where none are. */
  readonly knex?: Knex;
}

/** Apollo Server over Fastify with every limit on; each operation goes through the pipeline. */
export const createHttpServer = async (options: HttpServerOptions): Promise<FastifyInstance> => {
  const { config, logger } = options;
  const log: ErrorLog = (event) =>
    logger.error(event, event.code === undefined ? 'an error was masked' : 'an operation failed');
  const app = fastify({
    // It would announce its address, which the command line does.
    loggerInstance: logger.child({}, { level: quieter(logger.level) }),
    // A URL can hold a query and its variables.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.limits.maxBodyBytes,
    forceCloseConnections: 'idle',
  });
  const mask = createErrorMask(log, { suggestions: config.introspection });
  const documents = createKnownDocuments();
  const apollo = new ApolloServer<HttpContext>({
    ...apolloOptions(options, mask),
    documentStore: documents,
    plugins: [
      fastifyApolloDrainPlugin(app),
      explainUnknownPurpose(options.purposes),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();

  app.decorateRequest('caller', null);
  app.setErrorHandler((error: unknown, _request, reply) => {
    const { status, body } = transportError(error, mask);
    void reply.code(status).send(body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const error = { message: 'there is nothing here', extensions: { code: 'NOT_FOUND' } };
    void reply.code(404).send({ errors: [error] });
  });
  // https://www.w3.org/TR/gpc/#gpc-support-resource
  app.get('/.well-known/gpc.json', () => ({ gpc: true, lastUpdate: gpcSince }));
  app.get('/health', () => ({ status: 'ok' }));
  app.get('/ready', async (_request, reply) => {
    const state = await options.isReady();
    const ready = Object.values(state).every((one) => one === 'ok');
    return reply.code(ready ? 200 : 503).send({ ready, ...state });
  });
  const { knex, verify } = options;
  if (knex) await app.register(auditRoutes({ knex, verify }));
  await app.register((scope, _options, done) => {
    const publicOperations = createPublicOperations(options.schema, config);
    const identify = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      try {
        request.caller = await options.verify(request.headers.authorization);
      } catch (error) {
        const { status, body } = transportError(error, mask);
        await reply.code(status).header('www-authenticate', 'Bearer').send(body);
      }
    };
    // Before the body is read: who cannot be identified costs nothing more.
    scope.addHook('onRequest', async (request, reply) => {
      // A kept answer would outlive the say-so that it was given by.
      void reply.header('cache-control', 'no-store');
      if (!publicOperations.mayBe(request)) await identify(request, reply);
    });
    scope.addHook('preParsing', async (request, reply, payload) => {
      if (request.caller !== null) return payload;
      const admitted = await publicOperations.admit(request, payload);
      if (admitted === undefined) await identify(request, reply);
      else request.caller = publicCaller;
      return admitted;
    });
    scope.addHook('preHandler', admitNewDocuments({ documents, gate: createNewDocumentGate() }));
    scope.route({
      url: '/graphql',
      method: ['GET', 'POST'],
      handler: fastifyApolloHandler(apollo, {
        context: (request): Promise<HttpContext> => {
          // The hooks above have set it, or answered.
          if (request.caller === null)
            return Promise.reject(new IdentityError('no token was verified'));
          return Promise.resolve({
            caller: request.caller,
            purposeHeader: request.headers['sayso-purpose'],
            gpc: readGpc(request.headers['sec-gpc']),
          });
        },
      }),
    });
    done();
  });
  return app;
};

/** The day since when the signal is honoured as it is now. */
const gpcSince = '2026-11-24';

/** Fastify's own lines from warnings on. */
const quieter = (level: string): string => (level === 'info' ? 'warn' : level);

const apolloOptions = (
  { config, schema, pipeline, logger }: HttpServerOptions,
  formatError: (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError,
): ApolloServerOptions<HttpContext> => ({
  // Apollo's way to put another executor behind all its transports.
  gateway: {
    onSchemaLoadOrUpdate: (callback) => {
      callback({ apiSchema: schema, coreSupergraphSdl: '' });
      return () => undefined;
    },
    load: () =>
      Promise.resolve({
        executor: ({ context, ...request }) =>
          pipeline(asOperation(context as unknown as HttpContext, request)),
      }),
    stop: () => Promise.resolve(),
  },
  introspection: config.introspection,
  hideSchemaDetailsFromClientErrors: !config.introspection,
  includeStacktraceInErrorResponses: false,
  allowBatchedHttpRequests: false,
  csrfPrevention: true,
  persistedQueries: false,
  parseOptions: { maxLexicalTokens: config.limits.maxTokens },
  validationRules: limitRules(config.limits),
  stopOnTerminationSignals: false,
  formatError,
  logger: quietLogger(logger),
});

type ApolloRequest = {
  readonly document: OperationRequest['document'];
  readonly operation: OperationRequest['operation'];
  readonly request: {
    readonly operationName?: string | undefined;
    readonly variables?: Readonly<Record<string, unknown>>;
  };
};

const asOperation = (context: HttpContext, from: ApolloRequest): OperationRequest => ({
  document: from.document,
  documentHash: documentHash(from.document),
  operation: from.operation,
  operationName: from.request.operationName,
  variables: from.request.variables ?? {},
  caller: context.caller,
  purposeHeader: context.purposeHeader,
  gpc: context.gpc,
});

/** Messages only: what Apollo attaches to them may quote a request. */
const quietLogger = (logger: FastifyBaseLogger) => ({
  debug: (message: unknown) => typeof message === 'string' && logger.debug(message),
  info: (message: unknown) => typeof message === 'string' && logger.info(message),
  warn: (message: unknown) => typeof message === 'string' && logger.warn(message),
  error: () => logger.error('Apollo Server reported an error'),
});

/** What failed before GraphQL: identity, a body that is no JSON or too large. */
const transportError = (
  error: unknown,
  mask: ReturnType<typeof createErrorMask>,
): { readonly status: number; readonly body: { readonly errors: readonly unknown[] } } => {
  if (error instanceof SaysoError) {
    const { message, code, details, status } = error;
    return { status, body: { errors: [{ message, extensions: { code, ...details } }] } };
  }
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const extensions = { code: 'BAD_REQUEST', reason: code };
    return {
      status: statusCode,
      body: { errors: [{ message: plainWords(statusCode), extensions }] },
    };
  }
  const masked = mask({ message: '' }, error);
  return { status: 500, body: { errors: [masked] } };
};

const plainWords = (status: number): string => {
  if (status === 413) return 'the body is larger than this endpoint accepts';
  if (status === 415) return 'send `Content-Type: application/json`';
  return 'the request could not be read; is its body JSON?';
};
