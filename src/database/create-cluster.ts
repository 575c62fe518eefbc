import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { give, launch, launchFailed, programFailed } from './server-account.ts';
import type { Launch } from './server-account.ts';

/** Passwords of the server's own superuser and of the role that Sayso works as. */
export interface ServerSecrets {
  readonly superuser: string;
  readonly sayso: string;
}

const secretsFile = (dataDir: string): string => join(dataDir, 'postgres.secret');

/** Reads the passwords that {@link createCluster} made; undefined where there is no cluster yet. */
export function readSecrets(dataDir: string): ServerSecrets | undefined {
  if (!existsSync(secretsFile(dataDir))) return undefined;
  return JSON.parse(readFileSync(secretsFile(dataDir), 'utf8')) as ServerSecrets;
}

const run = (how: Launch, program: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = launch(how, program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', (error) => reject(launchFailed(how, program, error)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(programFailed(how, program, said));
    });
  });

const unfinished = 'postgres.new-';

const removeUnfinished = (dataDir: string): void => {
  for (const name of readdirSync(dataDir).filter((entry) => entry.startsWith(unfinished))) {
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // Its initdb outlives a killed owner for a moment and still writes; the next start tries again.
    }
  }
};

/**
 * Makes a new cluster at `<dataDir>/postgres`. It is made under another name and renamed when
 * whole, so being killed on the way leaves nothing that looks like a cluster.
 */
export async function createCluster(
  dataDir: string,
  binaries: PostgresBinaries,
  how: Launch,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  removeUnfinished(dataDir);
  // Kept when there are some: the cluster may only be missing because its disk is not mounted.
  const secrets: ServerSecrets = readSecrets(dataDir) ?? {
    superuser: randomBytes(24).toString('base64url'),
    sayso: randomBytes(24).toString('base64url'),
  };
  const work = join(dataDir, `${unfinished}${randomBytes(6).toString('hex')}`);
  const cluster = join(work, 'cluster');
  const password = join(work, 'password');
  for (const folder of [work, cluster]) {
    mkdirSync(folder, { mode: 0o700 });
    chmodSync(folder, 0o700);
    if (how.account) give(folder, how.account);
  }
  writeFileSync(password, secrets.superuser, { mode: 0o600 });
  if (how.account) give(password, how.account);
  const args = [
    ...['--pgdata', cluster, '--username', 'postgres', '--auth', 'scram-sha-256'],
    ...['--pwfile', password, '--encoding', 'UTF8', '--no-instructions'],
    // PostgreSQL's own collation: text sorts alike on every system and after every upgrade of it.
    ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
  ];
  try {
    await run(how, binaries.initdb, args, env);
    // The passwords go first: a cluster without them would be of no use, the reverse is harmless.
    writeFileSync(join(work, 'secret'), JSON.stringify(secrets), { mode: 0o600, flush: true });
    renameSync(join(work, 'secret'), secretsFile(dataDir));
    give(secretsFile(dataDir), statSync(dataDir));
    renameSync(cluster, join(dataDir, 'postgres'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Throws ConfigError when the cluster was made by another major version of PostgreSQL. */
export function checkVersion(cluster: string, major: string): void {
  const made = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (made === major) return;
  throw new ConfigError([
    {
      where: cluster,
      what: `this database was made by PostgreSQL ${made}, the one installed is ${major}`,
      mend: `export it with the version of Sayso that made it and import it into an empty folder, or set DATABASE_URL`,
    },
  ]);
}
