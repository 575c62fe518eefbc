import type { Knex } from 'knex';
import { emptyRoot } from '../../src/tlog/merkle.ts';
import { rootOf } from '../../src/tlog/tiles.ts';
import { databaseTiles, readLog } from '../../src/audit/log-state.ts';
import { byKnex } from '../../src/core/statement.ts';

/**
 * Takes a log back to fewer entries, with its checkpoint of then, as restoring an older backup does.
 * Only who owns the tables can: no trigger runs.
 *
 * @param size less than a full tile, as the log has now
 */
export const windBack = async (
  knex: Knex,
  log: number,
  size: number,
  checkpoint: string | null,
): Promise<void> => {
  const state = await readLog(byKnex(knex), log);
  if (!state || state.size > 255) throw new Error('this log has full tiles');
  const root = size === 0 ? emptyRoot : await rootOf(databaseTiles(byKnex(knex), log), size);
  await knex.transaction(async (trx) => {
    await trx.raw('alter table audit_entry disable trigger user');
    await trx.raw('alter table audit_log disable trigger user');
    await trx.raw('delete from audit_entry where log = ? and index >= ?', [log, size]);
    await trx.raw(
      `update audit_log set size = ?, root = ?, checkpoint = ?, checkpoint_size = ?,
         witnessed = null, witnessed_size = null where id = ?`,
      [size, root, checkpoint, checkpoint === null ? null : size, log],
    );
    await trx.raw('alter table audit_log enable trigger user');
    await trx.raw('alter table audit_entry enable trigger user');
  });
};
