import type { Knex } from 'knex';
import { uuidv7 } from 'uuidv7';
import { createAuditStore } from './audit-store.ts';
import { monthAfter, partitioned, partitionLock, partitionName } from './partitions.ts';

export interface RetainOptions {
  readonly knex: Knex;
  /** Whole months that entries are kept for at least. */
  readonly months: number;
  readonly now: Date;
}

const monthsBefore = async (knex: Knex, before: Date): Promise<readonly Date[]> => {
  const { rows } = await knex.raw<{ rows: { name: string }[] }>(
    `select child.relname as name from pg_inherits
     join pg_class child on child.oid = inhrelid
     where inhparent = 'audit_entry'::regclass order by name`,
  );
  return rows.flatMap(({ name }) => {
    const match = /^audit_entry_(\d{4})_(\d\d)$/.exec(name);
    const month = match && new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1));
    return month && monthAfter(month, 1) <= before ? [month] : [];
  });
};

interface Loss {
  readonly id: number;
  readonly origin: string;
  readonly size: number;
  /** The place after the last entry that goes. */
  readonly gone: number;
}

/** Whole bundles only are served as tiles: where one loses an entry, entries begin after it. */
const minimumOf = ({ gone, size }: Loss): number => Math.min(size, Math.ceil(gone / 256) * 256);

const lossesBefore = async (knex: Knex, before: Date): Promise<readonly Loss[]> => {
  const { rows } = await knex.raw<{ rows: Loss[] }>(
    `select id, origin, size::float8, (
       select max(index) + 1 from audit_entry where log = audit_log.id and at < ?
     )::float8 as gone from audit_log order by id`,
    [before],
  );
  return rows.filter(({ gone }) => gone > 0);
};

/** Hashes of a tile that is not full yet, up to the last entry that goes. */
const keepTail = async (trx: Knex, { id, size, gone }: Loss): Promise<void> => {
  const from = size - (size % 256);
  if (gone <= from) return;
  await trx.raw(
    `insert into audit_tile (log, level, index, hashes)
     select log, 0, ?::bigint / 256, string_agg(hash, ''::bytea order by index)
     from audit_entry where log = ? and index >= ? and index < ? group by log
     on conflict (log, level, index) do update set hashes = audit_tile.hashes ||
       substring(excluded.hashes from length(audit_tile.hashes) + 1)`,
    [from, id, from, gone],
  );
};

/**
 * Drops the months that lie wholly before the time of retention, with what they were found by. Their
 * hashes stay. Each log says first that they go.
 *
 * @returns the first instant of which entries are kept; `undefined` where nothing was to be dropped
 * @throws AuditError, and what the database says; nothing is dropped then
 */
export const dropOldMonths = async ({
  knex,
  months,
  now,
}: RetainOptions): Promise<Date | undefined> => {
  const until = monthAfter(now, -months);
  const old = await monthsBefore(knex, until);
  const last = old.at(-1);
  if (last === undefined) return undefined;
  const before = monthAfter(last, 1);
  const losses = await lossesBefore(knex, before);
  // Each log says of itself what it loses: whoever verifies it reads no other.
  for (const loss of losses) {
    await createAuditStore({ knex, log: loss.id, origin: loss.origin }).append({
      kind: 'retention',
      id: uuidv7(),
      actor: 'sayso',
      before: before.toISOString(),
      logs: [[loss.origin, loss.gone]],
    });
  }
  await knex.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?, ?)', [...partitionLock]);
    // Writers wait for a moment: the tile they fill must be whole in one place or the other.
    await trx.raw('select from audit_log order by id for update');
    for (const loss of await lossesBefore(trx, before)) {
      await keepTail(trx, loss);
      await trx.raw(
        'update audit_log set minimum_index = greatest(minimum_index, ?) where id = ?',
        [minimumOf(loss), loss.id],
      );
    }
    for (const month of old)
      for (const table of partitioned)
        await trx.raw(`drop table if exists ${partitionName(table, month)}`);
  });
  return before;
};

const sixHours = 6 * 3_600_000;

/** Drops what is too old, now and then, for as long as a gateway runs. */
export const keepRetention = (
  options: Omit<RetainOptions, 'now'> & {
    /** Told of the first instant of which entries are kept. */
    readonly onDropped: (before: Date) => void;
    readonly onError: (error: unknown) => void;
  },
): { readonly close: () => Promise<void> } => {
  let running: Promise<void> = Promise.resolve();
  const run = (): void => {
    running = running
      .then(() => dropOldMonths({ ...options, now: new Date() }))
      .then((before) => {
        if (before) options.onDropped(before);
      })
      .catch(options.onError);
  };
  run();
  const timer = setInterval(run, sixHours).unref();
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
