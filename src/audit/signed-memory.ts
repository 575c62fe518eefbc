import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
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
  /** On disk when it returns. A checkpoint of a shorter log never takes the place of a longer one's. */
  write(note: string): void;
}

const headOf = (note: string): TreeHead => {
  const { size, root } = parseCheckpoint(parseNote(note).text);
  return { size: Number(size), root };
};

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
    write: (note) => {
      // A command beside the gateway may have signed a longer one meanwhile.
      if ((read()?.size ?? 0) > headOf(note).size) return;
      const made = `${path}.${process.pid}.new`;
      const descriptor = openSync(made, 'w', 0o600);
      try {
        writeSync(descriptor, note);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(made, path);
    },
  };
};
