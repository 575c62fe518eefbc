import type { Knex } from 'knex';

/**
 * The link between a person and their number, sealed under a key that is kept apart from the
 * database. Rows that stand in clear are sealed at the next start, which has the key.
 */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    alter table subject
      drop constraint subject_type_external_id_key,
      alter column external_id drop not null,
      -- Keyed hash over type and id: how a number is found, and why a person has only one.
      add column lookup bytea unique check (length(lookup) = 32),
      -- The id itself, encrypted; opens for this type and number only.
      add column sealed bytea check (length(sealed) > 28),
      -- A row is in clear or sealed, never both: whoever has the database must not have the id.
      add constraint subject_clear_or_sealed check (
        (external_id is null) = (lookup is not null) and (lookup is null) = (sealed is null)
      );
    -- Empty once all are sealed, so that every start can look for others without reading the table.
    create index subject_clear on subject (number) where external_id is not null;

    -- By which a wrong key is recognised; tells nothing of the key.
    create table subject_key (
      one boolean primary key default true check (one),
      proof bytea not null check (length(proof) = 32),
      -- The table was rewritten after its rows were sealed: no page holds what stood in clear.
      swept boolean not null
    );
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    -- Fails, and changes nothing, where persons are sealed: only the key knows who they are.
    do $$ begin
      if exists (select from subject where external_id is null) then
        raise exception 'persons are sealed, and a migration has no key' using errcode = '55000';
      end if;
    end $$;
    drop table subject_key;
    drop index subject_clear;
    alter table subject
      drop constraint subject_clear_or_sealed,
      drop column sealed,
      drop column lookup,
      alter column external_id set not null,
      add unique (type, external_id);
  `);
};
