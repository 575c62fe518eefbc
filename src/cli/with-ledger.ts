import { keepPolicy } from '../audit/audit-store.ts';
import { migrate } from '../database/migrate.ts';
import { openDatabase } from '../database/open-database.ts';
import { identifiedConsents, type Consents } from '../decision/identified-consents.ts';
import { ConsentStore } from '../ledger/consent-store.ts';
import { SubjectDirectory } from '../ledger/subject-directory.ts';
import { loadPolicy } from '../load-policy.ts';
import { loadSampleRows } from '../load-sample.ts';
import { openSources } from '../open-sources.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { createProgress } from './progress.ts';
import { readConfig } from './read-config.ts';

/** What commands on the ledger work with. */
export interface LedgerTools {
  readonly policy: Policy;
  readonly consents: Consents;
}

/**
 * Opens the ledger for one command, beside a running gateway on the same data directory or without
 * one, and closes it again whatever happens.
 */
export const withLedger = async <T>(use: (tools: LedgerTools) => Promise<T>): Promise<T> => {
  const config = readConfig();
  const { policy } = await loadPolicy(config);
  const database = await openDatabase({ config, role: 'command', log: () => undefined });
  try {
    const { knex } = database;
    await migrate(knex);
    await keepPolicy(knex, policy);
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
  } finally {
    await database.close();
  }
};
