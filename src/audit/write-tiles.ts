import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Knex } from 'knex';
import { SaysoError } from '../core/errors.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import { parseProof } from '../tlog/proof-file.ts';
import { tilePath } from '../tlog/tile-path.ts';
import { rootOf } from '../tlog/tiles.ts';
import { tileWidth } from '../tlog/tree-tail.ts';
import type { LogInfoFile } from './log-info.ts';
import {
  databaseTiles,
  newestCheckpoint,
  sizeOf,
  type KeyRecord,
  type LogState,
} from './log-state.ts';
import { logInfo, readBundleOf } from './serve-log.ts';
import { readFrom } from './verify/folder-source.ts';
import { staticSource } from './verify/static-source.ts';
import { cutTiles, hashesOf, rootOfHashes, widthIn } from './verify/tile-view.ts';
import { byKnex } from '../core/statement.ts';

export interface WriteTilesOptions {
  readonly knex: Knex;
  readonly log: LogState;
  /** A folder for each log is made in it. */
  readonly out: string;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface WrittenTiles {
  readonly folder: string;
  readonly size: number;
  /** Size that the folder had before. */
  readonly before: number;
  /** Files that were written now. */
  readonly files: number;
}

const refuse = (message: string): SaysoError =>
  new SaysoError(message, { code: 'AUDIT_TILES_REFUSED', status: 409 });

/** Where a log lies in a folder of several. @throws SaysoError for a name that would leave it */
export const folderOf = (out: string, origin: string): string => {
  const parts = origin.split('/');
  if (parts.some((part) => /^\.{0,2}$|\\/.test(part)))
    throw refuse(`\`${origin}\` cannot name a folder`);
  return join(out, ...parts);
};

/** Whole and on disk, or not there at all. */
const writeWhole = async (path: string, bytes: Uint8Array | string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const made = `${path}.${process.pid}.new`;
  const file = await open(made, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(made, path);
};

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  );

const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  });

/** How far a folder has come. @throws SaysoError when it is not of this log, or not of its history */
const sizeBefore = async (
  folder: string,
  { origin }: LogState,
  size: number,
  root: (at: number) => Promise<Buffer>,
): Promise<number> => {
  const note = await textOf(join(folder, 'checkpoint'));
  if (note === undefined) return 0;
  const kept = parseCheckpoint(parseNote(note).text);
  const before = Number(kept.size);
  if (kept.origin !== origin) throw refuse(`the folder holds \`${kept.origin}\``);
  if (before > size)
    throw refuse(
      `the folder holds ${before} entries, and the log ${size}: was an older backup restored? Nothing was written`,
    );
  if (!(await root(before)).equals(kept.root))
    throw refuse(
      `the log is not a continuation of the folder, which holds ${before} entries: history was changed. Nothing was written; see \`sayso audit verify --since\``,
    );
  return before;
};

interface Todo {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** Tiles that are new or have grown, lowest first. */
function* tilesSince(before: number, size: number): Generator<Todo> {
  const first = Math.floor(before / tileWidth);
  for (let index = first; index * tileWidth < size; index += 1) {
    const width = widthIn(size, 0, index);
    yield { level: 'entries', index, width };
    yield { level: 0, index, width };
  }
  for (let level = 1; tileWidth ** level <= size; level += 1) {
    const span = tileWidth ** (level + 1);
    for (let index = Math.floor(before / span); widthIn(size, level, index) > 0; index += 1)
      yield { level, index, width: widthIn(size, level, index) };
  }
}

/** Without keys that came after the checkpoint: the next time they are there. */
const infoOf = async (knex: Knex, log: LogState, size: number): Promise<LogInfoFile> => {
  const info = await logInfo(knex, log);
  const isLater = ({ introduced }: KeyRecord): boolean => {
    try {
      return introduced !== null && sizeOf(parseProof(introduced).checkpoint) > size;
    } catch {
      // Whoever verifies is to find it.
      return false;
    }
  };
  return { ...info, keys: info.keys.filter((key) => !isLater(key)) };
};

/**
 * Writes a log as static files (C2SP tlog-tiles) for an object store, or brings a folder up to date.
 * Each file is there whole or not at all, and the checkpoint is the last; what was cut short is gone
 * on with.
 *
 * @throws SaysoError AUDIT_TILES_REFUSED when the folder is another log's or of another history, or
 *   the log does not make the root that was signed; the folder's checkpoint stays as it is then
 */
export const writeTiles = async ({
  knex,
  log,
  out,
  onProgress = () => undefined,
}: WriteTilesOptions): Promise<WrittenTiles> => {
  const folder = folderOf(out, log.origin);
  const note = newestCheckpoint(log);
  if (note === null) throw refuse(`log \`${log.origin}\` has no checkpoint yet`);
  const { size: signed, root } = parseCheckpoint(parseNote(note).text);
  const size = Number(signed);
  const tiles = cutTiles(databaseTiles(byKnex(knex), log.id), size);
  const rootAt = (at: number): Promise<Buffer> => rootOf(tiles, at);
  const before = await sizeBefore(folder, log, size, rootAt);
  const broken = 'the hashes do not make the root that was signed: run `sayso audit verify`';
  if (!(await rootAt(size)).equals(root)) throw refuse(broken);

  let files = 0;
  const write = async (path: string, make: () => Promise<Uint8Array | string>): Promise<void> => {
    await writeWhole(join(folder, path), await make());
    files += 1;
  };
  const bundle = async (index: number, width: number): Promise<Buffer> => {
    const { body, missing } = await readBundleOf(knex, log.id, index, width);
    const lost = missing.find((place) => place >= log.minimumIndex);
    if (lost === undefined) return body;
    throw refuse(`entry ${lost} is missing: run \`sayso audit verify\``);
  };
  /** The database keeps what stands for a full tile beside it: the two must be of one piece. */
  const hashes = async (level: number, index: number, width: number): Promise<Uint8Array> => {
    const tile = await tiles.tile(level, index, width);
    if (width < tileWidth) return tile;
    const above = await tiles.tile(
      level + 1,
      Math.floor(index / tileWidth),
      (index % tileWidth) + 1,
    );
    if (rootOfHashes(hashesOf(tile)).equals(above.subarray(-32))) return tile;
    throw refuse(broken);
  };
  for (const { level, index, width } of tilesSince(before, size)) {
    const path = tilePath(level, index, width);
    onProgress(Math.min(size, index * tileWidth + width), size);
    if (await isThere(join(folder, path))) continue;
    if (level !== 'entries') await write(path, () => hashes(level, index, width));
    else if ((index + 1) * tileWidth > log.minimumIndex)
      await write(path, () => bundle(index, width));
  }
  const written = cutTiles(staticSource(folder, readFrom(folder)).tiles ?? tiles, size);
  if (!(await rootOf(written, size)).equals(root))
    throw refuse(`files of the folder were changed: remove it and write it anew`);
  // It holds the checkpoint too: who reads between the two has what belongs together.
  await write('log.json', async () => JSON.stringify(await infoOf(knex, log, size)));
  await write('checkpoint', () => Promise.resolve(note));
  await removeOutgrown(folder, before, size);
  return { folder, size, before, files };
};

/** Unfilled tiles of before whose full ones are there now. */
const removeOutgrown = async (folder: string, before: number, size: number): Promise<void> => {
  for (let level = 0; tileWidth ** level <= before; level += 1) {
    const index = Math.floor(before / tileWidth ** (level + 1));
    if (widthIn(size, level, index) < tileWidth) continue;
    const names = level === 0 ? (['entries', 0] as const) : [level];
    for (const name of names)
      await rm(join(folder, `${tilePath(name, index)}.p`), { recursive: true, force: true });
  }
};
