import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** Whether a signal could reach a process of that number; somebody else's counts too. */
const answers = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Other systems than Linux have no /proc; `ps` knows the same two facts. */
const ps = (pid: number, column: string): string | undefined => {
  try {
    const args = ['-o', `${column}=`, '-p', String(pid)];
    const said = execFileSync('ps', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said.trim() || undefined;
  } catch {
    return undefined;
  }
};

/**
 * Where process numbers mean what they mean here: this boot, this PID namespace. A number written
 * by another container or before a reboot says nothing about the processes we can see.
 */
export const processSpace: string = [
  read('/proc/sys/kernel/random/boot_id') ?? 'no-boot-id',
  ((): string => {
    try {
      return readlinkSync('/proc/self/ns/pid');
    } catch {
      return 'no-namespace';
    }
  })(),
].join(' ');

/** The start of a process that runs but may not be looked at. */
export const hiddenStart = 'hidden';

/**
 * When the process of that number started, as text to compare and not to read; undefined when
 * there is none, or only a zombie. Number and start together name a process for good, while a
 * number alone is soon given to another.
 */
export function startOfProcess(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !answers(pid)) return undefined;
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) {
    return process.platform === 'linux' ? hiddenStart : ps(pid, 'lstart');
  }
  // The second field is the program's name in brackets and may itself hold brackets and spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/**
 * Whether process `pid` is a PostgreSQL server working on the data folder `folder`. A server stays
 * in its data folder, so this holds even after the folder was moved.
 */
export function servesFolder(pid: number, folder: string): boolean {
  if (startOfProcess(pid) === undefined) return false;
  const command = read(`/proc/${pid}/cmdline`)?.split('\0') ?? ps(pid, 'args')?.split(' ') ?? [];
  if (basename(command[0] ?? '') !== 'postgres') return false;
  try {
    const [cwd, ours] = [statSync(`/proc/${pid}/cwd`), statSync(folder)];
    return cwd.dev === ours.dev && cwd.ino === ours.ino;
  } catch {
    return command.includes(folder) || command.join(' ').includes(` ${folder} `);
  }
}
