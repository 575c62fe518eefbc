import type { Knex } from 'knex';

/** Documents that a client may ask by their hash. */
export const up = async (knex: Knex): Promise<void> => {
  await knex.raw(`
    create table registered_operation (
      id bigint generated always as identity primary key,
      -- The client that tokens name; nobody else's requests find it.
      client text not null check (length(client) between 1 and 256),
      -- Of the exact text, so that a hash never answers with another document.
      sha256 text not null check (sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex')),
      document text not null check (octet_length(document) between 1 and 1000000),
      -- Null for one without a name.
      operation text,
      -- What it runs for; null where it touches no personal data.
      purpose text,
      -- That it was validated against.
      policy text not null references policy (id),
      registered_at timestamptz not null default clock_timestamp(),
      registered_by text not null,
      removed_at timestamptz,
      removed_by text,
      check ((removed_at is null) = (removed_by is null))
    );
    create unique index registered_operation_current on registered_operation (client, sha256)
      where removed_at is null;
    -- Who registered what, and who ended it, stays to be read.
    create function sayso_operation_ends() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'UPDATE' or old.removed_at is not null or new.removed_at is null
        or to_jsonb(new) - 'removed_at' - 'removed_by' <> to_jsonb(old) - 'removed_at' - 'removed_by'
      then
        raise exception 'a registered operation is only ever inserted, and ended once'
          using errcode = '55000';
      end if;
      return new;
    end $$;
    create trigger registered_operation_ends before update or delete on registered_operation
      for each row execute function sayso_operation_ends();
    create trigger registered_operation_stays before truncate on registered_operation
      for each statement execute function sayso_append_only();
  `);
};

export const down = async (knex: Knex): Promise<void> => {
  const written = await knex.raw<{ rows: unknown[] }>('select 1 from registered_operation limit 1');
  // Who had registered what would be lost.
  if (written.rows.length > 0)
    throw new Error('operations are registered; it cannot be taken back');
  await knex.raw('drop table registered_operation; drop function sayso_operation_ends');
};
