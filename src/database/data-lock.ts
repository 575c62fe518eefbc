import * as fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../core/errors.ts';
import { beatMs, lives, newest, ownerFile, readOwner, silentMs, writeDraft } from './owner-file.ts';
import type { OwnedDatabase, Owner, Role } from './owner-file.ts';
import { processSpace, startOfProcess } from './process-identity.ts';
import { give } from './server-account.ts';

export interface DataLock {
  /** Tells commands where to find the database. */
  publish(database: OwnedDatabase): void;
  release(): void;
}

/** Either the folder is ours, or a running gateway has a database there to join. */
export type Claim = { readonly lock: DataLock } | { readonly beside: Owner };

const hold = (folder: string, turn: number, me: Owner): DataLock => {
  let now = me;
  const beat = setInterval(() => {
    try {
      fs.utimesSync(ownerFile(folder, turn), new Date(), new Date());
    } catch {
      // The folder is being removed; whoever does that knows.
    }
  }, beatMs).unref();
  const write = (change: Partial<Owner>): void => {
    now = { ...now, ...change };
    fs.renameSync(writeDraft(folder, now), ownerFile(folder, turn));
  };
  return {
    publish: (database) => write({ database }),
    release: () => {
      clearInterval(beat);
      if (!now.released && fs.existsSync(folder)) write({ released: true });
    },
  };
};

/**
 * One try. INVARIANT: the file of the highest number names the owner and is never deleted, only
 * marked; the next owner makes the next number. Creating a file that must not exist yet is the one
 * step that decides, so a stale owner is replaced by exactly one process, and a process that dozed
 * off between looking and taking finds its number taken or overtaken.
 */
export function tryClaim(dataDir: string, role: Role): DataLock | Owner {
  const folder = join(dataDir, 'owner');
  if (!fs.existsSync(folder)) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    give(folder, fs.statSync(dataDir));
  }
  const started = startOfProcess(process.pid) ?? 'unknown';
  const me: Owner = { pid: process.pid, role, space: processSpace, started };
  const draft = writeDraft(folder, me);
  try {
    for (;;) {
      const last = newest(folder);
      const owner = last > 0 ? readOwner(ownerFile(folder, last)) : undefined;
      if (owner && lives(owner, ownerFile(folder, last))) return owner;
      try {
        fs.linkSync(draft, ownerFile(folder, last + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      if (newest(folder) !== last + 1) {
        fs.rmSync(ownerFile(folder, last + 1), { force: true });
        continue;
      }
      for (const name of fs.readdirSync(folder)) {
        if (/^\d+\.json$/.test(name) && name !== `${last + 1}.json`) {
          fs.rmSync(join(folder, name), { force: true });
        }
      }
      return hold(folder, last + 1, me);
    }
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

const inUse = (dataDir: string, { pid, role }: Owner): ConfigError =>
  new ConfigError(
    [
      {
        where: dataDir,
        what: `this data folder is in use by a Sayso ${role} with pid ${pid}`,
        mend: `stop that process (\`kill ${pid}\`), or set SAYSO_DATA to another folder`,
      },
    ],
    'DATA_DIRECTORY_IN_USE',
  );

/** A folder of another user's, a read-only or a too simple file system. */
const unusable = (dataDir: string, error: unknown): unknown => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOTSUP', 'ENOSPC'].includes(code ?? '')) return error;
  const what = `this process cannot write to the data folder (${message})`;
  const mend = 'run as the user that owns it, or set SAYSO_DATA to another folder';
  return new ConfigError([{ where: dataDir, what, mend }]);
};

const claimOnce = (dataDir: string, role: Role): DataLock | Owner => {
  try {
    return tryClaim(dataDir, role);
  } catch (error) {
    throw unusable(dataDir, error);
  }
};

/** How long each waits for its turn; two gateways do not take turns. */
const patienceMs = { gateway: 15_000, command: 30_000 } as const;

/**
 * Takes the data folder for this process, waiting for a command to end. A command beside a gateway
 * gets that gateway's database instead. Throws ConfigError `DATA_DIRECTORY_IN_USE`, naming the
 * owner, when a gateway holds the folder that a gateway wants, or when waiting took too long; another
 * ConfigError when the folder cannot be written to.
 */
export async function claimDataFolder(
  dataDir: string,
  role: Role,
  log: (line: string) => void,
  waitMs: number = patienceMs[role],
): Promise<Claim> {
  const until = performance.now() + waitMs;
  let told = false;
  for (;;) {
    const other = claimOnce(dataDir, role);
    if ('release' in other) return { lock: other };
    if (role === 'command' && other.role === 'gateway' && other.database) return { beside: other };
    const elsewhere = other.space !== processSpace;
    if (role === 'gateway' && other.role === 'gateway' && !elsewhere) throw inUse(dataDir, other);
    // An owner in a container that was killed is known for dead only after its silence.
    if (performance.now() > until + (elsewhere ? silentMs : 0)) throw inUse(dataDir, other);
    if (!told) log(`waiting for the Sayso ${other.role} with pid ${other.pid} to finish`);
    told = true;
    await sleep(100);
  }
}
