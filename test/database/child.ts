import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { readPidFile } from '../../src/database/postmaster.ts';
import { servesFolder } from '../../src/database/process-identity.ts';

export const isRoot = process.getuid?.() === 0;

export interface Child {
  readonly process: ChildProcess;
  readonly said: string[];
  /** The first line that holds `text`, waiting for it; undefined when the process ended before. */
  hears(text: string): Promise<string | undefined>;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Runs a fixture as a process of its own. */
export function run(
  fixture: 'owner' | 'contender',
  args: readonly string[],
  as: { uid?: number; gid?: number } = {},
): Child {
  const path = fileURLToPath(new URL(`./fixtures/${fixture}.ts`, import.meta.url));
  const loader = import.meta.resolve('#typescript');
  const child = spawn(process.execPath, ['--import', loader, path, ...args], {
    ...as,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: tmpdir(), TMPDIR: tmpdir(), LC_ALL: 'C' },
  });
  const said: string[] = [];
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('close', (code, signal) => resolve(code ?? signal)),
  );
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => said.push(line));
  }
  let over = false;
  void ended.then(() => (over = true));
  onTestFinished(async () => {
    if (!over) child.kill('SIGKILL');
    await ended;
  });
  const hears = async (text: string): Promise<string | undefined> => {
    for (;;) {
      const line = said.find((each) => each.includes(text));
      if (line !== undefined || over) return line;
      await sleep(10);
    }
  };
  return { process: child, said, hears, ended };
}

/** A folder that goes after the test, with whatever server still runs on a cluster in it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sayso-case-'));
  onTestFinished(async () => {
    const inside = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const name of inside.filter((each) => each.endsWith('postmaster.pid'))) {
      const cluster = join(folder, name, '..');
      const pid = readPidFile(cluster)?.pid ?? 0;
      if (servesFolder(pid, cluster)) process.kill(pid, 'SIGQUIT');
      await until(() => !servesFolder(pid, cluster));
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  return folder;
}

export async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error('did not come true in time');
    await sleep(10);
  }
}

/** Numbers of all running processes that have every one of these among their arguments. */
export function processesWith(...args: readonly string[]): readonly number[] {
  const argumentsOf = (pid: string): readonly string[] => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    } catch {
      return [];
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => args.every((each) => argumentsOf(pid).includes(each)))
    .map(Number);
}
