import { closeSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../core/errors.ts';
import { checkVersion, createCluster, readSecrets } from './create-cluster.ts';
import type { ServerSecrets } from './create-cluster.ts';
import { openLog } from './data-folder.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { readPidFile, stopOrphan, stopServer } from './postmaster.ts';
import {
  barredFolder,
  launch,
  launchFailed,
  programFailed,
  serverAccount,
} from './server-account.ts';
import { serverSettings } from './server-settings.ts';
import { makeSocketFolder, removeSocketFolder } from './socket-folder.ts';
import { stopAfterKill, stopWithProcess } from './stop-with-process.ts';

/** A running server, reached by its socket alone. */
export interface EmbeddedPostgres {
  readonly socketDir: string;
  readonly pid: number;
  readonly secrets: ServerSecrets;
  /** Stops the server, waiting until it is down. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Absolute; the caller holds it (see data-lock.ts) and it exists. */
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** How many there may have to be at a time; a hundred are always taken. */
  readonly connections?: number | undefined;
}

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, making the cluster at first and stopping what a killed
 * process left running. It stops when this process ends. Throws ConfigError, saying what to do, when
 * the system does not let it run.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { dataDir, log, connections } = options;
  const cluster = join(dataDir, 'postgres');
  const binaries = postgresBinaries(join(dataDir, 'postgres-lib'));
  const account = serverAccount(existsSync(cluster) ? cluster : dataDir);
  const barred =
    account &&
    (barredFolder(dataDir, account) ?? barredFolder(join(binaries.root, 'bin'), account));
  const how = { account, barred };
  const libraries = binaries.libraries === undefined ? {} : { LD_LIBRARY_PATH: binaries.libraries };
  const stale = existsSync(cluster) ? await stopOrphan(cluster, log) : undefined;
  if (!existsSync(cluster)) await createCluster(dataDir, binaries, how, libraries);
  checkVersion(cluster, binaries.major);
  const secrets = readSecrets(dataDir);
  if (!secrets) {
    const what = 'the passwords of the database (`postgres.secret`) are missing';
    throw new ConfigError([{ where: dataDir, what, mend: 'restore that file from a backup' }]);
  }

  const socketDir = makeSocketFolder(dataDir, account);
  const values = Object.entries(serverSettings(socketDir, connections));
  const output = openLog(dataDir);
  const child = launch(
    how,
    binaries.postgres,
    ['-D', cluster, ...values.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      // Its own session: the terminal's Ctrl-C is for us, who stop it when done with it.
      detached: true,
      stdio: ['ignore', output, output],
      env: {
        ...libraries,
        // The server's own way to be told that a process of this number is no server, so that a
        // stale pid file does not stop it. Deleting that file would lose its other protections.
        ...(stale === undefined ? {} : { PG_GRANDPARENT_PID: String(stale) }),
      },
    },
  );
  closeSync(output);
  child.unref();
  const end: { over?: true; error?: unknown } = {};
  child.on('error', (error) => Object.assign(end, { over: true, error }));
  child.on('exit', () => Object.assign(end, { over: true }));
  const pid = child.pid ?? 0;
  const stopWatch = pid > 0 ? stopAfterKill(pid) : (): void => undefined;
  const release = stopWithProcess({
    now: () => {
      stopWatch();
      if (!end.over) child.kill('SIGINT');
    },
    gently: () => stop(),
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      stopWatch();
      if (!(await stopServer(pid, () => end.over === true))) {
        log(`the database server ${pid} did not stop when asked`);
        return;
      }
      release();
      removeSocketFolder(socketDir);
    })());

  const patience = performance.now() + 5_000;
  let told = false;
  while (readPidFile(cluster)?.pid !== pid || readPidFile(cluster)?.status !== 'ready') {
    if (end.over) {
      await stop();
      if (end.error) throw launchFailed(how, binaries.postgres, end.error);
      throw programFailed(
        how,
        binaries.postgres,
        readFileSync(join(dataDir, 'postgres.log'), 'utf8'),
      );
    }
    // After a crash it first replays its log, which may take a while.
    if (!told && performance.now() > patience) log('the database server is still recovering');
    told ||= performance.now() > patience;
    await sleep(10);
  }
  child.on('exit', (code, signal) => {
    stopWatch();
    if (!stopped) log(`the database server stopped by itself (${signal ?? code ?? 'unknown'})`);
  });
  return { socketDir, pid, secrets, stop };
}
