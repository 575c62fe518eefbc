import type { Size } from './shop.ts';

/** How much is measured. */
export interface Effort {
  /** Each with new processes. */
  readonly teams: number;
  /** Rounds of one team. */
  readonly rounds: number;
  /** Turns that the variants take within a round, so that a busy moment meets all of them. */
  readonly turns: number;
  /** The peers' turns: fewer, as they are further from what they are compared with. */
  readonly peerTurns: number;
  /**
   * Requests of one turn, of the gateway and its twin and of the peers: about a second of each. In less,
   * a variant would pay mostly for what the others have pushed out of the processor's caches, which a
   * server that has a machine to itself does not; and the gateway for more than its share of what it does
   * once a second.
   */
  readonly requests: Readonly<Record<'own' | 'peers', Readonly<Record<Size, number>>>>;
  /**
   * Turns before anything is counted, in two passes over the sizes. A server runs for days, so what is
   * measured is one that has been running: after a few thousand small requests the compiler is still at
   * work, the more so the more code there is, and each figure is up to twice what it comes to.
   */
  readonly warmUp: Readonly<Record<Size, number>>;
  /**
   * Milliseconds between the two passes in which nobody is asked anything. When a process that has been
   * busy has nothing to do for 8 seconds, V8 collects all garbage, and with it the shapes of objects that
   * only passed through; code compiled for these goes as well, and is compiled anew. That happens about
   * once in its life, and is no part of what a request costs.
   */
  readonly restMs: number;
  /** Requests in front of what is counted, as a share of it. */
  readonly leadIn: number;
  /** Numbers of callers that take one turn more each, beside those that are asked for. */
  readonly otherCallers: readonly number[];
  /**
   * On a machine that is busy otherwise no further round is begun when it would end later. Without
   * it all are measured, however long that takes.
   */
  readonly seconds?: number;
}

/** Fewer are no measurement, however long they take. */
export const fewestRounds = 3;

export const efforts = {
  full: {
    teams: 5,
    rounds: 1,
    turns: 3,
    peerTurns: 2,
    requests: { own: { 1: 2_000, 100: 640, 1_000: 96 }, peers: { 1: 2_000, 100: 160, 1_000: 20 } },
    warmUp: { 1: 6, 100: 4, 1_000: 4 },
    restMs: 20_000,
    leadIn: 0.5,
    otherCallers: [1, 32],
  },
  quick: {
    teams: 1,
    rounds: 3,
    turns: 1,
    peerTurns: 1,
    requests: { own: { 1: 600, 100: 192, 1_000: 32 }, peers: { 1: 300, 100: 48, 1_000: 10 } },
    warmUp: { 1: 8, 100: 4, 1_000: 4 },
    restMs: 0,
    leadIn: 0.5,
    otherCallers: [],
    seconds: 38,
  },
} as const satisfies Readonly<Record<string, Effort>>;
