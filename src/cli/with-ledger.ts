import type { Knex } from 'knex';
import { keepPolicy } from '../audit/audit-store.ts';
import { openAuditLog, type AuditLog } from '../audit/open-audit-log.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import { isMigrated, migrate } from '../database/migrate.ts';
import { identifiedConsents, type Consents } from '../decision/identified-consents.ts';
import { ConsentStore } from '../ledger/consent-store.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import { loadPolicy } from '../load-policy.ts';
import { loadSampleRows } from '../load-sample.ts';
import { declaredSourceOf, openSources } from '../open-sources.ts';
import { openSubjects } from '../open-subjects.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { Source, Sources } from '../sources/source.ts';
import { openForCommand } from './open-for-command.ts';
import { createProgress } from './progress.ts';
import { readConfig } from './read-config.ts';

/** What commands on the ledger work with. */
export interface LedgerTools {
  readonly policy: Policy;
  readonly consents: Consents;
  readonly store: ConsentStore;
  readonly config: Config;
  readonly knex: Knex;
  readonly subjects: SubjectDirectory;
  readonly sources: Sources;
  /** The log of this data folder; begun when first asked for. */
  readonly auditLog: () => Promise<AuditLog>;
}

export interface LedgerUse {
  /** Nothing is written, not even what a start would bring up to date. */
  readonly dryRun?: boolean;
}

/**
 * Opens the ledger for one command, beside a running gateway on the same data directory or without
 * one, and closes it again whatever happens.
 */
export const withLedger = async <T>(
  use: (tools: LedgerTools) => Promise<T>,
  { dryRun = false }: LedgerUse = {},
): Promise<T> => {
  const config = readConfig();
  const { policy } = await loadPolicy(config);
  const database = await openForCommand(config);
  try {
    const { knex } = database;
    if (dryRun) await assertMigrated(knex);
    else await migrate(knex);
    const subjects = await openSubjects(config, knex, { dryRun });
    if (!dryRun) {
      await keepPolicy(knex, policy);
      // On a folder that never ran a gateway the sample's people must be there to speak for.
      const progress = createProgress();
      await loadSampleRows(config, database, progress.show);
      progress.stop();
    }
    const sources = openSources({
      config,
      database,
      types: policy.model.types,
      onProblems: () => undefined,
    });
    let log: Promise<AuditLog> | undefined;
    const auditLog = (): Promise<AuditLog> =>
      (log ??= openAuditLog({
        knex,
        dataDir: config.dataDir,
        origin: config.audit.origin,
        onError: () => undefined,
      }));
    try {
      const store = new ConsentStore(knex, subjects, policy);
      const declared = declaredSourceOf(knex, subjects, config.limits.maxRows);
      const all = new Map<string, Source>([...sources, [declared.name, declared]]);
      return await use({
        policy,
        store,
        config,
        knex,
        subjects,
        sources: all,
        auditLog,
        consents: identifiedConsents({ store, subjects, policy, sources }),
      });
    } finally {
      await (await log)?.close();
      for (const source of sources.values()) await source.close();
    }
  } finally {
    await database.close();
  }
};

const assertMigrated = async (knex: Knex): Promise<void> => {
  if (await isMigrated(knex)) return;
  throw new ConfigError([
    {
      where: 'the ledger',
      what: 'this version of Sayso never ran on it, and a dry run changes nothing',
      mend: 'start Sayso once',
    },
  ]);
};
