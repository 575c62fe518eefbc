import type { Knex } from 'knex';

/**
 * Entries are kept as they are: to compress the longer ones was half of what it cost the database to write
 * them, for two fifths less room. What lies there already stays as it is, and reads the same.
 */
export const up = async (knex: Knex): Promise<void> => {
  // While it waits for whoever reads for long, a backup, replicas could not write: rather start again later.
  await knex.raw(`set local lock_timeout = '5s'`);
  // Of its months as well, and of those to come.
  await knex.raw('alter table audit_entry alter column entry set storage external');
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw('alter table audit_entry alter column entry set storage extended');
};
