import fs from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createAuditIndexer } from './audit/audit-index.ts';
import { keepPolicy, type AuditStore } from './audit/audit-store.ts';
import { openAuditLog } from './audit/open-audit-log.ts';
import { keepRetention } from './audit/retain.ts';
import type { Config } from './config/config.ts';
import { SchemaError, SourceError } from './core/errors.ts';
import { registerConsole } from './console/register-console.ts';
import { migrate } from './database/migrate.ts';
import { openDatabase, type SaysoDatabase } from './database/open-database.ts';
import { identifiedConsents } from './decision/identified-consents.ts';
import { createPlannedExecutor } from './execution/planned-executor.ts';
import { builtInResolvers } from './gateway/built-in-resolvers.ts';
import { checkPort } from './gateway/check-port.ts';
import { createCursorSealer, readSecret } from './gateway/cursor.ts';
import { createGuards } from './gateway/guards.ts';
import { createHttpServer } from './gateway/http-server.ts';
import { createPipeline } from './gateway/pipeline.ts';
import type { Road } from './gateway/road.ts';
import type { Difference } from './gateway/shadow.ts';
import { attachResolvers } from './gateway/resolvers.ts';
import { attachScalars } from './gateway/scalars.ts';
import { openDemoIssuer, type DemoIssuer } from './identity/demo-issuer.ts';
import { createVerifier } from './identity/verify-token.ts';
import { ConsentSnapshot } from './ledger/consent-snapshot.ts';
import { ConsentStore } from './ledger/consent-store.ts';
import { createLogErasures } from './ledger/log-erasures.ts';
import { NoticesInForce } from './ledger/notices-in-force.ts';
import { loadPolicy, type LoadedPolicy } from './load-policy.ts';
import {
  loadSampleConsents,
  loadSampleNotices,
  loadSampleRows,
  type SampleProgress,
} from './load-sample.ts';
import { openReceipts } from './open-receipts.ts';
import { declaredSourceOf, openSources } from './open-sources.ts';
import { openSubjects } from './open-subjects.ts';
import { demoCallers, sampleQueries, type DemoCaller } from './sample/sample-queries.ts';
import type { CheckedSource } from './sources/checked-source.ts';
import type { Source } from './sources/source.ts';

/** A running gateway. */
export interface App {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
  readonly policy: LoadedPolicy['policy'];
  readonly server: FastifyInstance;
  readonly issuer: DemoIssuer | undefined;
  /** Stops listening, lets what is under way finish, and stops the database if it is ours. */
  close(): Promise<void>;
}

export interface AppOptions {
  readonly progress?: SampleProgress;
  /** Sees every statement sent to a source, without values. */
  readonly onStatement?: (source: string, sql: string) => void;
  /** Told when an answer was not what graphql-js makes of the same rows. */
  readonly onDifference?: (difference: Difference) => void;
}

type Logger = ReturnType<typeof createLogger>;

const createLogger = (config: Config) =>
  pino(
    { level: config.logLevel, base: null },
    {
      // Standard error, so that standard output stays for people. On a disk that is full a line is
      // lost: what is answered, and whether at all, never hangs on that.
      write: (line: string) => {
        try {
          fs.writeSync(2, line);
        } catch {
          return;
        }
      },
    },
  );

/**
 * Builds everything once, by hand, and starts to listen.
 * @throws ConfigError, SchemaError with every problem, and whatever keeps the database from opening;
 *   nothing stays running then
 */
export const startApp = async (config: Config, options: AppOptions = {}): Promise<App> => {
  const logger = createLogger(config);
  // First, so that a mistake in the SDL is told before anything is started or written.
  const loaded = await loadPolicy(config);
  await checkPort(config.host, config.port);
  const database = await openDatabase({
    config,
    role: 'gateway',
    // Rare and worth a look: an orphan stopped, a recovery, a server that died.
    log: (line) => logger.warn(line),
  });
  const closers: (() => Promise<unknown>)[] = [() => database.close()];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    return { ...(await listen(config, loaded, database, logger, closers, options)), close };
  } catch (error) {
    await close();
    throw error;
  }
};

const listen = async (
  config: Config,
  { policy, rules, resolvers }: LoadedPolicy,
  database: SaysoDatabase,
  logger: Logger,
  closers: (() => Promise<unknown>)[],
  options: AppOptions,
): Promise<Omit<App, 'close'>> => {
  const { knex, statements } = database;
  const { limits } = config;
  await migrate(knex);
  const subjects = await openSubjects(config, knex, { database: statements });
  await keepPolicy(knex, policy);
  await loadSampleRows(config, database, options.progress);
  const sources = openSources({
    config,
    database,
    types: policy.model.types,
    onProblems: (source, problems) =>
      logger.error({ problems }, `source ${source} lacks what the schema names`),
    ...options,
  });
  closers.push(() => Promise.all([...sources.values()].map((source) => source.close())));
  await checkSources(sources, logger);
  const declared = declaredSourceOf(knex, subjects, limits.maxRows);
  const store = new ConsentStore(knex, subjects, policy);
  const consents = identifiedConsents({ store, subjects, policy, sources });
  await loadSampleConsents(config, database, policy, consents, options.progress);
  await loadSampleNotices(config, knex, policy);

  const allSources = new Map<string, Source>([...sources, [declared.name, declared]]);
  const snapshot = new ConsentSnapshot(
    knex,
    policy,
    limits.maxSnapshotSubjects,
    (number) => subjects.forget(number),
    statements,
  );

  const auditLog = await openAuditLog({
    knex,
    database: statements,
    dataDir: config.dataDir,
    origin: config.audit.origin,
    witnesses: config.audit.witnesses,
    onWitness: ({ level, message, ...about }) => logger[level](about, message),
    onError: (error) => logger.warn(faultOf(error), 'the audit log could not be signed'),
  });
  closers.push(() => auditLog.close());
  const indexer = createAuditIndexer({
    knex,
    onError: (error) => logger.warn(faultOf(error), 'the audit log could not be indexed'),
  });
  closers.push(() => indexer.close());
  const audit: AuditStore = {
    append: async (entry) => {
      const place = await auditLog.store.append(entry);
      indexer.wake();
      return place;
    },
  };
  const logErasures = createLogErasures(knex, audit);
  await logErasures();
  const { retentionMonths } = config.audit;
  if (retentionMonths !== undefined) {
    const retention = keepRetention({
      ...{ knex, months: retentionMonths },
      onDropped: (before) => logger.info({ before }, 'old entries of the audit log were dropped'),
      onError: (error) => logger.warn(faultOf(error), 'old entries could not be dropped'),
    });
    closers.push(() => retention.close());
  }
  // What was written while no gateway ran, too.
  indexer.wake();

  const paging = {
    cursors: createCursorSealer(await readSecret(knex, 'cursor')),
    defaultPageSize: limits.defaultPageSize,
    maxPageSize: limits.maxPageSize,
  };
  attachScalars(policy.schema);
  attachResolvers(policy, {
    derived: resolvers,
    builtIn: builtInResolvers({
      policy,
      knex,
      subjects,
      limits,
      recentSignInSeconds: config.identity.recentSignInSeconds,
      sources: allSources,
      snapshot,
      logErasures,
      receipts: openReceipts({
        knex,
        subjects,
        policy,
        controller: config.controller,
        sources: allSources,
      }),
    }),
    ...paging,
  });
  const road: Road = {
    policy,
    guards: createGuards(policy, rules),
    sources: allSources,
    subjects,
    snapshot,
    consents,
    notices: new NoticesInForce(knex),
    audit,
  };
  const issuer = config.demo ? await openDemoIssuer(config.dataDir) : undefined;
  const server = await createHttpServer({
    config,
    schema: policy.schema,
    purposes: policy.model.purposeTree.names,
    verify: createVerifier(config.identity),
    pipeline: createPipeline(road, {
      paging,
      executor: createPlannedExecutor(policy.schema),
      shadow: config.shadow,
      onDifference: (difference) => {
        logger.error(
          difference,
          'an answer differs from what graphql-js makes of the same rows; all are made by graphql-js from now on: report this',
        );
        options.onDifference?.(difference);
      },
    }),
    logger,
    isReady: () => readiness(road, () => auditLog.check()),
    knex,
  });
  closers.push(() => server.close());
  await registerConsole(server, consoleOptions(config, policy, issuer));
  const url = await server.listen({ host: config.host, port: config.port });
  return { url, policy, server, issuer };
};

/** What may be logged of a fault: the text of one from the database may hold what was sent to it. */
const faultOf = (error: unknown): { readonly code: string } => {
  const { code, cause, name } = (error ?? {}) as {
    code?: unknown;
    cause?: { code?: unknown };
    name?: unknown;
  };
  const known = [cause?.code, code, name].find((one) => typeof one === 'string');
  return { code: known ?? 'unknown' };
};

/** What a source lacks stops the start; one that is down does not, and stays unread until it was checked. */
const checkSources = async (
  sources: ReadonlyMap<string, CheckedSource>,
  logger: Logger,
): Promise<void> => {
  const found = await Promise.all(
    [...sources.values()].map(async (source) => {
      try {
        return await source.check();
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        logger.warn({ source: source.name, code: error.code }, error.message);
        return [];
      }
    }),
  );
  const problems = found.flat();
  if (problems.length > 0) throw new SchemaError(problems);
};

const readiness = async (
  { snapshot }: Road,
  audit: () => Promise<unknown>,
): Promise<Readonly<Record<string, string>>> => {
  const state: Record<string, string> = { audit: 'ok' };
  try {
    await audit();
  } catch {
    state['audit'] = 'unavailable';
  }
  try {
    await snapshot.view();
    state['ledger'] = 'ok';
  } catch {
    state['ledger'] = 'unavailable';
  }
  return state;
};

/** Callers of the demo: the sample shop's, or for another domain one for each of its purposes. */
const callersOf = (config: Config, policy: LoadedPolicy['policy']): readonly DemoCaller[] =>
  config.loadSampleShop
    ? demoCallers
    : [
        ...policy.model.purposeTree.names.map((purpose) => ({
          name: `a client for ${purpose}`,
          client: 'demo',
          scopes: [`purpose:${purpose}`],
        })),
        { name: 'auditor (audit:read)', client: 'demo-audit', scopes: ['audit:read'] },
      ];

/** Only the demo has callers to choose and tokens to give. */
const consoleOptions = (
  config: Config,
  policy: LoadedPolicy['policy'],
  issuer: DemoIssuer | undefined,
) => ({
  endpoint: '/graphql',
  sampleQueries: config.loadSampleShop ? sampleQueries : [],
  ...(issuer && {
    callers: callersOf(config, policy).map(({ name, client, scopes, subject, claims }) => ({
      name,
      token: () =>
        issuer.mint({
          client,
          scope: scopes.join(' '),
          ...(subject !== undefined && { subject }),
          ...(Array.isArray(claims?.['roles']) && { roles: claims['roles'] as string[] }),
        }),
    })),
  }),
});
