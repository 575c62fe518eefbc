import { isoTime } from '../core/iso-time.ts';
import { stands, standingValues, type Standing } from '../core/standing.ts';
import { statement, type Statements } from '../core/statement.ts';
import type { FullTile } from '../tlog/tree-tail.ts';
import type { TreeHead } from './log-state.ts';
import { barePgList } from './pg-list.ts';

/** An entry, or a part of one, as it goes into the log. */
export interface Leaf {
  readonly id: string;
  readonly at: Date;
  readonly bytes: Buffer;
  readonly hash: Buffer;
}

// One statement is one transaction; it answers when it is on disk. The state row is compared and
// swapped in it, so that of two writers one finds that the log has moved, and writes nothing.
const insertOf = (what: string, condition: string, tiles = '') =>
  statement(
    what,
    `with durable as materialized (
    select set_config('synchronous_commit', 'on', true) as how
  ), ledger as materialized (
    select ${condition} as stands
  ), moved as (
    update audit_log set size = ?, root = ? from durable, ledger
    where id = ? and size = ? and root = ? and how = 'on' and stands returning id
  )${tiles}, written as (
    insert into audit_entry (log, index, at, id, hash, entry)
    select moved.id, ?::bigint + nr - 1, leaf.at, leaf.id,
      substring(?::bytea from (32 * (nr - 1) + 1)::integer for 32),
      substring(blob.bytes from start for length)
    from moved, (select ?::bytea as bytes) as blob,
      unnest(?::timestamptz[], ?::uuid[], ?::integer[], ?::integer[])
        with ordinality as leaf (at, id, start, length, nr)
    returning 1
  )
  select stands, (select count(*) from written)::integer as written from ledger`,
  );

const withTiles = `, tiles as (
    insert into audit_tile (log, level, index, hashes, root)
    select moved.id, tile.level, tile.index, tile.hashes, tile.root
    from moved, unnest(?::smallint[], ?::bigint[], ?::bytea[], ?::bytea[])
      as tile (level, index, hashes, root)
    on conflict (log, level, index) do update set hashes = excluded.hashes, root = excluded.root
  )`;

const plain = 'insert into audit_entry';
const whileStanding = 'insert into audit_entry while';
/** Most fill no tile: what is left out need not be started by the server each time. */
const inserts = {
  plain: { none: insertOf(plain, 'true'), some: insertOf(plain, 'true', withTiles) },
  whileStanding: {
    none: insertOf(whileStanding, stands),
    some: insertOf(whileStanding, stands, withTiles),
  },
};

interface Inserted {
  readonly stands: boolean;
  readonly written: number;
}

const joined = (parts: readonly Buffer[]): Buffer => {
  const [only] = parts;
  return parts.length === 1 && only ? only : Buffer.concat(parts);
};

/** Leaves to be written to a log together. */
export interface Insertion {
  readonly log: number;
  /** As the log is, and as it is with them. */
  readonly from: TreeHead;
  readonly next: TreeHead;
  readonly leaves: readonly Leaf[];
  /** Those that they fill. */
  readonly tiles: readonly FullTile[];
  /** Where the ledger has to stand for them to be written. */
  readonly standing: Standing | undefined;
}

/**
 * Writes leaves where the log is as it was, and the ledger stands where it has to.
 *
 * @returns what became of it; of both that moved the ledger is told of
 * @throws what the database says: what became of it is not known then, unless it says no
 */
export const insertEntries = async (
  database: Statements,
  { log, from, next, leaves, tiles, standing }: Insertion,
  timeoutMs: number,
): Promise<'written' | 'log moved' | 'ledger moved'> => {
  let start = 1;
  const starts = leaves.map(({ bytes }) => (start += bytes.length) - bytes.length);
  const { rows } = await database.ask<Inserted>(
    inserts[standing ? 'whileStanding' : 'plain'][tiles.length === 0 ? 'none' : 'some'],
    [
      ...(standing ? standingValues(standing) : []),
      next.size,
      next.root,
      log,
      from.size,
      from.root,
      ...(tiles.length === 0
        ? []
        : [
            barePgList(tiles.map(({ level }) => level)),
            barePgList(tiles.map(({ index }) => index)),
            tiles.map(({ hashes }) => hashes),
            tiles.map(({ root }) => root),
          ]),
      from.size,
      joined(leaves.map(({ hash }) => hash)),
      joined(leaves.map(({ bytes }) => bytes)),
      barePgList(leaves.map(({ at }) => isoTime(at))),
      barePgList(leaves.map(({ id }) => id)),
      barePgList(starts),
      barePgList(leaves.map(({ bytes }) => bytes.length)),
    ],
    timeoutMs,
  );
  if (rows[0]?.written === leaves.length) return 'written';
  return rows[0]?.stands === false ? 'ledger moved' : 'log moved';
};
