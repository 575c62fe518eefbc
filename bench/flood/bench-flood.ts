import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDemoIssuer } from '../../src/identity/demo-issuer.ts';
import { loadsTypescript } from '../loads-typescript.ts';
import { purposes } from '../shop.ts';
import type { Stage } from '../stage.ts';
import { Variant } from '../variant.ts';
import type { Called, CallOrder } from './caller.ts';
import { floodKinds, type FloodKind } from './documents.ts';

export interface FloodRun {
  readonly stage: Stage;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
  /** Nine unless told. */
  readonly rounds?: number;
}

/** The 99th percentile of the steady callers' times, medians over the rounds. */
export interface FloodFigures {
  /** With the flood against without, of pairs measured one after the other; lowest and highest. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly alone_ms: number;
  readonly flooded_ms: number;
}

export interface FloodReport extends FloodFigures {
  /** What the figures above are of: the kind with the highest ratio. */
  readonly worst: FloodKind;
  readonly kinds: Readonly<
    Record<
      FloodKind,
      FloodFigures & { readonly answered_per_second: Readonly<Record<string, number>> }
    >
  >;
}

/** Eight callers of four clients. */
const steadyClients = ['one', 'two', 'three', 'four'];
const callersEach = 2;
const everyMs = 100;
const connections = 32;
/** Faster than what is measured, so that little is left to compile then. */
const warmUp = { every: 16, milliseconds: 10_000 } as const;
/** A gateway is at rest when it takes less of a processor, over so long. */
const rest = { share: 0.05, milliseconds: 250, most: 20_000 } as const;
/** Short, and often: what stands still for a moment, a disk for example, then decides one pair of many. */
const measuredMs = 4_000;
const usualRounds = 9;
/** The flood has begun before anything is measured. */
const leadMs = 1_000;

class CallingProcess {
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;

  private constructor(child: ChildProcess, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
  }

  static async start(signal: AbortSignal): Promise<CallingProcess> {
    const child = fork(fileURLToPath(new URL('caller.ts', import.meta.url)), {
      execArgv: loadsTypescript,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'] },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message', { signal });
    return new CallingProcess(child, signal);
  }

  async call(order: CallOrder): Promise<Called> {
    const answered = once(this.#child, 'message', { signal: this.#signal });
    this.#child.send(order);
    // The other end is `caller.ts`, which says one of the two.
    const [said] = (await answered) as [{ called: Called } | { failed: string }];
    if ('failed' in said) throw new Error(said.failed);
    return said.called;
  }

  stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    return Promise.resolve();
  }
}

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]): number =>
  sorted(values)[Math.floor((values.length - 1) / 2)] ?? NaN;
const p99 = (values: readonly number[]): number =>
  sorted(values)[Math.max(0, Math.ceil(values.length * 0.99) - 1)] ?? NaN;
const rounded = (value: number): number => Number(value.toFixed(2));

/** @throws when a steady caller was not answered: a gateway that sheds them would look fast */
const latenciesOf = ({ latencies, statuses }: Called): readonly number[] => {
  const others = Object.keys(statuses).filter((status) => status !== '200');
  if (others.length === 0 && latencies.length > 0) return latencies;
  throw new Error(`steady callers were answered ${others.join(', ')}`);
};

interface Pair {
  readonly alone: number;
  readonly flooded: number;
  readonly statuses: Called['statuses'];
}

const figuresOf = (pairs: readonly Pair[]): FloodReport['kinds'][FloodKind] => {
  const ratios = pairs.map(({ alone, flooded }) => flooded / alone);
  const totals = new Map<string, number>();
  for (const { statuses } of pairs)
    for (const [status, count] of Object.entries(statuses))
      totals.set(status, (totals.get(status) ?? 0) + count);
  const seconds = (pairs.length * (measuredMs + leadMs)) / 1_000;
  return {
    ratio: rounded(median(ratios)),
    low: rounded(Math.min(...ratios)),
    high: rounded(Math.max(...ratios)),
    alone_ms: rounded(median(pairs.map(({ alone }) => alone))),
    flooded_ms: rounded(median(pairs.map(({ flooded }) => flooded))),
    answered_per_second: Object.fromEntries(
      [...totals].map(([status, count]) => [status, rounded(count / seconds)]),
    ),
  };
};

/**
 * How much longer others wait while one client floods: eight callers ask for one customer at a set
 * rate, alone and beside a client that sends documents nobody has seen over 32 connections as fast as
 * it is answered. Gateway and callers are processes of their own.
 */
export const benchFlood = async (run: FloodRun): Promise<FloodReport> => {
  const { stage, signal, say, owns, rounds = usualRounds } = run;
  const issuer = await openDemoIssuer(join(stage.folder, 'identity'));
  const mint = (client: string): Promise<string> =>
    issuer.mint({ client, scope: `purpose:${purposes.measured}` });
  const clients = Array.from({ length: callersEach }, () => steadyClients).flat();
  const tokens = await Promise.all(clients.map(mint));
  const token = await mint('flood');
  const gateway = await Variant.start('governed', stage.place('flood'), signal);
  owns(() => gateway.stop());
  const steady = await CallingProcess.start(signal);
  owns(() => steady.stop());
  const flooder = await CallingProcess.start(signal);
  owns(() => flooder.stop());
  const { url } = gateway;
  const callSteadily = async (
    milliseconds: number,
    every: number = everyMs,
  ): Promise<readonly number[]> =>
    latenciesOf(await steady.call({ call: 'steady', url, tokens, every, milliseconds }));
  /** What a flood has begun goes on behind it: it is no part of how fast others are alone. */
  const untilAtRest = async (): Promise<void> => {
    const { share, milliseconds, most } = rest;
    for (let waited = 0; waited < most; waited += milliseconds) {
      const before = await gateway.cpu();
      await sleep(milliseconds, undefined, { signal });
      if ((await gateway.cpu()) - before < share * milliseconds * 1_000) return;
    }
    throw new Error('the gateway does not come to rest');
  };
  const pairOf = async (kind: FloodKind): Promise<Pair> => {
    await untilAtRest();
    const alone = p99(await callSteadily(measuredMs));
    const milliseconds = measuredMs + leadMs;
    const flood = flooder.call({ call: 'flood', url, token, kind, connections, milliseconds });
    await sleep(leadMs, undefined, { signal });
    const flooded = p99(await callSteadily(measuredMs));
    return { alone, flooded, statuses: (await flood).statuses };
  };
  await callSteadily(warmUp.milliseconds, warmUp.every);
  const pairs = new Map<FloodKind, Pair[]>(floodKinds.map((kind) => [kind, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const kind of floodKinds) {
      const pair = await pairOf(kind);
      pairs.get(kind)?.push(pair);
      const { alone, flooded } = pair;
      const told = `p99 ${rounded(alone)} ms alone, ${rounded(flooded)} ms flooded`;
      say(`flood of ${kind}, round ${round} of ${rounds}: ${told}`);
    }
  }
  await Promise.all([steady.stop(), flooder.stop(), gateway.stop()]);
  const [aliases, fresh, largest] = floodKinds.map((kind) => figuresOf(pairs.get(kind) ?? []));
  if (!aliases || !fresh || !largest) throw new Error('nothing was measured');
  const kinds = { aliases, fresh, largest };
  const [worst = 'aliases'] = [...floodKinds].sort((a, b) => kinds[b].ratio - kinds[a].ratio);
  const { ratio, low, high, alone_ms, flooded_ms } = kinds[worst];
  return { worst, ratio, low, high, alone_ms, flooded_ms, kinds };
};
