import type { Knex } from 'knex';

/**
 * The log as a tree of hashes, one for each replica. Entries of the first form had no hashes and are
 * kept beside it as they are.
 */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    alter table audit_entry rename to audit_entry_without_tree;
    alter index audit_entry_pkey rename to audit_entry_without_tree_pkey;
    alter index audit_entry_id_key rename to audit_entry_without_tree_id_key;
    alter index audit_entry_client rename to audit_entry_without_tree_client;
    alter index audit_entry_purpose rename to audit_entry_without_tree_purpose;
    drop table audit_head;
    drop function sayso_sequence_forward;

    create table audit_log (
      id integer generated always as identity primary key,
      -- As its checkpoints name it (C2SP tlog-checkpoint); each replica writes its own.
      origin text not null unique,
      -- Moves by compare-and-swap in the transaction that writes the entries: nobody can fork it.
      size bigint not null default 0 check (size >= 0),
      root bytea not null check (length(root) = 32),
      -- First entry that retention has left (tlog-tiles, "minimum index").
      minimum_index bigint not null default 0 check (minimum_index between 0 and size),
      -- The newest signed note, and the newest that a witness has signed as well.
      checkpoint text,
      checkpoint_size bigint,
      witnessed text,
      witnessed_size bigint
    );
    -- A size that came twice would hide that an entry is missing.
    create function sayso_log_forward() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'UPDATE' then
        raise exception 'a log is never removed' using errcode = '55000';
      end if;
      if new.size < old.size or new.origin <> old.origin or new.minimum_index < old.minimum_index then
        raise exception 'a log never goes back' using errcode = '55000';
      end if;
      return new;
    end $$;
    create trigger audit_log_forward before update or delete on audit_log
      for each row execute function sayso_log_forward();
    create trigger audit_log_stays before truncate on audit_log
      for each statement execute function sayso_append_only();

    -- Verifier keys of a log, in order. What counts is the key that an auditor holds.
    create table audit_key (
      log integer not null references audit_log (id),
      key text not null,
      from_index bigint not null,
      since timestamptz not null default clock_timestamp(),
      -- That the key before it named it: a tlog-proof of the entry, under a checkpoint that both sign.
      introduced text,
      primary key (log, key)
    );
    create trigger audit_key_append_only before update or delete or truncate on audit_key
      for each statement execute function sayso_append_only();

    create table audit_entry (
      log integer not null,
      index bigint not null check (index >= 0),
      -- The month it lies in, so that retention drops whole tables.
      at timestamptz not null,
      id uuid not null,
      -- SHA-256 of 0x00 and the entry (RFC 6962).
      hash bytea not null check (length(hash) = 32),
      entry bytea not null check (length(entry) between 1 and 65535),
      primary key (log, index, at)
    ) partition by range (at);
    create index audit_entry_id on audit_entry (id);
    create trigger audit_entry_append_only before update or delete on audit_entry
      for each row execute function sayso_append_only();
    create trigger audit_entry_stays before truncate on audit_entry
      for each statement execute function sayso_append_only();

    -- Hashes by tiles of 256 (C2SP tlog-tiles): level 0 those of entries, above those of full tiles.
    -- They stay when entries go, so that proofs of what remains still hold.
    create table audit_tile (
      log integer not null references audit_log (id),
      level smallint not null check (level between 0 and 7),
      index bigint not null check (index >= 0),
      -- Less than full only where retention took the entries that an unfilled tile was made of.
      hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
      -- What stands for a full one in the level above.
      root bytea check (root is null or (length(root) = 32 and length(hashes) = 8192)),
      primary key (log, level, index)
    );
    create function sayso_tile_grows() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'UPDATE' or substring(new.hashes for length(old.hashes)) <> old.hashes then
        raise exception 'hashes of the audit log stay what they are' using errcode = '55000';
      end if;
      return new;
    end $$;
    create trigger audit_tile_grows before update or delete on audit_tile
      for each row execute function sayso_tile_grows();
    create trigger audit_tile_stays before truncate on audit_tile
      for each statement execute function sayso_append_only();

    -- Built behind the log out of its entries, to find them by; what is shown is the entry itself.
    create table audit_indexed (
      log integer primary key references audit_log (id),
      size bigint not null default 0
    );
    create table audit_search (
      log integer not null,
      index bigint not null,
      at timestamptz not null,
      id uuid not null,
      kind text not null,
      client text,
      actor text not null,
      purpose text,
      operation text,
      outcome text,
      policy text,
      coordinates text[] not null,
      reasons text[] not null,
      primary key (log, index, at)
    ) partition by range (at);
    create index audit_search_newest on audit_search (at, log, index);
    create index audit_search_id on audit_search (id);
    create index audit_search_client on audit_search (client, at);
    create index audit_search_purpose on audit_search (purpose, at);
    create index audit_search_operation on audit_search (operation, at);
    create index audit_search_coordinates on audit_search using gin (coordinates);
    create table audit_subject (
      subject integer not null,
      at timestamptz not null,
      log integer not null,
      index bigint not null,
      primary key (subject, at, log, index)
    ) partition by range (at);

    -- An erasure's entry has this id, by which it is known whether it stands in the log yet.
    alter table erasure
      add column subject integer,
      add column entry uuid not null unique default gen_random_uuid();
    -- Those that are in the log; their entries may be gone by retention.
    create table audit_erasure (position bigint primary key);
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  const written = await knex.raw<{ rows: unknown[] }>(
    'select 1 from audit_log where size > 0 limit 1',
  );
  // Entries would be lost.
  if (written.rows.length > 0)
    throw new Error('the audit log holds entries; it cannot be taken back');
  await knex.raw(`
    alter table erasure drop column subject, drop column entry;
    drop table audit_erasure, audit_subject, audit_search, audit_indexed, audit_tile, audit_entry, audit_key, audit_log;
    drop function sayso_log_forward, sayso_tile_grows;
    alter table audit_entry_without_tree rename to audit_entry;
    alter index audit_entry_without_tree_pkey rename to audit_entry_pkey;
    alter index audit_entry_without_tree_id_key rename to audit_entry_id_key;
    alter index audit_entry_without_tree_client rename to audit_entry_client;
    alter index audit_entry_without_tree_purpose rename to audit_entry_purpose;
    create table audit_head (
      one boolean primary key default true check (one),
      sequence bigint not null
    );
    insert into audit_head (sequence) select coalesce(max(sequence), 0) from audit_entry;
    create function sayso_sequence_forward() returns trigger language plpgsql as $$
    begin
      if new.sequence < old.sequence then
        raise exception 'the sequence of the audit log never goes back' using errcode = '55000';
      end if;
      return new;
    end $$;
    create trigger audit_head_forward before update on audit_head
      for each row execute function sayso_sequence_forward();
  `);
};
