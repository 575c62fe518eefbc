import { TooManyNewDocumentsError } from '../core/errors.ts';

/** Documents of one client that wait at a time, and of all together. */
const mostOfOne = 64;
const mostOfAll = 512;
/** Others have asked within this time: then new documents leave room for them. */
const busyMs = 1_000;
/** After a document, all that are new pause for so many times what it cost. */
const pauseFactor = 4;
/** Its client's own pause: a tenth of the time, and ever less the longer one document takes. */
const ownFactor = 9;
const cheapMs = 2;
const mostOwnPauseMs = 5_000;
/** Whoever is let in and waits for something else gives the turn up after this long. */
const longestTurnMs = 1_000;

interface Waiter {
  readonly go: () => void;
  readonly held: ((leave: () => void) => void) | undefined;
  readonly refuse: (error: Error) => void;
}

interface Line {
  readonly waiting: Waiter[];
  /** It has its next turn then. */
  notBefore: number;
}

/** The clock and the event loop; tests have their own. */
export interface GateClock {
  /** Milliseconds. */
  now(): number;
  /** Calls back after so long, and not before what has arrived was looked at. @returns calls it off */
  after(ms: number, then: () => void): () => void;
  /** Calls back when what goes on now has come to wait for something. */
  settled(then: () => void): void;
}

export interface NewDocumentGate {
  /** A request of this client has come, whatever it asks. */
  noteRequest(client: string): void;
  /**
   * Waits for the turn of a document that nobody has sent before.
   *
   * @param signal aborts when whoever asked has gone: the place is free then
   * @param held given what ends the turn, which then lasts until that is called (a second at most);
   *   without, it ends when what goes on comes to wait for something
   * @throws TooManyNewDocumentsError when too many of the client wait already; the signal's reason
   */
  enter(client: string, signal: AbortSignal, held?: (leave: () => void) => void): Promise<void>;
  /** How many wait. */
  readonly waiting: number;
}

const systemClock: GateClock = {
  now: () => performance.now(),
  after: (ms, then) => {
    // An immediate comes behind what has arrived, which a timer of 0 ms need not.
    let immediate: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      immediate = setImmediate(then);
    }, ms);
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
  // Ticks come when no promise is left that could go on.
  settled: (then) => queueMicrotask(() => process.nextTick(then)),
};

const ownPause = (cost: number): number =>
  Math.min(cost * ownFactor * Math.max(1, cost / cheapMs), mostOwnPauseMs);

/**
 * Lets documents that were not seen before in one at a time, the clients by turn. What is known never
 * comes here. While anybody else asks, each is followed by a pause in proportion to what it cost, so
 * that ever new ones take a set share of the process's time, however fast they are sent.
 */
export const createNewDocumentGate = (clock: GateClock = systemClock): NewDocumentGate => {
  /** In the order of their turns. */
  const lines = new Map<string, Line>();
  let waiting = 0;
  let running = false;
  let pauseUntil = 0;
  let callOff: (() => void) | undefined;
  /** The last two clients that asked, the later one first. */
  let recent: readonly { readonly client: string; readonly at: number }[] = [];

  const isBusy = (client: string): boolean =>
    recent.some((one) => one.client !== client && clock.now() - one.at < busyMs);

  const refusal = (client: string): Error => {
    const wait = Math.max(0, (lines.get(client)?.notBefore ?? 0) - clock.now());
    return new TooManyNewDocumentsError(Math.ceil(Math.min(60_000, Math.max(1_000, wait)) / 1_000));
  };

  const drop = (client: string, line: Line, waiter: Waiter): void => {
    const place = line.waiting.indexOf(waiter);
    if (place < 0) return;
    line.waiting.splice(place, 1);
    waiting -= 1;
    if (line.waiting.length === 0 && line.notBefore <= clock.now()) lines.delete(client);
  };

  const schedule = (): void => {
    if (running) return;
    callOff?.();
    callOff = undefined;
    const now = clock.now();
    let next = Infinity;
    for (const [client, line] of lines) {
      if (line.waiting.length === 0) {
        if (line.notBefore <= now) lines.delete(client);
        continue;
      }
      const at = Math.max(line.notBefore, pauseUntil);
      if (at <= now) {
        letIn(client, line);
        return;
      }
      next = Math.min(next, at);
    }
    if (next < Infinity) callOff = clock.after(next - now, schedule);
  };

  const letIn = (client: string, line: Line): void => {
    const waiter = line.waiting.shift();
    if (!waiter) return;
    waiting -= 1;
    running = true;
    // To the end of the row.
    lines.delete(client);
    lines.set(client, line);
    const since = clock.now();
    const end = (): void => {
      const now = clock.now();
      const cost = now - since;
      pauseUntil = isBusy(client) ? now + cost * pauseFactor : now;
      line.notBefore = isBusy(client) ? now + ownPause(cost) : now;
      running = false;
      if (waiting === 0 && line.notBefore <= now) lines.delete(client);
      // Not at once: what arrived meanwhile comes first.
      if (waiting > 0) callOff = clock.after(0, schedule);
    };
    let left = false;
    let callOffLimit = (): void => undefined;
    const leave = (): void => {
      if (left) return;
      left = true;
      callOffLimit();
      clock.settled(end);
    };
    if (waiter.held) {
      callOffLimit = clock.after(longestTurnMs, leave);
      waiter.held(leave);
      waiter.go();
    } else {
      waiter.go();
      leave();
    }
  };

  /** Makes room at the cost of whoever has most waiting. */
  const makeRoom = (client: string): void => {
    let longest: readonly [string, Line] | undefined;
    for (const one of lines)
      if (!longest || one[1].waiting.length > longest[1].waiting.length) longest = one;
    const [name, line] = longest ?? [client];
    const last = line?.waiting.at(-1);
    if (name === client || !line || !last) throw refusal(client);
    drop(name, line, last);
    last.refuse(refusal(name));
  };

  return {
    noteRequest: (client) => {
      const [last] = recent;
      const others = last && last.client !== client ? [last] : recent.slice(1);
      recent = [{ client, at: clock.now() }, ...others];
    },
    enter: async (client, signal, held) => {
      signal.throwIfAborted();
      if ((lines.get(client)?.waiting.length ?? 0) >= mostOfOne) throw refusal(client);
      if (waiting >= mostOfAll) makeRoom(client);
      const line = lines.get(client) ?? { waiting: [], notBefore: 0 };
      lines.set(client, line);
      let leave: (() => void) | undefined;
      try {
        await new Promise<void>((go, refuse) => {
          const waiter = { go, refuse, held };
          line.waiting.push(waiter);
          waiting += 1;
          leave = () => {
            drop(client, line, waiter);
            // The signal's reason is an Error, as `AbortController.abort` makes one by itself.
            refuse(signal.reason as Error);
          };
          signal.addEventListener('abort', leave, { once: true });
          schedule();
        });
      } finally {
        if (leave) signal.removeEventListener('abort', leave);
      }
    },
    get waiting() {
      return waiting;
    },
  };
};
