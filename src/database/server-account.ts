import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../core/errors.ts';

/** The unprivileged account that the server runs as; PostgreSQL refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

const accounts = (): ReadonlyMap<number, ServerAccount & { readonly name: string }> => {
  const text = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  const rows = text.split('\n').map((line) => line.split(':'));
  return new Map(
    rows
      .filter((row) => row.length > 3)
      .map(([name = '', , uid, gid]) => [
        Number(uid),
        { name, uid: Number(uid), gid: Number(gid) },
      ]),
  );
};

/**
 * Who the server runs as: undefined when this process is an ordinary user (then it is that user).
 * Root becomes the owner of `folder` where that is an ordinary user, so that the folder keeps
 * working without root; else `nobody`.
 */
export function serverAccount(folder: string): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = accounts();
  const owner = statSync(folder).uid;
  // initdb insists on a name for its account, so a bare number will not do.
  const chosen =
    (owner === 0 ? undefined : known.get(owner)) ??
    [...known.values()].find(({ name, uid }) => name === 'nobody' && uid !== 0);
  if (chosen) return { uid: chosen.uid, gid: chosen.gid };
  throw new ConfigError([
    {
      where: folder,
      what: 'root may not run PostgreSQL, and this system has no account `nobody` to run it as',
      mend: 'start as an ordinary user, or set DATABASE_URL',
    },
  ]);
}

/** The outermost folder on the way to `path` (itself included) that the account cannot enter. */
export function barredFolder(path: string, account: ServerAccount): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : barredFolder(parent, account);
  if (above !== undefined) return above;
  const { mode, uid, gid } = statSync(path);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & bit) === 0 ? path : undefined;
}

/** Gives what we made as root to whoever owns the folder it is in, or to the server. */
export function give(path: string, to: { readonly uid: number; readonly gid: number }): void {
  if (process.getuid?.() === 0) chownSync(path, to.uid, to.gid);
}

export interface Launch {
  readonly account: ServerAccount | undefined;
  /** Set when the account cannot reach the program or its data by itself. */
  readonly barred: string | undefined;
}

/**
 * Starts a PostgreSQL program as its account. Below a folder closed to that account, as in a clone
 * under /root, it keeps one capability of root's: to pass through folders and read.
 */
export function launch(
  { account, barred }: Launch,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  // INVARIANT: nothing of our environment goes along; it may hold keys and passwords.
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...options.env };
  const common = { ...options, env, cwd: '/' };
  if (account === undefined) return spawn(program, args, common);
  if (barred === undefined) return spawn(program, args, { ...common, ...account });
  const capability = '-all,+dac_read_search';
  const become = [
    ...['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups'],
    ...['--inh-caps', capability, '--ambient-caps', capability, '--bounding-set', capability],
    // Else access(2), by which PostgreSQL looks for its own program, disregards the capability.
    ...['--securebits', '+no_setuid_fixup', '--no-new-privs', '--'],
  ];
  return spawn('setpriv', [...become, program, ...args], common);
}

/** The start-up error for a program that could not be started at all. */
export function launchFailed({ barred }: Launch, program: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  if (barred !== undefined) {
    return new ConfigError([
      {
        where: barred,
        what: `the account that PostgreSQL runs as cannot enter this folder, and util-linux's \`setpriv\`, which would let it, did not start (${reason})`,
        mend: 'move the project or SAYSO_DATA out of this folder, start as an ordinary user, or set DATABASE_URL',
      },
    ]);
  }
  return new ConfigError([
    {
      where: program,
      what: `PostgreSQL could not be started (${reason})`,
      mend: 'check that the file system allows programs (not `noexec`) and that this process may change its user; or set DATABASE_URL',
    },
  ]);
}

/** The start-up error for a program that started and gave up, having said `said`. */
export function programFailed(how: Launch, program: string, said: string): ConfigError {
  const last = said.trim().split('\n').slice(-3).join('; ');
  if (how.barred !== undefined && last.includes('setpriv:')) {
    return launchFailed(how, program, new Error(last));
  }
  return new ConfigError([
    {
      where: program,
      what: `PostgreSQL did not start: ${last}`,
      mend: 'mend what it names; where this system cannot run it, set DATABASE_URL',
    },
  ]);
}
