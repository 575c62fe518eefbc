import type { Knex } from 'knex';

/** Secrets that all replicas share, such as the key that seals cursors. */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    create table gateway_secret (
      name text primary key,
      secret bytea not null check (length(secret) >= 32)
    );
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw('drop table gateway_secret;');
};
