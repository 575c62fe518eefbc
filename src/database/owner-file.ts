import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { hiddenStart, processSpace, startOfProcess } from './process-identity.ts';
import { give } from './server-account.ts';

export type Role = 'gateway' | 'command';

/** Where the owner's database is: on its own server, or elsewhere by DATABASE_URL. */
export type OwnedDatabase = { readonly socketDir: string } | { readonly outside: true };

/** Who owns a data folder. */
export interface Owner {
  readonly pid: number;
  readonly role: Role;
  readonly space: string;
  readonly started: string;
  /** Missing while it is still starting. */
  readonly database?: OwnedDatabase;
  readonly released?: true;
}

/** How often an owner shows that it lives, and after what silence one out of sight counts as dead. */
export const beatMs = 5_000;
export const silentMs = 15_000;

/** The newest number in the folder; 0 when there is none. */
export const newest = (folder: string): number =>
  Math.max(
    0,
    ...fs.readdirSync(folder).map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? 0)),
  );

export const ownerFile = (folder: string, turn: number): string => join(folder, `${turn}.json`);

/** Reads an owner; undefined when the file is gone, or a power failure left it empty. */
export const readOwner = (path: string): Owner | undefined => {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
};

/** Whether that owner, read from `path`, still runs. */
export const lives = (owner: Owner, path: string): boolean => {
  if (owner.released) return false;
  if (owner.space === processSpace) {
    const start = startOfProcess(owner.pid);
    return start === owner.started || start === hiddenStart;
  }
  // Another container, or before a reboot: its number means nothing here, but it would have
  // touched its file.
  const touched = fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - touched < silentMs;
};

/** Writes an owner, whole and on disk, under a name that nobody reads; returns its path. */
export const writeDraft = (folder: string, owner: Owner): string => {
  const path = join(folder, `new-${randomBytes(6).toString('hex')}`);
  const handle = fs.openSync(path, 'wx', 0o600);
  fs.writeSync(handle, `${JSON.stringify(owner)}\n`);
  fs.fsyncSync(handle);
  fs.closeSync(handle);
  give(path, fs.statSync(folder));
  return path;
};
