import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Makes names in a folder last through a power failure. */
export const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Writes a file of a name that nobody reads, only for its owner; whole and on disk when it returns. */
const writeDraft = (path: string, text: string): string => {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return draft;
};

/** Whether a name is that of a draft, which a killed process may have left. */
export const isDraft = (name: string): boolean => name.endsWith('.new');

/**
 * Creates a file, whole, where none is. The name lasts only after `syncFolder`.
 * @returns false when one is there already; it stays as it is
 */
export const createWhole = (path: string, text: string): boolean => {
  const draft = writeDraft(path, text);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};

/** Puts a file, whole and on disk, in the place of the one that is there. */
export const replaceWhole = (path: string, text: string): void => {
  renameSync(writeDraft(path, text), path);
  syncFolder(dirname(path));
};

/** `undefined` when there is no such file. */
export const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};
