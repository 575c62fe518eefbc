import type { Knex } from 'knex';
import { encodeBundle } from '../tlog/entry-bundle.ts';
import { parseTilePath, type TileName } from '../tlog/tile-path.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { tileWidth } from '../tlog/tree-tail.ts';
import type { LogInfoFile } from './log-info.ts';
import {
  databaseTiles,
  newestCheckpoint,
  readKeyRecords,
  readLog,
  readLogs,
  sizeOf,
  type LogState,
} from './log-state.ts';
import { byKnex } from '../core/statement.ts';

/** A resource of a log, as tlog-tiles has it. */
export interface LogResource {
  readonly type: 'text/plain; charset=utf-8' | 'application/json' | 'application/octet-stream';
  readonly body: Buffer;
  /** It never changes under its address. */
  readonly immutable: boolean;
}

/** What `GET /audit/logs` lists. */
export type LogListing = Omit<LogInfoFile, 'keys' | 'checkpoint'> & {
  readonly keys: readonly string[];
};

const signedSize = (state: LogState): number => {
  const note = newestCheckpoint(state);
  return note === null ? 0 : sizeOf(note);
};

/** What stands beside the tiles of a log. */
export const logInfo = async (knex: Knex, state: LogState): Promise<LogInfoFile> => ({
  origin: state.origin,
  size: signedSize(state),
  minimumIndex: state.minimumIndex,
  keys: await readKeyRecords(knex, state.id),
  witnessed: state.witnessed,
  checkpoint: newestCheckpoint(state),
});

/** All logs of a deployment, with the keys that sign them. */
export const listLogs = async (knex: Knex): Promise<readonly LogListing[]> => {
  const infos = [];
  for (const state of await readLogs(knex)) infos.push(await logInfo(knex, state));
  return infos.map(({ origin, size, minimumIndex, keys, witnessed }) => ({
    ...{ origin, size, minimumIndex, witnessed },
    keys: keys.map(({ key }) => key),
  }));
};

/**
 * The entries of a bundle. Retention may have taken some of one that it has not taken whole; what is
 * not there stands as an entry without bytes, which no entry is.
 *
 * @returns with how many are not there
 */
export const readBundleOf = async (
  knex: Knex,
  log: number,
  index: number,
  width: number,
): Promise<{ readonly body: Buffer; readonly missing: readonly number[] }> => {
  const base = index * tileWidth;
  const { rows } = await knex.raw<{ rows: { index: number; entry: Buffer }[] }>(
    `select index::float8, entry from audit_entry
     where log = ? and index >= ? and index < ? order by index`,
    [log, base, base + width],
  );
  const entries = new Map(rows.map((row) => [row.index - base, row.entry]));
  const all = Array.from({ length: width }, (_, i) => entries.get(i) ?? Buffer.alloc(0));
  const missing = all.flatMap((entry, i) => (entry.length === 0 ? [base + i] : []));
  return { body: encodeBundle(all), missing };
};

/** A tile is there as soon as a checkpoint holds all of it. */
const isWithin = ({ level, index, width }: TileName, size: number): boolean =>
  index * tileWidth + width <= Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));

const isGone = ({ level, index }: TileName, { minimumIndex }: LogState): boolean =>
  level === 'entries' && (index + 1) * tileWidth <= minimumIndex;

const tileOf = async (
  knex: Knex,
  state: LogState,
  name: TileName,
): Promise<LogResource | undefined> => {
  const type = 'application/octet-stream';
  const { level, index, width } = name;
  if (!isWithin(name, signedSize(state)) || isGone(name, state)) return undefined;
  if (level === 'entries') {
    const { body, missing } = await readBundleOf(knex, state.id, index, width);
    return { type, body, immutable: missing.length === 0 };
  }
  try {
    const hashes = await databaseTiles(byKnex(knex), state.id).tile(level, index, width);
    return { type, body: Buffer.from(hashes), immutable: true };
  } catch (error) {
    // Hashes were lost: whoever verifies is to find it missing, not to stop.
    if (error instanceof TlogError) return undefined;
    throw error;
  }
};

/**
 * What lies at a path below `/audit/`: `<origin>/checkpoint`, `<origin>/log.json`, and
 * `<origin>/tile/…` (C2SP tlog-tiles).
 *
 * @returns `undefined` where there is nothing, or not yet, or not any more
 */
export const readResource = async (knex: Knex, path: string): Promise<LogResource | undefined> => {
  const [, origin, name] = /^(.+)\/(checkpoint|log\.json|tile\/[^/]+\/.+)$/.exec(path) ?? [];
  // No text of PostgreSQL's holds NUL.
  if (origin === undefined || name === undefined || /\0/.test(origin)) return undefined;
  const tile = parseTilePath(name);
  if (!tile && name.startsWith('tile/')) return undefined;
  const state = await readLog(byKnex(knex), origin);
  if (!state) return undefined;
  if (tile) return tileOf(knex, state, tile);
  if (name === 'log.json') {
    const body = Buffer.from(JSON.stringify(await logInfo(knex, state)));
    return { type: 'application/json', body, immutable: false };
  }
  const note = newestCheckpoint(state);
  return note === null
    ? undefined
    : { type: 'text/plain; charset=utf-8', body: Buffer.from(note), immutable: false };
};
