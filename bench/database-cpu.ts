import { readdir, readFile } from 'node:fs/promises';

/** The kernel counts CPU for others in hundredths of a second. */
const tick = 10_000;

interface Stat {
  readonly parent: number;
  /** Microseconds of children that have ended. */
  readonly ended: number;
}

const read = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined);

const statOf = async (pid: string): Promise<Stat | undefined> => {
  const text = await read(`/proc/${pid}/stat`);
  // The program's name may hold anything, brackets included.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  if (!fields) return undefined;
  const at = (i: number): number => Number(fields[i]);
  return { parent: at(1), ended: (at(13) + at(14)) * tick };
};

const usedBy = async (pid: string): Promise<number> => {
  const [nanoseconds = '0'] = (await read(`/proc/${pid}/schedstat`))?.split(' ') ?? [];
  return Number(nanoseconds) / 1_000;
};

/**
 * CPU that a PostgreSQL server and all its processes have used so far, in microseconds; `undefined`
 * where the operating system does not tell (everywhere but on Linux).
 */
export const databaseCpu = async (postmaster: number): Promise<number | undefined> => {
  if (process.platform !== 'linux') return undefined;
  let sum = 0;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await statOf(pid);
    const itself = Number(pid) === postmaster;
    if (!stat || (stat.parent !== postmaster && !itself)) continue;
    sum += (await usedBy(pid)) + (itself ? stat.ended : 0);
  }
  return sum;
};
