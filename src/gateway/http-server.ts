import { Socket } from 'node:net';
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
  type RequestPayload,
} from 'fastify';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Knex } from 'knex';
import type { Config } from '../config/config.ts';
import { endWithin } from '../core/end-within.ts';
import { IdentityError, SaysoError } from '../core/errors.ts';
import type { Caller } from '../identity/caller.ts';
import { noOperations, OperationRegistry } from '../operations/operation-registry.ts';
import { readGpc } from '../identity/read-gpc.ts';
import type { Verifier } from '../identity/verify-token.ts';
import { AnswerBytes } from './answer-bytes.ts';
import { admitNewDocuments } from './admit-new-documents.ts';
import { admitOperations, createAdmission, type AdmittedContext } from './admit-operations.ts';
import { KnownOperations, type AskedText, type CarriedOut } from './answer-known.ts';
import { auditRoutes } from './audit-routes.ts';
import { documentHash } from './document-hash.ts';
import { createDocumentRooms } from './document-rooms.ts';
import { readLargeBodies, type LargeBody } from './large-bodies.ts';
import { limitRules } from './limit-rules.ts';
import { createErrorMask, type ErrorLog } from './mask-errors.ts';
import { createNewDocumentGate, type NewDocumentGate } from './new-document-gate.ts';
import type { OperationRequest } from './operation.ts';
import type { createPipeline } from './pipeline.ts';
import { createPublicOperations, publicCaller } from './public-operations.ts';
import { explainUnknownPurpose } from './unknown-purpose.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for `/graphql` once the token was verified, or was found not to be needed. */
    caller: Caller | null;
    /** What goes out in place of its token. */
    answer: AnswerBytes | null;
    /** Its text of a document. */
    asked: AskedText | null;
    /** Its body, where that is large. */
    largeBody: LargeBody | null;
    /** Ends the turn of its document, where it has one. */
    leaveTurn: (() => void) | null;
  }
}

interface HttpContext extends AdmittedContext {
  readonly purposeHeader: string | readonly string[] | undefined;
  readonly gpc: boolean;
  /** Hands the answer to whoever sends it. */
  readonly deliver: (answer: AnswerBytes) => void;
  readonly carriedOut?: CarriedOut | undefined;
}

export interface HttpServerOptions {
  readonly config: Config;
  readonly schema: GraphQLSchema;
  readonly purposes: readonly string[];
  readonly verify: Verifier;
  readonly pipeline: ReturnType<typeof createPipeline>;
  readonly logger: FastifyBaseLogger;
  readonly isReady: () => Promise<Readonly<Record<string, string>>>;
  /** Sayso's own database, of the audit logs and of registered operations; absent where none are. */
  readonly knex?: Knex;
  /** Where documents wait that nobody has sent before; one of its own unless given. */
  readonly gate?: NewDocumentGate;
}

/**
 * So long a request may take to come whole, as bodies wait that are not read: Fastify itself would keep
 * what was sent of one for ever.
 */
const requestMs = 120_000;

/** An answer longer than this may be more than the system takes in for whoever is to read it. */
const longAnswer = 65_536;
/** So long its reader may take none of it: else it would stay in memory for as long as they like. */
const readMs = 120_000;

const isLong = (payload: unknown): boolean =>
  (typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length > longAnswer;

/** So long requests may take to finish when the gateway ends. */
const endingMs = 10_000;

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
    // Nothing is logged of single requests, so none needs a logger of its own.
    childLoggerFactory: (parent) => parent,
    bodyLimit: config.limits.maxBodyBytes,
    requestTimeout: requestMs,
    forceCloseConnections: 'idle',
  });
  const mask = createErrorMask(log, { suggestions: config.introspection });
  const { knex, verify } = options;
  const operations = knex ? new OperationRegistry(knex) : noOperations;
  const { gate = createNewDocumentGate() } = options;
  const documents = createDocumentRooms((sha256) => operations.knows(sha256));
  const admit = createAdmission(operations, config.operations);
  const known = new KnownOperations({ documents, admit, pipeline: options.pipeline });
  const apollo = new ApolloServer<HttpContext>({
    ...apolloOptions(options, mask),
    documentStore: documents,
    plugins: [
      fastifyApolloDrainPlugin(app),
      admitOperations(admit),
      explainUnknownPurpose(options.purposes),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();

  endWithin(app, endingMs);
  app.decorateRequest('caller', null);
  app.decorateRequest('answer', null);
  app.decorateRequest('asked', null);
  app.decorateRequest('largeBody', null);
  app.decorateRequest('leaveTurn', null);
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
  if (knex) await app.register(auditRoutes({ knex, verify }));
  await app.register((scope, _options, done) => {
    const publicOperations = createPublicOperations(options.schema, config, gate);
    /** The payload to go on with; none where somebody was answered already. */
    const admitPublic = async (
      request: FastifyRequest,
      reply: FastifyReply,
      payload: RequestPayload,
    ): Promise<RequestPayload | undefined> => {
      const admitted = await publicOperations.admit(request, reply, payload);
      // Whoever asked has gone.
      if (reply.sent) return admitted;
      if (admitted === undefined) await identify(request, reply);
      else request.caller = publicCaller;
      return admitted;
    };
    const identify = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      try {
        request.caller = await options.verify(request.headers.authorization);
      } catch (error) {
        const { status, body } = transportError(error, mask);
        await reply.code(status).header('www-authenticate', 'Bearer').send(body);
      }
    };
    // Before the body is read: who cannot be identified costs nothing more.
    scope.addHook('onRequest', (request, reply, done) => {
      // A kept answer would outlive the say-so that it was given by.
      void reply.header('cache-control', 'no-store');
      request.caller = verify.known(request.headers.authorization) ?? null;
      if (request.caller !== null || publicOperations.mayBe(request)) done();
      else identify(request, reply).then(() => done(), done);
    });
    const readLarge = readLargeBodies(gate);
    scope.addHook('preParsing', (request, reply, payload, done) => {
      if (request.caller === null)
        admitPublic(request, reply, payload).then((to) => done(null, to), done);
      else readLarge(request, reply, payload, done);
    });
    scope.addHook('onSend', (request, reply, payload, done) => {
      const { answer } = request;
      request.leaveTurn?.();
      // Anything else that Apollo says instead, of a type nobody accepts for example, stays.
      const stands = answer !== null && payload === answer.token && reply.statusCode === 200;
      if (stands) known.learn(request, reply.getHeader('content-type'));
      const sent = stands ? answer.bytes : payload;
      const { socket } = request.raw;
      // Until it is taken: Node itself sets another then.
      if (isLong(sent) && socket instanceof Socket) socket.setTimeout(readMs);
      done(null, sent);
    });
    scope.addHook('preHandler', admitNewDocuments({ documents, gate }));
    const byApollo = (carriedOut?: CarriedOut) =>
      fastifyApolloHandler(apollo, {
        context: (request): Promise<HttpContext> => {
          const { caller, headers } = request;
          // The hooks above have set it, or answered.
          if (caller === null) return Promise.reject(new IdentityError('no token was verified'));
          return Promise.resolve({
            caller,
            purposeHeader: headers['sayso-purpose'],
            gpc: readGpc(headers['sec-gpc']),
            deliver: (answer) => {
              request.answer = answer;
            },
            carriedOut,
          });
        },
      });
    const long = byApollo();
    scope.route({
      url: '/graphql',
      method: ['GET', 'POST'],
      handler: async (request, reply) => {
        const { caller } = request;
        const short = caller && (await known.carryOut(request, caller, request.asked));
        if (short?.answer) {
          void reply.header('content-type', short.type);
          return short.answer.bytes;
        }
        const tell = short ? byApollo(short.carriedOut) : long;
        nameHost(request);
        return tell.call(scope, request, reply);
      },
    });
    done();
  });
  return app;
};

/**
 * Apollo Server makes a whole address of the request's and the host that it names, and looks at the search
 * alone. What is no host, or none as in HTTP/1.0, is no reason to fail.
 */
const nameHost = ({ raw, hostname }: FastifyRequest): void => {
  if (!URL.canParse(`http://${hostname}/`)) raw.headers.host = 'localhost';
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
        executor: async ({ context, ...request }) => {
          const asked = context as unknown as HttpContext;
          if (asked.carriedOut) return asked.carriedOut.result;
          const answer = await pipeline(asOperation(asked, request));
          if (!(answer instanceof AnswerBytes)) return answer;
          asked.deliver(answer);
          // Apollo hands it on untouched, and `stringifyResult` knows it again.
          return { data: answer as unknown as Record<string, unknown> };
        },
      }),
    stop: () => Promise.resolve(),
  },
  introspection: config.introspection,
  hideSchemaDetailsFromClientErrors: !config.introspection,
  includeStacktraceInErrorResponses: false,
  allowBatchedHttpRequests: false,
  csrfPrevention: true,
  // Whoever asks would register; see `admit-operations.ts` for those that an operator registers.
  persistedQueries: false,
  parseOptions: { maxLexicalTokens: config.limits.maxTokens },
  validationRules: limitRules(config.limits),
  stopOnTerminationSignals: false,
  stringifyResult: (result) => {
    const data: unknown = result.data;
    return data instanceof AnswerBytes ? data.token : `${JSON.stringify(result)}\n`;
  },
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

const asOperation = (context: HttpContext, from: ApolloRequest): OperationRequest => {
  const { admission } = context;
  // INVARIANT: nothing is carried out that was not let in.
  if (!admission) throw new Error('an operation came past its admission');
  return { ...asSent(context, from), ...admission };
};

const asSent = (context: HttpContext, from: ApolloRequest): OperationRequest => ({
  document: from.document,
  // Of a document that nobody has read there is none.
  documentHash: context.admission?.refusal ? '' : documentHash(from.document),
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
