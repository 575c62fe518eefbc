import { setTimeout as sleep } from 'node:timers/promises';
import { SaysoError } from '../../core/errors.ts';
import type { Reason } from './messages.ts';

/** What becomes of a process; each is told at most once. */
export interface WorkerEvents {
  readonly onServing: (url: string) => void;
  /** It cannot serve, and is about to end. */
  readonly onFailed: (reason: Reason) => void;
  /** @param how `exit code 1`, `signal SIGKILL` */
  readonly onEnd: (how: string) => void;
}

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Lets it finish what is under way, and end. */
  stop(): void;
  kill(): void;
}

/** What operators are told. */
export interface WorkerNews {
  readonly worker: number;
  readonly code: 'WORKER_ENDED' | 'WORKER_FAILED' | 'WORKER_SERVES';
  readonly message: string;
}

export interface KeepOptions {
  /** How many, numbered from 1. */
  readonly count: number;
  readonly start: (worker: number, events: WorkerEvents) => WorkerProcess;
  readonly tell: (news: WorkerNews) => void;
  /** Milliseconds. */
  readonly timing?: Partial<Timing>;
}

interface Timing {
  /** Before one that ended is started again; doubles with each that does not last. */
  readonly again: number;
  readonly mostAgain: number;
  /** One that has served for so long has lasted. */
  readonly lasting: number;
  /** How long they may take to end. */
  readonly grace: number;
}

export interface KeptWorkers {
  /** Where they serve, once all do. @throws SaysoError when one cannot */
  readonly serving: Promise<string>;
  /** Ends them; done when none is left. */
  close(): Promise<void>;
}

interface Seat {
  process?: WorkerProcess | undefined;
  servedAt?: number | undefined;
  hasServed: boolean;
  reason?: Reason | undefined;
  /** Ends in a row that came too soon. */
  early: number;
  timer?: NodeJS.Timeout;
}

const usual: Timing = { again: 200, mostAgain: 30_000, lasting: 60_000, grace: 60_000 };

/** Ends without a reason, while the start is under way, before it is given up. */
const mostSilentEnds = 3;

/**
 * Keeps so many processes serving. While the start is under way one that cannot serve ends all;
 * afterwards one that ends is started again, ever later, and the others go on.
 */
export const keepWorkers = ({ count, start, tell, timing }: KeepOptions): KeptWorkers => {
  const { again, mostAgain, lasting, grace } = { ...usual, ...timing };
  const seats = new Map<number, Seat>();
  let started = false;
  let closing = false;
  let settle: { resolve: (url: string) => void; reject: (error: Error) => void };
  const serving = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever closes before they serve waits for nothing.
  serving.catch(() => undefined);
  let allEnded: () => void = () => undefined;

  const launch = (worker: number, seat: Seat): void => {
    seat.reason = undefined;
    seat.servedAt = undefined;
    seat.process = start(worker, {
      onServing: (url) => {
        seat.servedAt = performance.now();
        if (seat.hasServed) tell({ worker, code: 'WORKER_SERVES', message: 'it serves again' });
        seat.hasServed = true;
        if (started || ![...seats.values()].every((one) => one.servedAt !== undefined)) return;
        started = true;
        settle.resolve(url);
      },
      onFailed: (reason) => {
        seat.reason = reason;
      },
      onEnd: (how) => ended(worker, seat, how),
    });
  };

  const ended = (worker: number, seat: Seat, how: string): void => {
    const lasted = performance.now() - (seat.servedAt ?? Infinity) >= lasting;
    seat.process = undefined;
    seat.servedAt = undefined;
    seat.early = lasted ? 0 : seat.early + 1;
    if (closing) {
      if ([...seats.values()].every((one) => one.process === undefined)) allEnded();
      return;
    }
    const given = started ? undefined : givenUp(worker, seat, how);
    if (given) {
      settle.reject(given);
      return;
    }
    const { code } = seat.reason ?? {};
    // What is no error of ours may hold what was sent to a database.
    const why = seat.reason ? `: ${code ? `${code}: ${seat.reason.message}` : 'a defect'}` : '';
    const wait = Math.min(again * 2 ** Math.max(0, seat.early - 1), mostAgain);
    const message = `it ended (${how})${why}; it is started again in ${wait} ms`;
    tell({ worker, code: seat.reason ? 'WORKER_FAILED' : 'WORKER_ENDED', message });
    seat.timer = setTimeout(() => launch(worker, seat), wait);
  };

  for (let worker = 1; worker <= count; worker += 1)
    seats.set(worker, { hasServed: false, early: 0 });
  for (const [worker, seat] of seats) launch(worker, seat);

  return {
    serving,
    close: async () => {
      closing = true;
      settle.reject(new Error('closed before they served'));
      for (const { timer } of seats.values()) clearTimeout(timer);
      const left = (): readonly WorkerProcess[] =>
        [...seats.values()].flatMap(({ process }) => process ?? []);
      if (left().length === 0) return;
      const gone = new Promise<void>((resolve) => {
        allEnded = resolve;
      });
      for (const process of left()) process.stop();
      const waiting = new AbortController();
      const patience = sleep(grace, undefined, { signal: waiting.signal }).then(
        () => left().forEach((process) => process.kill()),
        () => undefined,
      );
      await gone;
      waiting.abort();
      await patience;
    },
  };
};

/** Why the whole start is to end, if it is. */
const givenUp = (worker: number, { reason, early }: Seat, how: string): Error | undefined => {
  if (reason?.code) return new SaysoError(reason.message, { code: reason.code, status: 500 });
  // As it would be without workers: the stack of a defect, for whoever started it.
  if (reason) return Object.assign(new Error(reason.message), { stack: reason.message });
  if (early < mostSilentEnds) return undefined;
  return new SaysoError(
    `worker ${worker} ended ${early} times before it could serve (${how}): see the lines above, and whether memory ran out; SAYSO_WORKERS=1 serves without workers`,
    { code: 'WORKER_FAILED', status: 500 },
  );
};
