import { SaysoError } from '../../core/errors.ts';
import { tilePath } from '../../tlog/tile-path.ts';
import { TlogError } from '../../tlog/tlog-error.ts';
import { tileWidth } from '../../tlog/tree-tail.ts';
import { parseLogInfo } from '../log-info.ts';
import type { LogInfo, LogSource } from './log-source.ts';
import { mostBundleBytes, readBundle } from './read-bundle.ts';

/** Reads what lies at a path below a log's address; `undefined` where there is nothing. */
export type ReadResource = (path: string, mostBytes: number) => Promise<Buffer | undefined>;

const mostNoteBytes = 1_000_000;
const mostInfoBytes = 10_000_000;

const nothing = (what: string): SaysoError =>
  new SaysoError(what, { code: 'AUDIT_NO_LOG', status: 404 });

/** A log as tlog-tiles lays it out, in a folder or behind an address. */
export const staticSource = (name: string, read: ReadResource): LogSource => {
  const info = async (): Promise<LogInfo> => {
    const file = await read('log.json', mostInfoBytes);
    // Other programs that serve logs know nothing of it.
    if (!file) return { minimumIndex: 0, keys: [] };
    const parsed = parseLogInfo(file.toString());
    if (!parsed) throw nothing(`\`log.json\` of ${name} cannot be read`);
    const { minimumIndex, keys, witnessed, checkpoint } = parsed;
    return {
      ...{ minimumIndex, keys },
      witnessed: witnessed ?? undefined,
      checkpoint: checkpoint ?? undefined,
    };
  };
  /** A tile that is full by now may have taken the place of one that was not. */
  const fullOf = async (level: number | 'entries', index: number, width: number, most: number) =>
    width < tileWidth ? read(tilePath(level, index), most) : undefined;
  return {
    checkpoint: async () => {
      const note = await read('checkpoint', mostNoteBytes);
      if (!note) throw nothing(`${name} has no checkpoint`);
      return note.toString();
    },
    info,
    tiles: {
      tile: async (level, index, width) => {
        const path = tilePath(level, index, width);
        const exact = await read(path, tileWidth * 32);
        if (exact) return exact;
        const full = await fullOf(level, index, width, tileWidth * 32);
        if (full) return full.subarray(0, width * 32);
        throw new TlogError(`\`${path}\` is not there`, 'TLOG_TILE');
      },
    },
    bundle: async (index, width) => {
      const exact = await read(tilePath('entries', index, width), mostBundleBytes);
      if (exact) return readBundle(exact, index, width);
      const full = await fullOf('entries', index, width, mostBundleBytes);
      const bundle = readBundle(full, index, width);
      // It goes on with entries that the checkpoint does not hold yet.
      return bundle.entries.length === width ? { ...bundle, findings: [] } : bundle;
    },
  };
};
