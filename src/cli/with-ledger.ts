import { keepPolicy } from '../audit/audit-store.ts';
import type { Config } from '../config/config.ts';
import { migrate } from '../database/migrate.ts';
import { openDatabase, type SaysoDatabase } from '../database/open-database.ts';
import { identifiedConsents, type Consents } from '../decision/identified-consents.ts';
import { ConsentStore } from '../ledger/consent-store.ts';
import { SubjectDirectory } from '../ledger/subject-directory.ts';
import { loadPolicy } from '../load-policy.ts';
import { loadSampleNotices, loadSampleRows } from '../load-sample.ts';
import { openSources } from '../open-sources.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { createProgress } from './progress.ts';
import { readConfig } from './read-config.ts';

/** What commands on the ledger work with. */
export interface LedgerTools {
  readonly policy: Policy;
  readonly consents: Consents;
}

/** What commands on Sayso's own database work with. */
export interface DatabaseTools {
  readonly config: Config;
  readonly policy: Policy;
  readonly database: SaysoDatabase;
}

/**
 * Opens Sayso's own database for one command, beside a running gateway on the same data directory or
 * without one, and closes it again whatever happens.
 */
export const withDatabase = async <T>(use: (tools: DatabaseTools) => Promise<T>): Promise<T> => {
  const config = readConfig();
  const { policy } = await loadPolicy(config);
  const database = await openDatabase({ config, role: 'command', log: () => undefined });
  try {
    await migrate(database.knex);
    await keepPolicy(database.knex, policy);
    await loadSampleNotices(config, database.knex, policy);
    return await use({ config, policy, database });
  } finally {
    await database.close();
  }
};

/** Opens the ledger for one command, with the sources that know whose say-so it is. */
export const withLedger = <T>(use: (tools: LedgerTools) => Promise<T>): Promise<T> =>
  withDatabase(async ({ config, policy, database }) => {
    const { knex } = database;
    // On a folder that never ran a gateway the sample's people must be there to speak for.
    const progress = createProgress();
    await loadSampleRows(config, database, progress.show);
    progress.stop();
    const subjects = new SubjectDirectory(knex, config.limits.maxSnapshotSubjects);
    const sources = openSources({
      config,
      database,
      types: policy.model.types,
      onProblems: () => undefined,
    });
    try {
      const store = new ConsentStore(knex, subjects, policy);
      return await use({
        policy,
        consents: identifiedConsents({ store, subjects, policy, sources }),
      });
    } finally {
      for (const source of sources.values()) await source.close();
    }
  });
