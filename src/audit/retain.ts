import type { Knex } from 'knex';
import { createAuditStore } from './audit-store.ts';
import { locks } from '../core/locks.ts';
import { uuidv7 } from '../core/uuid.ts';
import { hashLeaf } from '../tlog/merkle.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { entryOf, readLeaves } from './leaf-reader.ts';
import { databaseTiles } from './log-state.ts';
import { monthAfter, partitioned, partitionName } from './partitions.ts';
import { byKnex } from '../core/statement.ts';

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

/** The hash of an entry, as the tree has it. */
const hashAt = async (knex: Knex, log: number, index: number): Promise<Uint8Array> => {
  const width = (index % 256) + 1;
  return (await databaseTiles(byKnex(knex), log).tile(0, Math.floor(index / 256), width)).subarray(
    -32,
  );
};

/**
 * What logs lose. The column says in which table an entry lies; when it was written, the entry says.
 *
 * @throws TlogError TLOG_HASH when they differ: somebody has moved it
 */
const lossesBefore = async (knex: Knex, before: Date): Promise<readonly Loss[]> => {
  const { rows } = await knex.raw<{ rows: Loss[] }>(
    `select id, origin, size::float8, (
       select max(index) + 1 from audit_entry where log = audit_log.id and at < ?
     )::float8 as gone from audit_log order by id`,
    [before],
  );
  const losses = rows.filter(({ gone }) => gone > 0);
  for (const { id, origin, gone } of losses) {
    const [leaf] = await readLeaves(knex, id, gone - 1, gone);
    const hash = Buffer.from(await hashAt(knex, id, gone - 1));
    if (!leaf || !hashLeaf(leaf.bytes).equals(hash) || entryOf(leaf, origin).at >= before)
      throw new TlogError(
        `entry ${gone - 1} of log \`${origin}\` is not of the time that its column says: run \`sayso audit verify\``,
        'TLOG_HASH',
      );
  }
  return losses;
};

/**
 * Keeps the hashes of a tile that is not full yet, up to the last entry that goes.
 *
 * @throws TlogError TLOG_TILE when they are not all there; nothing is to be dropped then
 */
const keepTail = async (trx: Knex, { id, origin, size, gone }: Loss): Promise<void> => {
  const from = size - (size % 256);
  const tile = from / 256;
  const { rows: kept } = await trx.raw<{ rows: { count: number }[] }>(
    'select length(hashes) / 32 as count from audit_tile where log = ? and level = 0 and index = ?',
    [id, tile],
  );
  const first = from + (kept[0]?.count ?? 0);
  if (gone <= first) return;
  const { rows } = await trx.raw<{ rows: { count: number; hashes: Buffer }[] }>(
    `select count(*)::integer as count, string_agg(hash, ''::bytea order by index) as hashes
     from audit_entry where log = ? and index >= ? and index < ?`,
    [id, first, gone],
  );
  const [row] = rows;
  if (row?.count !== gone - first)
    throw new TlogError(
      `log \`${origin}\` lacks entries between ${first} and ${gone - 1}: run \`sayso audit verify\``,
      'TLOG_TILE',
    );
  await trx.raw(
    `insert into audit_tile (log, level, index, hashes) values (?, 0, ?, ?)
     on conflict (log, level, index) do update set hashes = audit_tile.hashes || excluded.hashes`,
    [id, tile, row.hashes],
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
    // Who reads for long, as a backup does, is not waited for: writers would have to wait as well.
    await trx.raw(`set local lock_timeout = '2s'`);
    await trx.raw('select pg_advisory_xact_lock(?, ?)', [...locks.partitions]);
    // INVARIANT: tables before rows, as writers have it; the other way round they would lock each
    // other out. Writers wait for a moment: the tile they fill must be whole in one place or the other.
    for (const table of partitioned) await trx.raw(`lock table ${table} in access exclusive mode`);
    await trx.raw('select from audit_log order by id for update');
    for (const loss of await lossesBefore(trx, before)) {
      await keepTail(trx, loss);
      await trx.raw(
        'update audit_log set minimum_index = greatest(minimum_index, ?) where id = ?',
        [loss.gone, loss.id],
      );
    }
    for (const month of old)
      for (const table of partitioned)
        await trx.raw(`drop table if exists ${partitionName(table, month)}`);
  });
  return before;
};

const everyMs = 3_600_000;

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
  const timer = setInterval(run, everyMs).unref();
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
};
