import type { Knex } from 'knex';
import { keepPolicy } from '../audit/audit-store.ts';
import type { NoticeBook } from '../core/notice.ts';
import { migrate } from '../database/migrate.ts';
import { readNotices } from '../ledger/notice-store.ts';
import { loadPolicy } from '../load-policy.ts';
import { loadSampleNotices } from '../load-sample.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { openForCommand } from './open-for-command.ts';
import { readConfig } from './read-config.ts';

/** What commands on notices work with. */
export interface NoticeTools {
  readonly policy: Policy;
  readonly knex: Knex;
  readonly book: NoticeBook;
}

const hasTable = async (knex: Knex): Promise<boolean> => {
  const { rows } = await knex.raw<{ rows: { there: boolean }[] }>(
    "select to_regclass('notice') is not null as there",
  );
  return rows[0]?.there === true;
};

/**
 * Opens Sayso's own database for one command, beside a running gateway on the same data directory or
 * without one, and closes it again whatever happens. No source is needed.
 *
 * @param how with `dryRun` nothing is written, not even what a start would bring up to date
 */
export const withNotices = async <T>(
  use: (tools: NoticeTools) => Promise<T> | T,
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
      await loadSampleNotices(config, knex, policy);
    }
    const book = (await hasTable(knex)) ? await readNotices(knex) : new Map();
    return await use({ policy, knex, book });
  } finally {
    await database.close();
  }
};
