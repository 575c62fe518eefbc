import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { createAuditIndexer } from './audit/audit-indexer.ts';
import type { AuditStore } from './audit/audit-store.ts';
import { logFolder, ownLogs } from './audit/log-folders.ts';
import type { WrittenEntry } from './audit/recent-entries.ts';
import { openAuditLog, type AuditLog } from './audit/open-audit-log.ts';
import { keepRetention } from './audit/retain.ts';
import type { Config } from './config/config.ts';
import type { Statements } from './core/statement.ts';
import { createLogErasures, type LogErasures } from './ledger/log-erasures.ts';

/** The audit log of this process, and what goes on behind it. */
export interface OpenLogs {
  readonly audit: AuditStore;
  readonly logErasures: LogErasures;
  /** Whether the log could be gone on with. @throws TlogError, and what the database says */
  check(): Promise<unknown>;
  /** Signs what was written last. */
  close(): Promise<void>;
}

export interface OpenLogsOptions {
  readonly config: Config;
  readonly knex: Knex;
  /** Sends what every request sends. */
  readonly statements: Statements;
  readonly logger: Logger;
  /** From 1: each has a log of its own. */
  readonly worker: number;
}

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

/** Folders of logs that no worker writes any more: there were more of them once. */
const leftFolders = ({ dataDir, workers = 1 }: Config): readonly string[] =>
  ownLogs(dataDir)
    .filter(({ worker }) => worker > workers)
    .map(({ folder }) => folder);

/**
 * Opens the log of a worker, with the index behind it. The first worker also sees to what is done once
 * for all: retention, and the logs of workers that are no more.
 *
 * @throws as `openAuditLog`; nothing goes on then
 */
export const openLogs = async ({
  config,
  knex,
  statements,
  logger,
  worker,
}: OpenLogsOptions): Promise<OpenLogs> => {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  const unsigned = (error: unknown): void =>
    logger.warn(faultOf(error), 'the audit log could not be signed');
  const open = async (
    dataDir: string,
    onWritten?: (written: WrittenEntry | undefined) => void,
  ): Promise<AuditLog> => {
    const log = await openAuditLog({
      knex,
      database: statements,
      dataDir,
      origin: config.audit.origin,
      witnesses: config.audit.witnesses,
      onWitness: ({ level, message, ...about }) => logger[level](about, message),
      onError: unsigned,
      ...(onWritten && { onWritten }),
    });
    closers.push(() => log.close());
    return log;
  };
  try {
    const indexer = createAuditIndexer({
      database: statements,
      onError: (error) => logger.warn(faultOf(error), 'the audit log could not be indexed'),
    });
    closers.push(() => indexer.close());
    const log = await open(logFolder(config.dataDir, worker), (written) => indexer.wake(written));
    const audit = log.store;
    const logErasures = createLogErasures(knex, audit);
    await logErasures();
    if (worker === 1) {
      const left: AuditLog[] = [];
      for (const folder of leftFolders(config)) left.push(await open(folder));
      const catchUp = async (): Promise<void> => {
        for (const one of left) await one.catchUp();
      };
      await catchUp();
      retain({ config, knex, logger, closers, onDropped: () => catchUp().catch(unsigned) });
    }
    // What was written while no gateway ran, too.
    indexer.wake();
    return { audit, logErasures, check: () => log.check(), close };
  } catch (error) {
    await close();
    throw error;
  }
};

const retain = ({
  config,
  knex,
  logger,
  closers,
  onDropped,
}: Omit<OpenLogsOptions, 'worker' | 'statements'> & {
  readonly closers: (() => Promise<unknown>)[];
  /** Each log has an entry more then. */
  readonly onDropped: () => Promise<void>;
}): void => {
  const { retentionMonths } = config.audit;
  if (retentionMonths === undefined) return;
  const retention = keepRetention({
    ...{ knex, months: retentionMonths },
    onDropped: (before) => {
      logger.info({ before }, 'old entries of the audit log were dropped');
      void onDropped();
    },
    onError: (error) => logger.warn(faultOf(error), 'old entries could not be dropped'),
  });
  closers.push(() => retention.close());
};
