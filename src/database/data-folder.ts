import { chmodSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { give } from './server-account.ts';

const largestLog = 10 * 1024 * 1024;

/** Opens the server's log for appending, beginning anew when it has grown large. */
export const openLog = (dataDir: string): number => {
  const path = join(dataDir, 'postgres.log');
  const full = existsSync(path) && statSync(path).size > largestLog;
  const file = openSync(path, full ? 'w' : 'a', 0o600);
  give(path, statSync(dataDir));
  return file;
};

/** Folder by folder: Node's own way never ends where a file system refuses to make any, as /proc does. */
const makeParents = (folder: string): void => {
  if (existsSync(folder)) return;
  makeParents(dirname(folder));
  mkdirSync(folder);
};

/** Makes the data folder and returns its real path; ConfigError when that cannot be done. */
export function makeDataFolder(dataDir: string): string {
  try {
    if (!existsSync(dataDir)) {
      makeParents(dirname(dataDir));
      mkdirSync(dataDir);
      // As root the server, being another account, has to pass through.
      chmodSync(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
    }
    return realpathSync(dataDir);
  } catch (error) {
    const what = `the data folder cannot be made (${(error as Error).message})`;
    const mend = 'set SAYSO_DATA to a folder that this user may write to';
    throw new ConfigError([{ where: dataDir, what, mend }]);
  }
}
