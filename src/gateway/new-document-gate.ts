import { TooManyNewDocumentsError } from '../core/errors.ts';
import { ClientLine, type Turn, type Waiter } from './client-line.ts';
import { systemClock, type GateClock } from './gate-clock.ts';

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

export interface NewDocumentGate {
  /** A request of this client has come, whatever it asks. */
  noteRequest(client: string): void;
  /**
   * Waits for the turn of a document that nobody has sent before.
   *
   * @param signal aborts when whoever asked has gone: the place is free then
   * @throws TooManyNewDocumentsError when too many of the client wait already; the signal's reason
   */
  enter(client: string, signal: AbortSignal, turn?: Turn): Promise<void>;
  /** Whether nothing new of this client waits, so that large bodies are read as they come. */
  readsFreely(client: string): boolean;
  /**
   * Waits until there is room for one more of this client's large bodies.
   *
   * @returns what is called once it is known what the body holds, after a second at the latest
   * @throws as `enter` does
   */
  mayRead(client: string, signal: AbortSignal): Promise<() => void>;
  /** How many wait. */
  readonly waiting: number;
}

const ownPause = (cost: number): number =>
  Math.min(cost * ownFactor * Math.max(1, cost / cheapMs), mostOwnPauseMs);

/**
 * Lets documents that were not seen before in one at a time, the clients by turn. What is known never
 * comes here. While anybody else asks, each is followed by a pause in proportion to what it cost, so
 * that ever new ones take a set share of the process's time, however fast they are sent.
 */
export const createNewDocumentGate = (clock: GateClock = systemClock): NewDocumentGate => {
  /** In the order of their turns. */
  const lines = new Map<string, ClientLine>();
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

  const forget = (client: string, line: ClientLine): void => {
    if (line.isIdle(clock.now())) lines.delete(client);
  };

  const readMore = (line: ClientLine): void => {
    waiting -= line.readMore();
  };

  const drop = (client: string, line: ClientLine, waiter: Waiter): void => {
    if (!line.drop(waiter)) return;
    waiting -= 1;
    readMore(line);
    forget(client, line);
  };

  const schedule = (): void => {
    if (running) return;
    callOff?.();
    callOff = undefined;
    const now = clock.now();
    let next = Infinity;
    for (const [client, line] of lines) {
      if (!line.hasDocuments) {
        forget(client, line);
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

  const letIn = (client: string, line: ClientLine): void => {
    const waiter = line.next();
    if (!waiter) return;
    waiting -= 1;
    running = true;
    line.inTurn = true;
    // To the end of the row.
    lines.delete(client);
    lines.set(client, line);
    readMore(line);
    const since = clock.now() - (waiter.spent ?? 0);
    const end = (): void => {
      const now = clock.now();
      const cost = now - since;
      pauseUntil = isBusy(client) ? now + cost * pauseFactor : now;
      line.notBefore = isBusy(client) ? now + ownPause(cost) : now;
      running = false;
      line.inTurn = false;
      forget(client, line);
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
    let longest: readonly [string, ClientLine] | undefined;
    for (const one of lines) if (!longest || one[1].length > longest[1].length) longest = one;
    const [name, line] = longest ?? [client];
    const last = line?.last();
    if (name === client || !line || !last) throw refusal(client);
    drop(name, line, last);
    last.refuse(refusal(name));
  };

  const join = async (
    client: string,
    row: 'documents' | 'unread',
    signal: AbortSignal,
    turn: Turn = {},
  ): Promise<ClientLine> => {
    signal.throwIfAborted();
    const own = turn.keepsPlace === true ? 1 : 0;
    if ((lines.get(client)?.taken ?? 0) - own >= mostOfOne) throw refusal(client);
    if (waiting >= mostOfAll) makeRoom(client);
    const line = lines.get(client) ?? new ClientLine();
    lines.set(client, line);
    let leave: (() => void) | undefined;
    try {
      await new Promise<void>((go, refuse) => {
        const waiter = { ...turn, go, refuse };
        line.add(waiter, row);
        waiting += 1;
        leave = () => {
          drop(client, line, waiter);
          // The signal's reason is an Error, as `AbortController.abort` makes one by itself.
          refuse(signal.reason as Error);
        };
        signal.addEventListener('abort', leave, { once: true });
        readMore(line);
        schedule();
      });
      return line;
    } finally {
      if (leave) signal.removeEventListener('abort', leave);
    }
  };

  /** What is called of a body that was let be read. */
  const judgedIn = (client: string, line: ClientLine): (() => void) => {
    let isJudged = false;
    const judged = (): void => {
      if (isJudged) return;
      isJudged = true;
      callOffLimit();
      line.judged();
      readMore(line);
      forget(client, line);
    };
    const callOffLimit = clock.after(longestTurnMs, judged);
    return judged;
  };

  return {
    noteRequest: (client) => {
      const [last] = recent;
      const others = last && last.client !== client ? [last] : recent.slice(1);
      recent = [{ client, at: clock.now() }, ...others];
    },
    enter: async (client, signal, turn = {}) => {
      await join(client, 'documents', signal, turn);
    },
    readsFreely: (client) => lines.get(client)?.readsFreely ?? true,
    mayRead: async (client, signal) => {
      const line = await join(client, 'unread', signal);
      return judgedIn(client, line);
    },
    get waiting() {
      return waiting;
    },
  };
};
