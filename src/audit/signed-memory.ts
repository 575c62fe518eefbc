import { readFileSync, renameSync, unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
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

/** Tells what is being written from what is written at the same time. */
let drafts = 0;

/** The memory in a data folder. */
export const signedMemory = (dataDir: string): SignedMemory => {
  const path = join(dataDir, 'audit', 'signed');
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
      // The disk takes milliseconds, in which answers do not wait.
      const file = await open(made, 'w', 0o600);
      try {
        await file.writeFile(note);
        await file.sync();
      } finally {
        await file.close();
      }
      // A command beside the gateway may have signed a longer one meanwhile. Nobody else of this
      // process comes between the look and the rename.
      if ((read()?.size ?? 0) > headOf(note).size) unlinkSync(made);
      else renameSync(made, path);
    },
  };
};
