import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSubjectKey, encodeSubjectKey } from '../config/subject-key.ts';
import { ConfigError } from '../core/errors.ts';
import { makeDataFolder } from './data-folder.ts';
import { give } from './server-account.ts';

/** Where the key that persons are sealed under lies, unless the environment has it. */
export const subjectKeyPath = (dataDir: string): string => join(dataDir, 'subject.key');

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';

/**
 * Reads the key; `undefined` where there is no file.
 * @throws ConfigError when it cannot be read or holds something else
 */
export const readSubjectKey = (dataDir: string): Uint8Array | undefined => {
  const where = subjectKeyPath(dataDir);
  let text: string;
  try {
    text = readFileSync(where, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    const mend = 'run as the user who started Sayso first, or make it readable for this one';
    throw new ConfigError([{ where, what: `cannot be read (${codeOf(error)})`, mend }]);
  }
  const key = decodeSubjectKey(text);
  if (key) return key;
  const mend = 'put the file back as it was: the numbers of persons cannot be read without it';
  throw new ConfigError([{ where, what: 'is not the key that Sayso left', mend }]);
};

const sync = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};

/**
 * Makes the key, unless somebody else has made one by now, and returns the one that is there.
 * It is durable when this returns, so that nothing is ever sealed under a key that is lost.
 * @throws ConfigError when the file cannot be written
 */
export const makeSubjectKey = (dataDir: string): Uint8Array => {
  const folder = makeDataFolder(dataDir);
  const path = subjectKeyPath(folder);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const key = randomBytes(32);
  try {
    writeFileSync(draft, `${encodeSubjectKey(key)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    give(draft, statSync(folder));
    // Unlike a rename, a link never replaces a key that is there already.
    linkSync(draft, path);
    sync(folder);
    return key;
  } catch (error) {
    const there = codeOf(error) === 'EEXIST' ? readSubjectKey(folder) : undefined;
    if (there) return there;
    const what = `cannot be made (${codeOf(error)})`;
    const mend = 'make the data folder writable, or set SAYSO_SUBJECT_KEY';
    throw new ConfigError([{ where: path, what, mend }]);
  } finally {
    rmSync(draft, { force: true });
  }
};
