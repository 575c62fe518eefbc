import { readFileSync, renameSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import type { TreeHead } from './log-state.ts';

/**
 * What was signed last, beside the key and not in the database: whoever owns the tables could else
 * change history and have it signed.
 */
export interface SignedMemory {
  /** @throws ConfigError when the file is not what was written */
  read(): TreeHead | undefined;
  /** On disk when it resolves. A checkpoint of a shorter log never takes the place of a longer one's. */
  write(note: string): Promise<void>;
}

const headOf = (note: string): TreeHead => {
  const { size, root } = parseCheckpoint(parseNote(note).text);
  return { size: Number(size), root };
};

const writeSynced = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Only then is a file on disk under the name that it was given there. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** Tells what is being written from what is written at the same time. */
let drafts = 0;

/** The memory in a data folder. */
export const signedMemory = (dataDir: string): SignedMemory => {
  const folder = join(dataDir, 'audit');
  const path = join(folder, 'signed');
  const read = (): TreeHead | undefined => {
    let note: string;
    try {
      note = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return headOf(note);
    } catch {
      const what = 'this is not the checkpoint that was signed last';
      throw new ConfigError([{ where: path, what, mend: 'put the file back that was here' }]);
    }
  };
  return {
    read,
    write: async (note) => {
      drafts += 1;
      const made = `${path}.${process.pid}.${drafts}.new`;
      let isThere = false;
      try {
        // The disk takes milliseconds, in which answers do not wait.
        await writeSynced(made, note);
        // A command beside the gateway may have signed a longer one meanwhile. Nobody else of this
        // process comes between the look and the rename.
        if ((read()?.size ?? 0) <= headOf(note).size) {
          renameSync(made, path);
          isThere = true;
        }
      } finally {
        // What keeps it from being written, a full disk for one, is met again twice a second.
        if (!isThere) await rm(made, { force: true });
      }
      await syncFolder(folder);
    },
  };
};
