import type { Knex } from 'knex';

/** Replicas that write meanwhile give up after three seconds; whoever reads for long, a backup, is not waited for. */
const mostMs = 2_000;

/** Of its months as well, and of those to come. */
const store = async (knex: Knex, how: 'external' | 'extended'): Promise<void> => {
  const limit = (ms: string): Promise<unknown> =>
    knex.raw(`select set_config('statement_timeout', ?, true)`, [ms]);
  const { rows } = await knex.raw<{ rows: { was: string }[] }>(
    `select current_setting('statement_timeout') as was`,
  );
  await limit(String(mostMs));
  await knex.raw(`alter table audit_entry alter column entry set storage ${how}`);
  await limit(rows[0]?.was ?? '0');
};

/**
 * Entries are kept as they are: to compress the longer ones was half of what it cost the database to write
 * them, for two fifths less room. What lies there already stays as it is, and reads the same.
 *
 * @throws what the database says where it would have to wait; nothing is changed then, and it can begin again
 */
export const up = (knex: Knex): Promise<void> => store(knex, 'external');

export const down = (knex: Knex): Promise<void> => store(knex, 'extended');
