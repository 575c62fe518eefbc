import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { barredFolder, give } from './server-account.ts';
import type { ServerAccount } from './server-account.ts';

/** The kernel takes no longer path for a socket (108 bytes with the closing zero; 104 on macOS). */
const longestPath = 103;
const socketName = '.s.PGSQL.5432.lock';

const temporaryFolder = (account: ServerAccount | undefined): string => {
  const folder = tmpdir();
  const fits = Buffer.byteLength(join(folder, 'sayso-0123456789ab', 's', socketName)) < longestPath;
  const open = account === undefined || barredFolder(folder, account) === undefined;
  return fits && open ? folder : '/tmp';
};

const oursAlone = (folder: string): boolean => {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === process.getuid?.();
};

/**
 * Makes the folder for the server's socket: short, named after the data folder, in the system's
 * temporary folder, and closed to everybody but us and the server. The caller holds the data
 * folder, so what a dead server left in it is removed.
 */
export function makeSocketFolder(dataDir: string, account: ServerAccount | undefined): string {
  const temporary = temporaryFolder(account);
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  let outer = join(temporary, `sayso-${hash}`);
  mkdirSync(outer, { recursive: true, mode: 0o700 });
  // Anybody may have made that name before us, so as to put another server in our place.
  if (!oursAlone(outer)) outer = mkdtempSync(join(temporary, 'sayso-'));
  chmodSync(outer, account ? 0o711 : 0o700);
  // The server must own the folder it makes its socket in, yet must not own the name that clients
  // go by: hence two folders, of which root keeps the outer.
  const inner = join(outer, 's');
  mkdirSync(inner, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(inner)) rmSync(join(inner, file), { force: true });
  chmodSync(inner, 0o700);
  if (account) give(inner, account);
  return inner;
}

/** Removes a folder of {@link makeSocketFolder}; one that is gone or still in use is left. */
export function removeSocketFolder(inner: string): void {
  try {
    rmSync(join(inner, '..'), { recursive: true, force: true });
  } catch {
    // Only an empty folder stays behind.
  }
}
