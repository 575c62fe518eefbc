import type { Knex } from 'knex';

/** The audit log's first form, and the policies that its entries name. */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    create table policy (
      id text primary key check (id ~ '^sha256:[0-9a-f]{64}$'),
      sdl text not null,
      first_used_at timestamptz not null default clock_timestamp()
    );

    create table audit_head (
      one boolean primary key default true check (one),
      sequence bigint not null
    );
    insert into audit_head (sequence) values (0);

    create table audit_entry (
      sequence bigint primary key,
      id uuid not null unique,
      at timestamptz not null default clock_timestamp(),
      client text not null,
      actor text not null,
      purpose text,
      operation text,
      document_hash text not null,
      policy text not null references policy (id),
      -- Null where no decision needed the ledger.
      head bigint,
      -- By which expiry was judged; with head and policy it lets every decision be derived again.
      decided_at timestamptz check ((decided_at is null) = (head is null)),
      outcome text not null,
      -- [[coordinates], released, reason, count, "1-5,9"], …: sets of subjects, never a row per cell
      decisions jsonb not null
    );
    create index audit_entry_client on audit_entry (client, sequence);
    create index audit_entry_purpose on audit_entry (purpose, sequence);
    create trigger audit_entry_append_only before update or delete or truncate on audit_entry
      for each statement execute function sayso_append_only();
    -- A sequence number that came twice would hide that an entry is missing.
    create function sayso_sequence_forward() returns trigger language plpgsql as $$
    begin
      if new.sequence < old.sequence then
        raise exception 'the sequence of the audit log never goes back' using errcode = '55000';
      end if;
      return new;
    end $$;
    create trigger audit_head_forward before update on audit_head
      for each row execute function sayso_sequence_forward();
    -- What an entry names must stay what it was.
    create trigger policy_append_only before update or delete or truncate on policy
      for each statement execute function sayso_append_only();
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    drop table audit_entry, audit_head, policy;
    drop function sayso_sequence_forward;
  `);
};
