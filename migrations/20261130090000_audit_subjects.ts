import type { Knex } from 'knex';

/**
 * Entries are found by their persons through an inverted index instead of a row per person and entry,
 * which was most of what the log cost the database.
 */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    -- Replicas of the version before go on meanwhile: locked as they lock, so that neither waits for the
    -- other in a circle. First what retention takes, then in the order of indexers and readers.
    select pg_advisory_xact_lock(23120, 4);
    lock table audit_indexed, audit_subject, audit_search in access exclusive mode;
    drop table audit_subject;
    -- Built again behind the log, out of its entries.
    truncate audit_search, audit_indexed;
    alter table audit_search add column subjects integer[] not null default '{}';
    -- Numbers that are next to random hardly get smaller.
    alter table audit_search alter column subjects set storage external;
    create index audit_search_subjects on audit_search using gin (subjects);
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    select pg_advisory_xact_lock(23120, 4);
    lock table audit_indexed, audit_search in access exclusive mode;
    truncate audit_search, audit_indexed;
    alter table audit_search drop column subjects;
    create table audit_subject (
      subject integer not null,
      at timestamptz not null,
      log integer not null,
      index bigint not null,
      primary key (subject, at, log, index)
    ) partition by range (at);
    do $$
    declare part record;
    begin
      for part in
        select replace(child.relname, 'audit_search', 'audit_subject') as name,
          pg_get_expr(child.relpartbound, child.oid) as bound
        from pg_inherits join pg_class child on child.oid = inhrelid
        where inhparent = 'audit_search'::regclass
      loop
        execute format('create table %I partition of audit_subject %s', part.name, part.bound);
      end loop;
    end $$;
  `);
};
