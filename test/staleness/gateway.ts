import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Place } from '../../bench/config-for.ts';
import type { Fault } from './faults.ts';

/** What a serving process is told: where to serve, then perhaps what to do wrong. */
export type Order = { readonly place: Place } | { readonly fault: Fault };
/** What it says. */
export type Report = 'ready' | 'broken' | { readonly url: string } | { readonly failed: string };

/** A gateway in a process of its own. */
export interface Gateway {
  readonly url: string;
  /** Aborts when the process ends. */
  readonly ended: AbortSignal;
  /** Breaks it on purpose, for as long as it runs. */
  breakBy(fault: Fault): Promise<void>;
  /** Ends the process; it closes what it has open, or is killed. */
  stop(): Promise<void>;
}

/** Starts a gateway; nothing stays running when that fails. */
export const startGateway = async (place: Place, signal: AbortSignal): Promise<Gateway> => {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), {
    execArgv: ['--import', import.meta.resolve('#typescript')],
    // No settings from outside: the order says everything.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new AbortController();
  child.once('exit', () => ended.abort(new Error('a gateway ended')));
  // A process that could not be started; it reports that and never exits.
  child.on('error', (error) => ended.abort(error));
  const until = AbortSignal.any([signal, ended.signal]);
  const stop = (): Promise<void> => stopProcess(child);
  try {
    // Told before it is ready, a process that still loads could miss it.
    await heard(child, until);
    const report = await told(child, { place }, until);
    if (typeof report === 'string' || !('url' in report)) throw unexpected(report);
    const breakBy = async (fault: Fault): Promise<void> => {
      const said = await told(child, { fault }, ended.signal);
      if (said !== 'broken') throw unexpected(said);
    };
    return { url: report.url, ended: ended.signal, breakBy, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Tells the process, and hears what it says to that. */
const told = (child: ChildProcess, order: Order, until: AbortSignal): Promise<Report> => {
  until.throwIfAborted();
  const report = heard(child, until);
  child.send(order);
  return report;
};

const unexpected = (report: Report): Error =>
  new Error(`a gateway did not do as told: ${JSON.stringify(report)}`);

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
