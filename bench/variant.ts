import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Profiler } from 'node:inspector';
import type { Place } from './config-for.ts';
import { loadsTypescript } from './loads-typescript.ts';

/** One way to serve the bench's query. */
export type StartVariant = (place: Place) => Promise<{
  readonly url: string;
  close(): Promise<void>;
}>;

/** Other servers, ungoverned but for `shield`, with packages of the bench's own. */
export const peerKinds = ['apollo', 'yoga', 'mercurius', 'mercurius-jit', 'shield'] as const;
export type PeerKind = (typeof peerKinds)[number];
export type VariantKind = 'governed' | 'ungoverned' | PeerKind;

/** What the serving process is asked, and what it answers. */
export type Ask =
  | { readonly ask: 'start'; readonly kind: VariantKind; readonly place: Place }
  | { readonly ask: 'cpu' | 'profile' | 'profiled' };
export interface Answers {
  readonly start: { readonly url: string };
  /** Microseconds, user and system. */
  readonly cpu: number;
  readonly profile: null;
  readonly profiled: Profiler.Profile;
}
export type Answer = { readonly answer: unknown } | { readonly failed: string };

/** A variant in a process of its own. */
export class Variant {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;

  private constructor(url: string, child: ChildProcess, signal: AbortSignal) {
    this.url = url;
    this.#child = child;
    this.#signal = signal;
  }

  static async start(kind: VariantKind, place: Place, signal: AbortSignal): Promise<Variant> {
    const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), {
      execArgv: loadsTypescript,
      // Nothing from outside decides what is measured.
      // All run as servers do in production: graphql-js checks more where they do not.
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        NODE_ENV: 'production',
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    try {
      // Told too early, a process that still loads could miss it.
      await heard(child, signal);
      const { url } = await ask<'start'>(child, { ask: 'start', kind, place }, signal);
      return new Variant(url, child, signal);
    } catch (error) {
      await stop(child);
      throw error;
    }
  }

  /** CPU used so far, in microseconds, as the operating system counts it for this process. */
  cpu(): Promise<number> {
    return ask<'cpu'>(this.#child, { ask: 'cpu' }, this.#signal);
  }

  /** A CPU profile of what the process does during the work. */
  async profile(work: () => Promise<unknown>): Promise<Profiler.Profile> {
    await ask<'profile'>(this.#child, { ask: 'profile' }, this.#signal);
    await work();
    return ask<'profiled'>(this.#child, { ask: 'profiled' }, this.#signal);
  }

  stop(): Promise<void> {
    return stop(this.#child);
  }
}

/** However busy the machine: one that says nothing for so long has failed. */
const silentMs = 60_000;

/** The next that the process says. @throws when it ends, stays silent, or the run is broken off */
const heard = async (child: ChildProcess, signal: AbortSignal): Promise<unknown> => {
  const ended = new AbortController();
  const over = (): void => ended.abort(new Error('a serving process ended'));
  child.once('exit', over);
  const silent = AbortSignal.timeout(silentMs);
  const until = AbortSignal.any([ended.signal, signal, silent]);
  try {
    const [said] = (await once(child, 'message', { signal: until })) as [unknown];
    return said;
  } catch (error) {
    if (silent.aborted) throw new Error('a serving process does not answer', { cause: error });
    throw until.aborted ? until.reason : error;
  } finally {
    child.off('exit', over);
  }
};

const ask = async <K extends keyof Answers>(
  child: ChildProcess,
  message: Ask & { readonly ask: K },
  signal: AbortSignal,
): Promise<Answers[K]> => {
  if (!child.connected) throw new Error('a serving process ended');
  const answered = heard(child, signal);
  child.send(message);
  // The other end is `serve.ts`, which answers each as the types say.
  const answer = (await answered) as Answer;
  if ('failed' in answer) throw new Error(answer.failed);
  return answer.answer as Answers[K];
};

/** A process that is told to stop closes what it has open; one that does not is ended. */
const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(impatience);
};
