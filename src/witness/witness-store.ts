import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { tryClaim } from '../database/data-lock.ts';
import { createWhole, isDraft, syncFolder } from './durable-files.ts';
import {
  beginFolder,
  enterOrigin,
  logsOf,
  originHash,
  readRegister,
  stateInvalid,
} from './register.ts';
import { formatState, parseState, type Cosigned } from './state-file.ts';

/** A state, and which of the log's states it is; the first has number 1. */
export interface KeptState extends Cosigned {
  readonly turn: number;
}

/** Keeps what a witness cosigned last of each log, in a folder of its own. */
export interface WitnessStore {
  /**
   * `undefined` for a log that was never cosigned.
   * @throws ConfigError WITNESS_STATE_INVALID
   */
  read(origin: string): KeptState | undefined;
  /**
   * Puts a state in the place of the one that was read; on disk when it returns true.
   * @param last number of the state that was read, 0 for none
   * @returns false when another has taken its place meanwhile; nothing is written then
   */
  replace(origin: string, last: number, next: Cosigned): boolean;
  /** Lets another process have the folder. */
  close(): void;
}

const turnsIn = (folder: string): readonly number[] =>
  readdirSync(folder)
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .sort((a, b) => b - a);

const claim = (folder: string): (() => void) => {
  const lock = tryClaim(folder, 'gateway');
  if ('release' in lock) return () => lock.release();
  throw new ConfigError(
    [
      {
        where: folder,
        what: `this folder is in use by the witness with pid ${lock.pid}`,
        mend: `stop that process (\`kill ${lock.pid}\`), or give this one a folder and a key of its own; after a container was killed wait 15 seconds`,
      },
    ],
    'WITNESS_FOLDER_IN_USE',
  );
};

/** The newest state in the folder of a log. */
const readState = (folder: string, origin: string): KeptState | undefined => {
  const [turn] = turnsIn(folder);
  if (turn === undefined) return undefined;
  const path = join(folder, String(turn));
  try {
    return { ...parseState(readFileSync(path, 'utf8'), origin), turn };
  } catch (error) {
    throw stateInvalid(path, `it cannot be used (${(error as Error).message})`);
  }
};

/**
 * Compares what is there with what was ever cosigned, and clears away what was not finished.
 * @returns hashes of the origins that were cosigned
 */
const checkAll = (folder: string): Set<string> => {
  const origins = readRegister(folder);
  const logs = logsOf(folder);
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const made = new Set(readdirSync(logs));
  for (const [digest, origin] of origins) {
    const own = join(logs, digest);
    const state = made.has(digest) ? readState(own, origin) : undefined;
    if (!state) throw stateInvalid(own, `the state of \`${origin}\` is gone`);
    for (const name of readdirSync(own)) {
      if (isDraft(name)) rmSync(join(own, name), { force: true });
    }
  }
  return new Set(origins.keys());
};

/**
 * Opens the folder of a witness, for this process alone; makes it on first use.
 * @throws ConfigError WITNESS_FOLDER_IN_USE, or WITNESS_STATE_INVALID when it is not as it was left
 */
export const openWitnessStore = (path: string): WitnessStore => {
  const folder = resolve(path);
  beginFolder(folder);
  const release = claim(folder);
  let entered: Set<string>;
  try {
    entered = checkAll(folder);
  } catch (error) {
    release();
    throw error;
  }
  let broken: unknown;
  const folderFor = (origin: string): string => join(logsOf(folder), originHash(origin));

  const read = (origin: string): KeptState | undefined => {
    // What a disk kept that once failed to is not known before it is read anew.
    if (broken !== undefined) throw new Error('a state could not be written', { cause: broken });
    const own = folderFor(origin);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const state = readState(own, origin);
    if (!state && entered.has(originHash(origin))) {
      throw stateInvalid(own, `the state of \`${origin}\` is gone`);
    }
    return state;
  };

  const replace = (origin: string, last: number, next: Cosigned): boolean => {
    const own = folderFor(origin);
    const turn = last + 1;
    // INVARIANT: the highest number is what was cosigned last. Creating a file that must not exist is
    // the step that decides, so that even a process that dozed off, and was taken for dead, finds its
    // number taken or overtaken.
    if (!createWhole(join(own, String(turn)), formatState(next))) return false;
    if (turnsIn(own)[0] !== turn) {
      rmSync(join(own, String(turn)), { force: true });
      return false;
    }
    try {
      syncFolder(own);
      if (!entered.has(originHash(origin))) {
        syncFolder(logsOf(folder));
        enterOrigin(folder, origin);
        entered.add(originHash(origin));
      }
    } catch (error) {
      broken = error;
      throw error;
    }
    for (const older of turnsIn(own)) {
      if (older < turn) rmSync(join(own, String(older)), { force: true });
    }
    return true;
  };
  return { read, replace, close: release };
};
