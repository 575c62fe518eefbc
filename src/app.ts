import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { ConfigError } from './core/errors.ts';
import { makeRoutes } from './core/make-routes.ts';
import { registerConsole } from './console/register-console.ts';
import { createPlannedExecutor } from './execution/planned-executor.ts';
import { createLogger } from './create-logger.ts';
import { joinDatabase, openDatabase, type SaysoDatabase } from './database/open-database.ts';
import type { OwnedDatabase } from './database/owner-file.ts';
import { hearAbandoned } from './gateway/abandoned-promises.ts';
import { builtInResolvers } from './gateway/built-in-resolvers.ts';
import { checkPort } from './gateway/check-port.ts';
import { createCursorSealer, readSecret } from './gateway/cursor.ts';
import { createGuards } from './gateway/guards.ts';
import { createHttpServer } from './gateway/http-server.ts';
import type { NewDocumentGate } from './gateway/new-document-gate.ts';
import { createPipeline } from './gateway/pipeline.ts';
import type { Road } from './gateway/road.ts';
import type { Difference } from './gateway/shadow.ts';
import { attachResolvers } from './gateway/resolvers.ts';
import { attachScalars } from './gateway/scalars.ts';
import { openDemoIssuer, type DemoIssuer } from './identity/demo-issuer.ts';
import { createVerifier } from './identity/verify-token.ts';
import { ConsentSnapshot } from './ledger/consent-snapshot.ts';
import { NoticesInForce } from './ledger/notices-in-force.ts';
import { loadPolicy, type LoadedPolicy } from './load-policy.ts';
import type { SampleProgress } from './load-sample.ts';
import { openData, tellOfSources } from './open-data.ts';
import { openLogs } from './open-logs.ts';
import { openReceipts } from './open-receipts.ts';
import { declaredSourceOf } from './open-sources.ts';
import { demoCallers, sampleQueries, type DemoCaller } from './sample/sample-queries.ts';
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
  /** Instead of the gateway's own: tests send thousands of documents that nobody has sent before. */
  readonly gate?: NewDocumentGate;
  /** Told when an answer was not what graphql-js makes of the same rows. */
  readonly onDifference?: (difference: Difference) => void;
}

/** Which of the processes of a start this is. */
interface Seat {
  /** From 1. */
  readonly worker: number;
  /** Another process has brought the database up to date. */
  readonly prepared: boolean;
}

/** What a worker is told by the process that has started it. */
export interface WorkerStart {
  readonly config: Config;
  /** From 1; one that is started again has the same, and so goes on with its log. */
  readonly worker: number;
  /** Where the database is that was opened for all. */
  readonly at: OwnedDatabase;
  /** Id of the policy that all of them serve by. */
  readonly policyId: string;
}

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
  return run(config, loaded, database, logger, { worker: 1, prepared: false }, options);
};

/**
 * The same for one of several processes that serve on one port; another holds the data folder and
 * has prepared the database.
 *
 * @throws as `startApp`; ConfigError when the SDL is not what the others serve by
 */
export const startWorker = async ({ config, worker, at, policyId }: WorkerStart): Promise<App> => {
  const logger = createLogger(config, worker);
  const loaded = await loadPolicy(config);
  if (loaded.policy.id !== policyId) throw otherPolicy(config);
  const database = await joinDatabase(config, at);
  return run(config, loaded, database, logger, { worker, prepared: true }, {});
};

const otherPolicy = ({ schemaDir }: Config): ConfigError =>
  new ConfigError([
    {
      where: schemaDir,
      what: 'the SDL was changed after the start, and all workers serve by one policy',
      mend: 'put it back as it was, or stop Sayso and start it again',
    },
  ]);

const run = async (
  config: Config,
  loaded: LoadedPolicy,
  database: SaysoDatabase,
  logger: Logger,
  seat: Seat,
  options: AppOptions,
): Promise<App> => {
  const unhear = hearAbandoned();
  const closers: (() => Promise<unknown>)[] = [
    () => {
      unhear();
      return Promise.resolve();
    },
    () => database.close(),
  ];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    return { ...(await listen(config, loaded, database, logger, seat, closers, options)), close };
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
  seat: Seat,
  closers: (() => Promise<unknown>)[],
  options: AppOptions,
): Promise<Omit<App, 'close'>> => {
  const { statements } = database;
  const { limits } = config;
  const { prepared } = seat;
  const data = await openData({
    ...{ config, policy, database, prepared, ...tellOfSources(logger), ...options },
  });
  const { knex, subjects, sources, consents } = data;
  closers.push(() => data.close());
  const declared = declaredSourceOf(knex, subjects, limits.maxRows);
  const allSources = new Map<string, Source>([...sources, [declared.name, declared]]);
  const snapshot = new ConsentSnapshot(
    knex,
    policy,
    limits.maxSnapshotSubjects,
    (number) => subjects.forget(number),
    statements,
  );

  const logs = await openLogs({ config, knex, statements, logger, worker: seat.worker });
  closers.push(() => logs.close());
  const { audit, logErasures } = logs;

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
  const server = await makeRoutes(async () => {
    const made = await createHttpServer({
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
      isReady: () => readiness(road, () => logs.check()),
      knex,
      ...(options.gate && { gate: options.gate }),
    });
    closers.push(() => made.close());
    await registerConsole(made, consoleOptions(config, policy, issuer));
    await made.ready();
    return made;
  });
  const url = await server.listen({ host: config.host, port: config.port });
  return { url, policy, server, issuer };
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
