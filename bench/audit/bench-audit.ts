import { loadavg } from 'node:os';
import type { AuditStore } from '../../src/audit/audit-store.ts';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import { databaseCpu } from '../database-cpu.ts';
import { timingOf, type Timing } from '../ledger/timing.ts';
import { entryWith, operationOf, record, type Operation } from './entries.ts';
import { setAuditStage, type AuditStage } from './stage.ts';

/** What the run gets from the bench around it. */
export interface AuditRun {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

export const callerCounts = [64, 512] as const;
export type CallerCount = (typeof callerCounts)[number];
export const requestSizes = [1, 100, 1_000] as const;
export type RequestSize = (typeof requestSizes)[number];

const rounds = 5;
const millisecondsEach = 2_000;
const requests = { 1: 4_000, 100: 2_000, 1_000: 400 } as const satisfies Record<
  RequestSize,
  number
>;
const requestCallers = 8;

/** CPU in microseconds of one request. */
export interface AddedCpu {
  readonly node: number;
  readonly total: number | undefined;
}

export interface AuditFigures {
  /** Durable entries per second, small ones of one customer. */
  readonly shared: Readonly<Record<CallerCount, Timing>>;
  /** The same with a commit for each operation. */
  readonly alone: Readonly<Record<CallerCount, Timing>>;
  /** CPU of the shared rounds, for one entry. */
  readonly cpuPerEntry: Readonly<Record<CallerCount, AddedCpu>>;
  /** What auditing adds to a request that touches so many customers. */
  readonly added: Readonly<Record<RequestSize, AddedCpu>>;
  readonly entryBytes: Readonly<Record<RequestSize, number>>;
  readonly loads: readonly number[];
  readonly postgresVersion: string;
}

type Appending = Pick<AuditStore, 'append'>;

/** One after the other, however many wait: a log is one chain, so each commits by itself. */
const commitEach = (store: Appending): Appending => {
  let last: Promise<unknown> = Promise.resolve();
  return {
    append: (entry) => {
      const own = last.then(() => store.append(entry));
      last = own.catch(() => undefined);
      return own;
    },
  };
};

const drive = async (callers: number, next: () => Promise<unknown> | undefined): Promise<void> => {
  const call = async (): Promise<void> => {
    for (let work = next(); work !== undefined; work = next()) await work;
  };
  await Promise.all(Array.from({ length: callers }, call));
};

const perSecond = async (
  store: Appending,
  callers: number,
  small: Operation,
  { signal }: AuditRun,
): Promise<{ readonly rate: number; readonly done: number }> => {
  const packed = record(small);
  const begin = performance.now();
  let done = 0;
  await drive(callers, () => {
    signal.throwIfAborted();
    if (performance.now() - begin > millisecondsEach) return undefined;
    return store.append(entryWith(packed)).then(() => (done += 1));
  });
  return { rate: (done * 1_000) / (performance.now() - begin), done };
};

const cpuOf = async (
  stage: AuditStage,
  times: () => number,
  work: () => Promise<unknown>,
): Promise<AddedCpu> => {
  const database = await databaseCpu(stage.postmaster);
  const own = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(own);
  const after = await databaseCpu(stage.postmaster);
  const node = (user + system) / times();
  const known = database !== undefined && after !== undefined;
  return { node, total: known ? node + (after - database) / times() : undefined };
};

/** Records, packs, encodes, hashes and writes what an answer of that size decides. */
const addedCpu = async (stage: AuditStage, size: RequestSize, run: AuditRun): Promise<AddedCpu> => {
  const store = await stage.log();
  const operation = operationOf(size);
  const count = requests[size];
  const work = async (times: number): Promise<void> => {
    let left = times;
    await drive(requestCallers, () => {
      run.signal.throwIfAborted();
      left -= 1;
      return left < 0 ? undefined : store.append(entryWith(record(operation)));
    });
  };
  await work(count / 4);
  const costs: AddedCpu[] = [];
  for (let round = 0; round < rounds; round += 1)
    costs.push(
      await cpuOf(
        stage,
        () => count,
        () => work(count),
      ),
    );
  return medianOf(costs);
};

const middle = (values: readonly number[]): number => timingOf(values).median;
const medianOf = (costs: readonly AddedCpu[]): AddedCpu => ({
  node: middle(costs.map(({ node }) => node)),
  total: costs.every(({ total }) => total !== undefined)
    ? middle(costs.map(({ total }) => total ?? NaN))
    : undefined,
});

const everyOf = async <K extends number, V>(
  keys: readonly K[],
  make: (key: K) => V | Promise<V>,
): Promise<Record<K, V>> => {
  const all: [K, V][] = [];
  for (const key of keys) all.push([key, await make(key)]);
  return Object.fromEntries(all) as Record<K, V>;
};

/** Measures what the log takes and what it costs, on a PostgreSQL of its own. */
export const benchAudit = async (run: AuditRun): Promise<AuditFigures> => {
  run.say('the audit log: durable entries per second');
  const stage = await setAuditStage();
  run.owns(() => stage.close());
  const small = operationOf(1);
  const loads = [loadavg()[0] ?? NaN];
  const rates = { shared: new Map<number, number[]>(), alone: new Map<number, number[]>() };
  const cpu = new Map<number, AddedCpu[]>();
  await perSecond(await stage.log(), 64, small, run);
  for (let round = 0; round < rounds; round += 1) {
    for (const callers of callerCounts) {
      const store = await stage.log();
      let done = 1;
      const cost = await cpuOf(
        stage,
        () => done,
        async () => {
          const measured = await perSecond(store, callers, small, run);
          ({ done } = measured);
          rates.shared.set(callers, [...(rates.shared.get(callers) ?? []), measured.rate]);
        },
      );
      cpu.set(callers, [...(cpu.get(callers) ?? []), cost]);
      const each = await perSecond(commitEach(await stage.log()), callers, small, run);
      rates.alone.set(callers, [...(rates.alone.get(callers) ?? []), each.rate]);
    }
  }
  loads.push(loadavg()[0] ?? NaN);
  run.say('the audit log: CPU that it adds to a request');
  const added = await everyOf(requestSizes, (size) => addedCpu(stage, size, run));
  loads.push(loadavg()[0] ?? NaN);
  const figures: AuditFigures = {
    shared: await everyOf(callerCounts, (callers) => timingOf(rates.shared.get(callers) ?? [])),
    alone: await everyOf(callerCounts, (callers) => timingOf(rates.alone.get(callers) ?? [])),
    cpuPerEntry: await everyOf(callerCounts, (callers) => medianOf(cpu.get(callers) ?? [])),
    added,
    entryBytes: await everyOf(requestSizes, (size) =>
      encodeEntry(entryWith(record(operationOf(size))), new Date()).reduce(
        (sum, { length }) => sum + length,
        0,
      ),
    ),
    loads,
    postgresVersion: stage.postgresVersion,
  };
  await stage.close();
  return figures;
};
