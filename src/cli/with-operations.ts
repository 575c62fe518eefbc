import type { Knex } from 'knex';
import { keepPolicy } from '../audit/audit-store.ts';
import type { Config } from '../config/config.ts';
import { migrate } from '../database/migrate.ts';
import { loadPolicy } from '../load-policy.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { openForCommand } from './open-for-command.ts';
import { readConfig } from './read-config.ts';

/** What commands on registered operations work with. */
export interface OperationTools {
  readonly config: Config;
  readonly policy: Policy;
  /** Absent in a dry run beside a database that has no table for operations yet. */
  readonly knex: Knex | undefined;
}

/**
 * Opens Sayso's own database for one command, beside a running gateway or without one, and closes it
 * again whatever happens. No source is needed.
 *
 * @param how with `dryRun` nothing is written, not even what a start would bring up to date
 */
export const withOperations = async <T>(
  use: (tools: OperationTools) => Promise<T>,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<T> => {
  const config = readConfig();
  const { policy } = await loadPolicy(config);
  const database = await openForCommand(config);
  try {
    const { knex } = database;
    if (!dryRun) {
      await migrate(knex);
      await keepPolicy(knex, policy);
    }
    const isThere = !dryRun || (await knex.schema.hasTable('registered_operation'));
    return await use({ config, policy, knex: isThere ? knex : undefined });
  } finally {
    await database.close();
  }
};
