import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { hexOf } from '../tlog/note-key.ts';
import { createKey, signerOf, verifierOf, type Signer } from '../tlog/note.ts';

/** A log's signing key, as the data folder keeps it. */
export interface LogKey {
  /** The log's name: the key's own. */
  readonly origin: string;
  readonly signer: Signer;
  /** Verifier key (vkey): what an auditor needs, and all that may be given away. */
  readonly public: string;
}

const folderOf = (dataDir: string): string => join(dataDir, 'audit');
const fileOf = (dataDir: string): string => join(folderOf(dataDir), 'signing.key');
const nextOf = (dataDir: string): string => join(folderOf(dataDir), 'signing.key.next');

const missing = (error: unknown): boolean => (error as { code?: string }).code === 'ENOENT';

const sync = (path: string): void => {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Writes a file that only its owner reads, whole and on disk before it is returned from. */
const writeWhole = (path: string, text: string): void => {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const refuse = (where: string, what: string, mend: string): ConfigError =>
  new ConfigError([{ where, what, mend }]);

type Key = LogKey & { readonly secret: string };

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
};

const parse = (path: string): Key | undefined => {
  const text = textOf(path);
  return text === undefined ? undefined : keyIn(text, path);
};

const keyIn = (text: string, path: string): Key => {
  const [secret = '', vkey = ''] = text.trim().split('\n');
  try {
    const signer = signerOf(secret);
    const verifier = verifierOf(vkey);
    const probe = 'sayso\n';
    if (verifier.name !== signer.name || !verifier.verify(probe, signer.sign(probe)))
      throw new Error('two keys');
    return { origin: signer.name, signer, public: vkey, secret };
  } catch {
    throw refuse(path, 'this is no signing key of an audit log', 'put the key back that was here');
  }
};

const write = (path: string, key: { readonly secret: string; readonly public: string }): void => {
  const made = `${path}.${randomBytes(6).toString('hex')}`;
  writeWhole(made, `${key.secret}\n${key.public}\n`);
  try {
    // Unlike a rename, it never takes the place of a key that somebody else has just written.
    linkSync(made, path);
  } finally {
    unlinkSync(made);
  }
  sync(join(path, '..'));
};

/** The key in a data folder; `undefined` where no log was ever begun from it. */
export const readLogKey = (dataDir: string): LogKey | undefined => parse(fileOf(dataDir));

/**
 * Reads the key in a data folder again and again: it is looked at each time, and tried out only where
 * another stands there, which takes longer than to sign.
 */
export const logKeyReader = (dataDir: string): (() => LogKey | undefined) => {
  const path = fileOf(dataDir);
  let last: { readonly text: string; readonly key: LogKey } | undefined;
  return () => {
    const text = textOf(path);
    if (text === undefined) return undefined;
    if (last?.text !== text) last = { text, key: keyIn(text, path) };
    return last.key;
  };
};

/**
 * The key of the log that is written from a data folder, made on first use with a name of its own
 * below `origin`: every replica has a folder, and so a log, to itself.
 *
 * @param origin what the names of all logs of a deployment begin with, such as `audit.example.com`
 * @throws ConfigError when the file is no key, or its log is named by another origin
 */
export const openLogKey = (dataDir: string, origin: string): LogKey => {
  mkdirSync(folderOf(dataDir), { recursive: true, mode: 0o700 });
  if (!readLogKey(dataDir)) {
    try {
      write(fileOf(dataDir), createKey(`${origin}/${randomBytes(4).toString('hex')}`));
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
  }
  const key = readLogKey(dataDir);
  if (!key) throw new Error('a key that was written is not there');
  if (key.origin.slice(0, key.origin.lastIndexOf('/')) === origin) return key;
  throw refuse(
    'audit.origin',
    `the log of this data folder is \`${key.origin}\`, and a log never changes its name`,
    `leave \`audit.origin\` what it was, or start with a fresh data folder to begin another log`,
  );
};

/** Makes the key that is to follow, beside the one in use; the same one until it has followed. */
export const prepareNextKey = (dataDir: string, { origin }: LogKey): LogKey => {
  const path = nextOf(dataDir);
  if (!parse(path)) write(path, createKey(origin));
  const next = parse(path);
  if (!next) throw new Error('a key that was written is not there');
  return next;
};

/** Puts the next key in the place of the one in use, which is kept under its own number. */
export const adoptNextKey = (dataDir: string, current: LogKey): void => {
  const number = hexOf(current.signer.keyId);
  const old = `${fileOf(dataDir)}.${number}`;
  try {
    linkSync(fileOf(dataDir), old);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
  renameSync(nextOf(dataDir), fileOf(dataDir));
  sync(folderOf(dataDir));
};

/** Keys that a log was signed by before the one in use. */
export const readOldKeys = (dataDir: string): readonly LogKey[] => {
  let names: readonly string[];
  try {
    names = readdirSync(folderOf(dataDir));
  } catch (error) {
    if (missing(error)) return [];
    throw error;
  }
  const current = readLogKey(dataDir);
  return names
    .filter((name) => /^signing\.key\.[0-9a-f]{8}$/.test(name))
    .flatMap((name) => parse(join(folderOf(dataDir), name)) ?? [])
    .filter((key) => key.public !== current?.public);
};

/** The secret as Go's sumdb/note writes it, for safekeeping elsewhere. */
export const exportSecret = (dataDir: string): string | undefined => parse(fileOf(dataDir))?.secret;
