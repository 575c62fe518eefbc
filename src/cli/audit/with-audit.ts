import type { Knex } from 'knex';
import { countUnindexed, indexAudit } from '../../audit/audit-index.ts';
import type { Config } from '../../config/config.ts';
import { ConfigError } from '../../core/errors.ts';
import { byKnex } from '../../core/statement.ts';
import { isMigrated } from '../../database/migrate.ts';
import { openForCommand } from '../open-for-command.ts';
import { createProgress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import { closedOutput } from './output.ts';

/** What commands on the log work with. */
export interface AuditTools {
  readonly config: Config;
  readonly knex: Knex;
}

/**
 * Opens the database for one command, beside a running gateway on the same data directory or without
 * one, and closes it again whatever happens. Nothing is brought up to date, and no source is opened.
 * Whoever reads the output may stop reading: then the command ends, and that is no failure.
 */
export const withAudit = async (use: (tools: AuditTools) => Promise<void>): Promise<void> => {
  const config = readConfig();
  const database = await openForCommand(config);
  try {
    if (!(await isMigrated(database.knex)))
      throw new ConfigError([
        {
          where: 'the audit log',
          what: 'this version of Sayso never ran on this database',
          mend: 'start Sayso once',
        },
      ]);
    await use({ config, knex: database.knex });
  } catch (error) {
    if (error !== closedOutput) throw error;
  } finally {
    await database.close();
  }
};

/** Brings the index up to now, however long that takes. */
export const catchUpShown = async (knex: Knex): Promise<void> => {
  const database = byKnex(knex);
  const left = await countUnindexed(database);
  if (left < 10_000) {
    await indexAudit(database);
    return;
  }
  const progress = createProgress((total) => `indexing ${total} entries, …`);
  try {
    await indexAudit(database, {
      onProgress: (done, total) => progress.show(done, total, 'entries indexed'),
    });
  } finally {
    progress.stop();
  }
};
