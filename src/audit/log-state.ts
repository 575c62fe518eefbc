import type { Knex } from 'knex';
import { statement, type Statements } from '../core/statement.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { emptyRoot } from '../tlog/merkle.ts';
import { parseNote } from '../tlog/note.ts';
import { rootOf, type TileReader } from '../tlog/tiles.ts';
import { tilePath } from '../tlog/tile-path.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { partialWidths, TreeTail } from '../tlog/tree-tail.ts';

/** One row of `audit_log`: how far a log has come. */
export interface LogState {
  readonly id: number;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** First entry that retention has left. */
  readonly minimumIndex: number;
  /** The newest signed note, and the newest that a witness has signed as well. */
  readonly checkpoint: string | null;
  readonly witnessed: string | null;
}

interface LogRow {
  readonly id: number;
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly minimum_index: number;
  readonly checkpoint: string | null;
  readonly witnessed: string | null;
}

const columns = 'id, origin, size::float8, root, minimum_index::float8, checkpoint, witnessed';
const readById = statement('read a log', `select ${columns} from audit_log where id = ?`);
const readByOrigin = statement('read a log', `select ${columns} from audit_log where origin = ?`);

/** A database that is silent for longer does not answer. */
const timeoutMs = 30_000;

const stateOf = ({ minimum_index, ...row }: LogRow): LogState => ({
  ...row,
  minimumIndex: minimum_index,
});

/** All logs, by origin. */
export const readLogs = async (knex: Knex): Promise<readonly LogState[]> => {
  const { rows } = await knex.raw<{ rows: LogRow[] }>(
    `select ${columns} from audit_log order by origin`,
  );
  return rows.map(stateOf);
};

/** One log, by its origin or its number; `undefined` when there is none. */
export const readLog = async (
  database: Statements,
  log: string | number,
): Promise<LogState | undefined> => {
  const read = typeof log === 'number' ? readById : readByOrigin;
  const { rows } = await database.ask<LogRow>(read, [log], timeoutMs);
  return rows[0] && stateOf(rows[0]);
};

/** How long a log is by a note of its own. Signatures are not looked at. */
export const sizeOf = (note: string): number => Number(parseCheckpoint(parseNote(note).text).size);

/** The newest note of a log; with what witnesses said where they have seen it. */
export const newestCheckpoint = ({
  checkpoint,
  witnessed,
}: Pick<LogState, 'checkpoint' | 'witnessed'>): string | null => {
  if (checkpoint === null || witnessed === null) return checkpoint ?? witnessed;
  return sizeOf(witnessed) >= sizeOf(checkpoint) ? witnessed : checkpoint;
};

/** Begins a log, or finds it begun, and notes the key that it is signed by. @returns its number */
export const beginLog = async (knex: Knex, origin: string, key: string): Promise<number> => {
  await knex.raw('insert into audit_log (origin, root) values (?, ?) on conflict do nothing', [
    origin,
    emptyRoot,
  ]);
  const { rows } = await knex.raw<{ rows: { id: number }[] }>(
    'select id from audit_log where origin = ?',
    [origin],
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('a log that was begun is not there');
  await noteKey(knex, id, key);
  return id;
};

/** Notes a verifier key of a log, from its newest entry on. */
export const noteKey = async (knex: Knex, log: number, key: string): Promise<void> => {
  await knex.raw(
    `insert into audit_key (log, key, from_index) select id, ?, size from audit_log where id = ?
     on conflict do nothing`,
    [key, log],
  );
};

/** A verifier key of a log, and how it came. */
export interface KeyRecord {
  readonly key: string;
  /** Absent for the first: a tlog-proof of the entry that names it, which the key before it signed. */
  readonly introduced: string | null;
}

/** Verifier keys of a log, in the order in which they came. */
export const readKeyRecords = async (knex: Knex, log: number): Promise<readonly KeyRecord[]> => {
  const { rows } = await knex.raw<{ rows: KeyRecord[] }>(
    'select key, introduced from audit_key where log = ? order by from_index, since',
    [log],
  );
  return rows;
};

/** A verifier key of a log. */
export interface LogKeyRow {
  /** Number of the log. */
  readonly log: number;
  readonly key: string;
  readonly fromIndex: number;
  readonly since: Date;
}

/** The verifier keys of all logs, in order. */
export const readKeys = async (knex: Knex): Promise<readonly LogKeyRow[]> => {
  const { rows } = await knex.raw<{ rows: LogKeyRow[] }>(
    `select log, key, from_index::float8 as "fromIndex", since from audit_key
     order by log, from_index, since`,
  );
  return rows;
};

const tileOf = (what: string, rest: string) =>
  statement(
    what,
    `with asked as (
    select ?::integer as log, ?::integer as level, ?::bigint as first, ?::bigint as width
  ), held as (
    select asked.*, kept, first * 256 + length(kept) / 32 as next
    from asked left join audit_tile as tile
      on tile.log = asked.log and tile.level = asked.level and tile.index = asked.first,
      lateral (select substring(coalesce(hashes, '') for 32 * width::integer) as kept) as cut
  )
  select kept || coalesce((${rest}), '') as hashes from held`,
  );

// Where a tile is not kept, or not all of it, the rest lies where its hashes come from: those of leaves
// with the entries, those of tiles with these, as they were written. Computing them anew would take a
// tenth of a second; whoever builds on them compares what comes of it with a root, and whoever verifies
// does compute them.
const readTile = {
  leaves: tileOf(
    'read a tile of leaves',
    `select string_agg(hash, '' order by index) from audit_entry
     where log = held.log and index >= next and index < first * 256 + width`,
  ),
  above: tileOf(
    'read a tile',
    `select string_agg(root, '' order by index) from audit_tile as below
     where below.log = held.log and below.level = held.level - 1 and root is not null
       and below.index >= next and below.index < first * 256 + width`,
  ),
};

/** The hashes of a log, in tiles, out of the database; also of entries that retention took. */
export const databaseTiles = (database: Statements, log: number): TileReader => ({
  tile: async (level, index, width) => {
    const read = readTile[level === 0 ? 'leaves' : 'above'];
    const values = [log, level, index, width];
    const { rows } = await database.ask<{ hashes: Buffer }>(read, values, timeoutMs);
    const hashes = rows[0]?.hashes ?? Buffer.alloc(0);
    // Neither fewer nor more: nothing keeps an owner of the tables from adding an entry in one's place.
    if (hashes.length === width * 32) return hashes;
    throw new TlogError(
      `\`${tilePath(level, index, width)}\` of log ${log} has ${hashes.length / 32} hashes, and ${width} are needed`,
      'TLOG_TILE',
    );
  },
});

/** A tree as it was at some time. */
export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

/**
 * What a writer needs to go on with a log: the hashes of its unfilled tiles.
 *
 * @param before as the log was when this process wrote or signed it last; it must be a continuation
 * @throws TlogError TLOG_HASH when they do not make the root that the log has, or not the one it had:
 *   somebody has changed it, or an older backup was restored, and nothing is to be built on it
 */
export const loadTail = async (
  database: Statements,
  log: number,
  before?: TreeHead,
): Promise<TreeTail> => {
  // It takes several statements, between which retention may move hashes from entries to tiles.
  for (let tries = 1; ; tries += 1) {
    try {
      return await loadOnce(database, log, before);
    } catch (error) {
      if (!(error instanceof TlogError) || tries === mostLoads) throw error;
    }
  }
};

const mostLoads = 3;

const loadOnce = async (
  database: Statements,
  log: number,
  before: TreeHead | undefined,
): Promise<TreeTail> => {
  const state = await readLog(database, log);
  if (!state) throw new Error('a log that was begun is not there');
  const tiles = databaseTiles(database, log);
  const levels: Buffer[][] = [];
  for (const [level, width] of partialWidths(state.size).entries()) {
    const index = Math.floor(state.size / 256 ** (level + 1));
    const hashes =
      width === 0 ? Buffer.alloc(0) : Buffer.from(await tiles.tile(level, index, width));
    levels.push(Array.from({ length: width }, (_, i) => hashes.subarray(i * 32, (i + 1) * 32)));
  }
  const tail = new TreeTail(state.size, levels);
  if (!tail.root().equals(state.root)) throw notItsRoot(state);
  if (before) await checkContinuation(tiles, state, before);
  return tail;
};

export const notItsRoot = ({ origin, size }: Pick<LogState, 'origin' | 'size'>): TlogError =>
  new TlogError(
    `the hashes of log \`${origin}\` do not make its root at ${size} entries; run \`sayso audit verify\``,
    'TLOG_HASH',
  );

/** @throws TlogError TLOG_HASH */
export const checkContinuation = async (
  tiles: TileReader,
  { origin, size }: Pick<LogState, 'origin' | 'size'>,
  before: TreeHead,
): Promise<void> => {
  if (size < before.size)
    throw new TlogError(
      `log \`${origin}\` has ${size} entries, and had ${before.size}: its end was taken away, or an older backup was restored`,
      'TLOG_HASH',
    );
  if (!(await rootOf(tiles, before.size)).equals(before.root))
    throw new TlogError(
      `log \`${origin}\` is not a continuation of what it was at ${before.size} entries: history was changed; run \`sayso audit verify\``,
      'TLOG_HASH',
    );
};
