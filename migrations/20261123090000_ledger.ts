import type { Knex } from 'knex';

/** The consent ledger: who is which number, the head, and the append-only events. */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    -- The one link between a person and their number; erasing a person is deleting this row.
    create table subject (
      number integer primary key check (number >= 0),
      type text not null,
      external_id text not null check (length(external_id) between 1 and 256),
      unique (type, external_id)
    );

    -- Numbers not yet handed out. Drawn in the order of \`lot\`, which is random, so that a number
    -- tells neither when nor in which order its person came.
    create table subject_lot (
      number integer primary key,
      lot uuid not null default gen_random_uuid()
    );
    create index subject_lot_lot on subject_lot (lot);
    create table subject_block (
      one boolean primary key default true check (one),
      next_number integer not null
    );
    insert into subject_block (next_number) values (0);

    -- One row, moved in the same transaction as the events, so that positions have no gaps and a
    -- reader of the head never misses an event that commits late.
    create table ledger_head (
      one boolean primary key default true check (one),
      position bigint not null check (position >= 0)
    );
    insert into ledger_head (position) values (0);

    create table consent_event (
      position bigint primary key,
      -- No foreign key: erasing the subject row must leave history as it is.
      subject integer not null,
      kind text not null check (kind in ('given', 'refused', 'withdrawn', 'objected')),
      -- A grant names leaves, resolved when it was given; every no names nodes as they were said.
      purposes text[] not null check (cardinality(purposes) > 0),
      -- Empty on a no: all categories, those added later too. Never empty on a grant.
      categories text[] not null check (kind <> 'given' or cardinality(categories) > 0),
      at timestamptz not null,
      valid_until timestamptz check (valid_until is null or kind = 'given'),
      method text not null,
      actor text,
      recorded_at timestamptz not null default clock_timestamp()
    );
    create index consent_event_subject on consent_event (subject, position);

    -- Imports that must not happen twice, written in the transaction of their events.
    create table consent_import (
      name text primary key,
      at timestamptz not null default clock_timestamp()
    );

    create function sayso_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'rows of % are only ever inserted', tg_table_name using errcode = '55000';
    end $$;
    create trigger consent_event_append_only before update or delete or truncate on consent_event
      for each statement execute function sayso_append_only();

    -- A head that went back would make readers forget a no.
    create function sayso_head_forward() returns trigger language plpgsql as $$
    begin
      if new.position < old.position then
        raise exception 'the head of the ledger never goes back' using errcode = '55000';
      end if;
      return new;
    end $$;
    create trigger ledger_head_forward before update on ledger_head
      for each row execute function sayso_head_forward();
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    drop table consent_import, consent_event, ledger_head, subject_block, subject_lot, subject;
    drop function sayso_append_only, sayso_head_forward;
  `);
};
