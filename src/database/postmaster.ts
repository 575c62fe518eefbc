import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../core/errors.ts';
import { servesFolder, startOfProcess } from './process-identity.ts';

/** What a server writes of itself into its data folder. */
export interface PidFile {
  readonly pid: number;
  /** `starting`, `ready`, `stopping`; empty in the first moments. */
  readonly status: string;
}

/** Reads `postmaster.pid`; undefined when there is none. */
export function readPidFile(cluster: string): PidFile | undefined {
  const path = join(cluster, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return {
      pid: Math.abs(Number.parseInt(lines[0] ?? '', 10)) || 0,
      status: (lines[7] ?? '').trim(),
    };
  } catch {
    return undefined;
  }
}

const ended = async (gone: () => boolean, withinMs: number): Promise<boolean> => {
  const until = performance.now() + withinMs;
  while (!gone()) {
    if (performance.now() > until) return false;
    await sleep(10);
  }
  return true;
};

/** Asks a server to stop, ever more firmly, and waits. False when it runs on after all. */
export async function stopServer(pid: number, gone: () => boolean): Promise<boolean> {
  // Fast shutdown; then immediate, which loses nothing committed but must recover at next start.
  for (const [signal, withinMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
  ] as const) {
    // Number 0 would signal our own process group.
    if (gone() || pid <= 0) return true;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between, or is not ours to signal; the wait tells which.
    }
    if (await ended(gone, withinMs)) return true;
  }
  return gone();
}

/**
 * Stops the server that a killed owner left running on `cluster`. A number that by now belongs to
 * another process is never signalled; it is returned, so that the new server can be told to
 * disregard it. Throws ConfigError when an orphan cannot be stopped.
 */
export async function stopOrphan(
  cluster: string,
  log: (line: string) => void,
): Promise<number | undefined> {
  const pid = readPidFile(cluster)?.pid;
  if (pid === undefined) return undefined;
  if (!servesFolder(pid, cluster)) return startOfProcess(pid) === undefined ? undefined : pid;
  log(`stopping the database server ${pid}, which a killed process left running`);
  const start = startOfProcess(pid);
  if (await stopServer(pid, () => startOfProcess(pid) !== start)) return undefined;
  throw new ConfigError([
    {
      where: cluster,
      what: `the database server with pid ${pid} still works on this folder and did not stop when asked`,
      mend: `stop it with \`kill -INT ${pid}\` as its owner, then start again`,
    },
  ]);
}
