import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Place } from '../../bench/config-for.ts';
import type { Fault } from './faults.ts';

/** What a serving process is told once it is ready. */
export interface Order {
  readonly place: Place;
  readonly fault: Fault | undefined;
}
/** What it says. */
export type Report = 'ready' | { readonly url: string } | { readonly failed: string };

/** A gateway in a process of its own. */
export interface Gateway {
  readonly url: string;
  /** Aborts when the process ends. */
  readonly ended: AbortSignal;
  /** Ends the process; it closes what it has open, or is killed. */
  stop(): Promise<void>;
}

/** Starts a gateway; nothing stays running when that fails. */
export const startGateway = async (order: Order, signal: AbortSignal): Promise<Gateway> => {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), {
    execArgv: ['--import', import.meta.resolve('tsx')],
    // No settings from outside: the order says everything.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new AbortController();
  child.once('exit', () => ended.abort(new Error('a gateway ended')));
  // A process that could not be started; it reports that and never exits.
  child.once('error', (error) => ended.abort(error));
  const until = AbortSignal.any([signal, ended.signal]);
  const stop = (): Promise<void> => stopProcess(child);
  try {
    // Told before it is ready, a process that still loads could miss it.
    await heard(child, until);
    const told = heard(child, until);
    child.send(order);
    const report = await told;
    if (report === 'ready') throw new Error('a gateway was ready twice');
    if ('failed' in report) throw new Error(`a gateway did not start: ${report.failed}`);
    return { url: report.url, ended: ended.signal, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const heard = async (child: ChildProcess, until: AbortSignal): Promise<Report> => {
  try {
    // The other end is `serve.ts`, which says nothing but reports.
    const [report] = (await once(child, 'message', { signal: until })) as [Report];
    return report;
  } catch (error) {
    throw until.aborted ? until.reason : error;
  }
};

const stopProcess = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 8_000);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(impatience);
};
