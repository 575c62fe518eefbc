import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readLogKey, type LogKey } from './log-key.ts';

/** A log that was begun from a data folder. */
export interface OwnLog {
  /** Of the worker that writes it; 1 for the only one. */
  readonly worker: number;
  /** Where its key and its signed memory lie, in `audit/`. */
  readonly folder: string;
  readonly key: LogKey;
}

/**
 * Where the log of a worker lies. The first writes the one that a single process would, so that it
 * goes on when the number of workers changes.
 *
 * @param worker from 1
 */
export const logFolder = (dataDir: string, worker: number): string =>
  worker === 1 ? dataDir : join(dataDir, 'workers', String(worker));

const numbersIn = (dataDir: string): readonly number[] => {
  try {
    return readdirSync(join(dataDir, 'workers'))
      .filter((name) => /^[1-9][0-9]{0,3}$/.test(name))
      .map(Number)
      .filter((number) => number > 1);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw error;
  }
};

/**
 * All logs that were ever begun from a data folder, by worker: also of more workers than run now.
 *
 * @throws ConfigError when a key cannot be used
 */
export const ownLogs = (dataDir: string): readonly OwnLog[] =>
  [1, ...[...numbersIn(dataDir)].sort((a, b) => a - b)].flatMap((worker) => {
    const folder = logFolder(dataDir, worker);
    const key = readLogKey(folder);
    return key ? [{ worker, folder, key }] : [];
  });
