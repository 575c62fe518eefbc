import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { App, AppOptions, WorkerStart } from '../../app.ts';
import type { Config } from '../../config/config.ts';
import { createLogger } from '../../create-logger.ts';
import { openDatabase } from '../../database/open-database.ts';
import { checkPort } from '../../gateway/check-port.ts';
import { openDemoIssuer } from '../../identity/demo-issuer.ts';
import { loadPolicy } from '../../load-policy.ts';
import { openData, tellOfSources } from '../../open-data.ts';
import { keepWorkers, type WorkerEvents, type WorkerProcess } from './keep-workers.ts';
import type { Order, Report } from './messages.ts';

/** What the command line needs to know of a gateway that runs. */
export type Running = Pick<App, 'url' | 'policy' | 'issuer' | 'close'>;

/** Of Sayso's own, for each process; commands beside it have some as well. */
const ownPool = 10;
const spareConnections = 40;

/** Connections that all processes may have to Sayso's own server. */
const connectionsFor = ({ sources }: Config, count: number): number => {
  const pools = [...sources.values()].map((one) =>
    one.kind === 'postgres' && 'database' in one.at ? one.poolSize : 0,
  );
  return count * pools.reduce((sum, size) => sum + size, ownPool) + spareConnections;
};

/** Runs one worker in a process that shares the port with the others. */
const forkWorker = (start: WorkerStart, events: WorkerEvents): WorkerProcess => {
  const child = cluster.fork();
  const order = (one: Order): void => {
    // One that is gone is told of by its end.
    if (child.isConnected()) child.send(one, () => undefined);
  };
  let stopping = false;
  let over = false;
  const end = (how: string): void => {
    if (!over) events.onEnd(how);
    over = true;
  };
  listen(child, (report) => {
    // Told to stop while it loaded it may have missed it.
    if (report.said === 'loaded') order(stopping ? { order: 'stop' } : { order: 'serve', start });
    else if (report.said === 'serving') events.onServing(report.url);
    else events.onFailed(report.reason);
  });
  child.on('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
  // It could not be started, or not be told; one that was started ends as well.
  child.on('error', (error) => {
    if (child.process.pid === undefined) end((error as NodeJS.ErrnoException).code ?? 'unknown');
  });
  return {
    pid: child.process.pid,
    stop: () => {
      stopping = true;
      order({ order: 'stop' });
    },
    kill: () => child.process.kill('SIGKILL'),
  };
};

const listen = (child: Worker, heard: (report: Report) => void): void => {
  // The other end is `worker-main.ts`, which says nothing but reports.
  child.on('message', (report) => heard(report as Report));
};

/**
 * Starts a gateway of several processes: this one holds the data folder and prepares everything, the
 * workers serve.
 *
 * @throws as `startApp`, and SaysoError WORKER_FAILED; nothing stays running then
 */
export const startWorkers = async (
  config: Config,
  count: number,
  options: Pick<AppOptions, 'progress'> = {},
): Promise<Running> => {
  const logger = createLogger(config);
  const { policy } = await loadPolicy(config);
  // The same for all, also for one that is started again when no other is left.
  const port = await checkPort(config.host, config.port);
  const database = await openDatabase({
    config,
    role: 'gateway',
    log: (line) => logger.warn(line),
    connections: connectionsFor(config, count),
  });
  try {
    const data = await openData({
      ...{ config, policy, database, ...tellOfSources(logger), ...options },
    });
    await data.close();
    const issuer = config.demo ? await openDemoIssuer(config.dataDir) : undefined;
    cluster.setupPrimary({
      exec: fileURLToPath(new URL('../../../bin/sayso-worker.js', import.meta.url)),
      args: [],
      // Maps and sets of the configuration arrive as such.
      serialization: 'advanced',
    });
    const workers = keepWorkers({
      count,
      start: (worker, events) =>
        forkWorker(
          { config: { ...config, port }, worker, at: database.at, policyId: policy.id },
          events,
        ),
      tell: ({ message, ...about }) =>
        logger[about.code === 'WORKER_SERVES' ? 'info' : 'error'](about, message),
    });
    try {
      const url = await workers.serving;
      const close = async (): Promise<void> => {
        await workers.close();
        await database.close();
      };
      return { url, policy, issuer, close };
    } catch (error) {
      await workers.close();
      throw error;
    }
  } catch (error) {
    await database.close();
    throw error;
  }
};
