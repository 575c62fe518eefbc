import { keepPolicy } from '../audit/audit-store.ts';
import { migrate } from '../database/migrate.ts';
import { openDatabase } from '../database/open-database.ts';
import { ConsentSnapshot } from '../ledger/consent-snapshot.ts';
import { ConsentStore } from '../ledger/consent-store.ts';
import { SubjectDirectory } from '../ledger/subject-directory.ts';
import { loadPolicy } from '../load-policy.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { readConfig } from './read-config.ts';

/** What commands on the ledger work with. */
export interface LedgerTools {
  readonly policy: Policy;
  readonly subjects: SubjectDirectory;
  readonly consents: ConsentStore;
  readonly snapshot: ConsentSnapshot;
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
    const { maxSnapshotSubjects } = config.limits;
    const subjects = new SubjectDirectory(knex, maxSnapshotSubjects);
    return await use({
      policy,
      subjects,
      consents: new ConsentStore(knex, subjects, policy),
      snapshot: new ConsentSnapshot(knex, policy, maxSnapshotSubjects),
    });
  } finally {
    await database.close();
  }
};
