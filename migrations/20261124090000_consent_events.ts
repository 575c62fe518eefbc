import type { Knex } from 'knex';

/** The full meaning of the ledger: all kinds of event, notices, declared data, erasure. */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    alter table consent_event
      drop constraint consent_event_kind_check,
      drop constraint consent_event_purposes_check,
      drop constraint consent_event_check,
      drop constraint consent_event_check1,
      -- A statement is what was said at once; several rows where its purposes differ in what they cover.
      add column record uuid not null default gen_random_uuid(),
      -- Origins that the word is about. On a yes empty means given or observed data; on a no, all.
      add column origins text[] not null default '{}',
      -- Declared fields that the word is about; empty means that it is about no single one.
      add column declared text[] not null default '{}',
      add column notice text,
      add column notice_version integer,
      add column language text,
      -- What the person was told on a yes: it does not count for recipients added since.
      add column recipients text[] not null default '{}',
      -- Bases the purpose had when the yes was given; null where that is not known.
      add column bases text[],
      add column signal text check (signal in ('GPC')),
      -- The person knew that a signal of theirs says otherwise.
      add column confirmed boolean not null default false,
      add column evidence text,
      -- Policy that the word was understood by.
      add column policy text,
      add constraint consent_event_kind check (kind in
        ('given', 'renewed', 'refused', 'withdrawn', 'revoked', 'objected', 'requested', 'deferred', 'erased')),
      -- A yes lists what it is for; a no without purposes is a no to everything.
      add constraint consent_event_yes_names check (kind not in ('given', 'renewed')
        or (cardinality(purposes) > 0 and cardinality(categories) > 0)),
      add constraint consent_event_until check (valid_until is null or kind in ('given', 'renewed')),
      add constraint consent_event_notice check ((notice is null) = (notice_version is null)),
      add constraint consent_event_confirmed check (not confirmed or kind in ('given', 'renewed'));
    create index consent_event_record on consent_event (record);

    -- The same request sent twice is recorded once.
    create table consent_key (
      subject integer not null,
      actor text not null,
      key text not null check (length(key) between 1 and 128),
      -- SHA-256 of what was stated: another statement under the same key is refused.
      fingerprint text not null,
      record uuid not null,
      head bigint not null,
      primary key (subject, actor, key)
    );

    -- How far an import has come, written with the events of each batch: it goes on where it stopped.
    alter table consent_import
      add column fingerprint text,
      add column lines bigint not null default 0,
      add column accepted bigint not null default 0,
      add column refused bigint not null default 0,
      add column finished boolean not null default true;

    -- Versions of what persons are shown. They take positions of the ledger, so that every reader
    -- sees them in one order with the events.
    create table notice (
      id text not null check (id ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
      version integer not null check (version > 0),
      position bigint not null unique,
      -- SHA-256 of all of it, and of what it means without its wording.
      content_hash text not null,
      meaning_hash text not null,
      content jsonb not null,
      published_at timestamptz not null default clock_timestamp(),
      published_by text not null,
      primary key (id, version)
    );
    create trigger notice_append_only before update or delete or truncate on notice
      for each statement execute function sayso_append_only();

    -- What persons declared themselves, by number: erasing the link to a number leaves nobody's data.
    create table declared_value (
      subject integer not null,
      coordinate text not null,
      value jsonb not null,
      declared_at timestamptz not null default clock_timestamp(),
      primary key (subject, coordinate)
    );

    -- What was erased and what a law keeps, for each erasure; names nobody.
    create table erasure (
      position bigint primary key,
      at timestamptz not null default clock_timestamp(),
      actor text not null,
      report jsonb not null
    );
    create trigger erasure_append_only before update or delete or truncate on erasure
      for each statement execute function sayso_append_only();

    -- Signals that the caller sent and that decisions were made by.
    alter table audit_entry add column signals text[] not null default '{}';
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    alter table audit_entry drop column signals;
    drop table erasure, declared_value, notice, consent_key;
    alter table consent_import
      drop column fingerprint, drop column lines, drop column accepted, drop column refused,
      drop column finished;
    drop index consent_event_record;
    alter table consent_event
      drop constraint consent_event_kind, drop constraint consent_event_yes_names,
      drop constraint consent_event_until, drop constraint consent_event_notice,
      drop constraint consent_event_confirmed,
      drop column record, drop column origins, drop column declared, drop column notice,
      drop column notice_version, drop column language, drop column recipients, drop column bases,
      drop column signal, drop column confirmed, drop column evidence, drop column policy,
      -- Fails, and changes nothing, where rows stand that the older form could not hold.
      add constraint consent_event_kind_check check (kind in ('given', 'refused', 'withdrawn', 'objected')),
      add constraint consent_event_purposes_check check (cardinality(purposes) > 0),
      add constraint consent_event_check check (kind <> 'given' or cardinality(categories) > 0),
      add constraint consent_event_check1 check (valid_until is null or kind = 'given');
  `);
};
