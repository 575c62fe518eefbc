import type { Knex } from 'knex';
import { locks } from '../core/locks.ts';

/** Tables in pieces of a month: retention drops whole pieces. */
export const partitioned = ['audit_entry', 'audit_search'] as const;

/** First instant of the month that lies so many months after that of \`at\`. */
export const monthAfter = (at: Date, months: number): Date =>
  new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months));

/** `audit_entry_2026_11` */
export const partitionName = (table: string, month: Date): string =>
  `${table}_${month.getUTCFullYear()}_${String(month.getUTCMonth() + 1).padStart(2, '0')}`;

const create = (table: string, month: Date): string => {
  const name = partitionName(table, month);
  const stays =
    table === 'audit_entry'
      ? `create trigger audit_entry_stays before truncate on ${name}
           for each statement execute function sayso_append_only();`
      : '';
  // Attached, not created as a part: that waits neither for readers nor for writers of the others.
  return `create table ${name} (like ${table} including all);
    alter table ${table} attach partition ${name}
      for values from ('${month.toISOString()}') to ('${monthAfter(month, 1).toISOString()}'); ${stays}`;
};

/**
 * Makes the tables of the months of \`at\` and of the one that follows, where they are missing.
 *
 * @throws whatever the database says; nothing is half made
 */
export const ensureMonths = async (knex: Knex, at: Date): Promise<void> => {
  const months = [monthAfter(at, 0), monthAfter(at, 1)];
  const wanted = months.flatMap((month) =>
    partitioned.map((table) => ({ table, month, name: partitionName(table, month) })),
  );
  const missing = async (on: Knex): Promise<typeof wanted> => {
    const { rows } = await on.raw<{ rows: { name: string }[] }>(
      // Read from the table itself: what `to_regclass` remembers may be older than the lock.
      `select name from unnest(?::text[]) as wanted (name) where not exists (
         select from pg_class where relname = name and pg_table_is_visible(oid))`,
      [wanted.map(({ name }) => name)],
    );
    const names = new Set(rows.map(({ name }) => name));
    return wanted.filter(({ name }) => names.has(name));
  };
  if ((await missing(knex)).length === 0) return;
  await knex.transaction(async (trx) => {
    // Answers may wait for this: who reads for long is not waited for.
    await trx.raw(`set local lock_timeout = '2s'`);
    await trx.raw('select pg_advisory_xact_lock(?, ?)', [...locks.partitions]);
    for (const { table, month } of await missing(trx)) await trx.raw(create(table, month));
  });
};
