import type { Knex } from 'knex';
import { byKnex } from '../../src/core/statement.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { ConsentSnapshot, type LedgerView } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { foldEvents } from '../../src/ledger/fold-events.ts';
import { readEvents } from '../../src/ledger/stored-events.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { Cold, shuffledNumbers } from './cold.ts';
import { grown, memoryNow, type Memory } from './memory.ts';
import { idOf, sayableNow, seal, subjectType } from './people.ts';
import { cpuOf, timed, timingOf, type Timing } from './timing.ts';

/** What both measuring processes work with. */
export interface Measuring {
  readonly knex: Knex;
  readonly policy: Policy;
  readonly subjects: number;
  readonly say: (line: string) => void;
}

/** Sizes of the batches of persons asked for at a time. */
export const batchSizes = [1, 100, 1_000] as const;
export type BatchSize = (typeof batchSizes)[number];
const most: Readonly<Record<BatchSize, number>> = { 1: 400, 100: 100, 1_000: 50 };

export interface ReadFigures {
  readonly pairs: number;
  readonly purposes: number;
  readonly empty: Memory;
  readonly snapshot: Memory;
  readonly directory: Memory;
  readonly loadSeconds: number;
  readonly cold: Readonly<Record<BatchSize, Timing>>;
  /** Microseconds per subject of this process's CPU for a cold batch of 1,000, folding included. */
  readonly coldCpu: number;
  readonly foldCpu: number;
  readonly warm: Timing;
  readonly coldIds: Timing;
  readonly follow: { readonly unchanged: Timing; readonly changed: Timing };
}

const loadBatch = 5_000;
const timeoutMs = 60_000;

const ensured = async (
  snapshot: ConsentSnapshot,
  numbers: readonly number[],
  view: LedgerView,
): Promise<void> => {
  if (!(await snapshot.ensure(numbers, view)) || !snapshot.holds(numbers, view))
    throw new Error('say-so is not in memory after it was loaded');
};

/** As a gateway has them. */
const snapshotOf = ({ knex, policy }: Measuring, room: number): ConsentSnapshot =>
  new ConsentSnapshot(knex, policy, room, undefined, preparedStatements(knex));
const directoryOf = ({ knex }: Measuring, room: number): SubjectDirectory =>
  new SubjectDirectory(knex, room, seal, preparedStatements(knex));

/** Compiles what is measured and opens connections; leaves no subject in memory. */
const warmUp = async (m: Measuring): Promise<void> => {
  // Few and always the same, so that memory that was used once does not hide what is used later.
  const few = Array.from({ length: 1_000 }, (_, i) => i);
  const ids = few.map(idOf);
  for (let i = 0; i < 20; i += 1) {
    const snapshot = snapshotOf(m, 2_000);
    const view = await snapshot.view();
    await Promise.all([snapshot.ensure(few, view), snapshot.ensure([i], view)]);
    await directoryOf(m, 2_000).numbersOf(subjectType, ids);
  }
};

const measureCold = async (snapshot: ConsentSnapshot, cold: Cold, subjects: number) => {
  const view = await snapshot.view();
  const timings: Partial<Record<BatchSize, Timing>> = {};
  let cpu = 0;
  for (const size of batchSizes) {
    const times = Math.max(1, Math.min(most[size], Math.floor(subjects / 4 / size)));
    const ms: number[] = [];
    cpu = await cpuOf(async () => {
      for (let i = 0; i < times; i += 1) {
        const numbers = cold.take(size);
        ms.push(await timed(() => ensured(snapshot, numbers, view)));
      }
    });
    cpu /= times * size;
    timings[size] = timingOf(ms);
  }
  return { cold: timings as Readonly<Record<BatchSize, Timing>>, coldCpu: cpu };
};

/** The fold alone, and whether the snapshot holds what it gives. */
const measureFold = async (m: Measuring, snapshot: ConsentSnapshot, numbers: readonly number[]) => {
  const events = await readEvents(byKnex(m.knex), numbers, timeoutMs);
  const times = 20;
  const cpu = await cpuOf(() => {
    for (let i = 0; i < times; i += 1)
      for (const number of numbers) foldEvents(events.get(number) ?? [], m.policy);
  });
  for (const number of numbers) {
    const { states, expiry } = foldEvents(events.get(number) ?? [], m.policy);
    for (let pair = 0; pair < m.policy.pairs.length; pair += 1) {
      const same =
        snapshot.state(number, pair) === states[pair] &&
        snapshot.expiry(number, pair) === (expiry.get(pair) ?? Infinity);
      if (!same) throw new Error('the snapshot does not hold what was said');
    }
  }
  return cpu / (times * numbers.length);
};

/** Loads everybody who is not in memory yet; two batches under way, as with several callers. */
const loadAll = async (snapshot: ConsentSnapshot, cold: Cold, m: Measuring): Promise<void> => {
  const view = await snapshot.view();
  let loaded = 0;
  const caller = async (): Promise<void> => {
    for (;;) {
      const numbers = cold.take(loadBatch);
      if (numbers.length === 0) return;
      await ensured(snapshot, numbers, view);
      loaded += numbers.length;
      if (loaded % 100_000 === 0) m.say(`${loaded.toLocaleString('en')} subjects loaded`);
    }
  };
  await Promise.all([caller(), caller()]);
};

const loadIds = async (directory: SubjectDirectory, subjects: number): Promise<Timing> => {
  const ms: number[] = [];
  for (let from = 0; from < subjects; from += 1_000) {
    const ids = Array.from({ length: Math.min(1_000, subjects - from) }, (_, i) => idOf(from + i));
    ms.push(await timed(() => directory.numbersOf(subjectType, ids)));
  }
  return timingOf(ms);
};

const measureFollow = async (m: Measuring, snapshot: ConsentSnapshot) => {
  const { knex, policy } = m;
  const unchanged: number[] = [];
  for (let i = 0; i < 300; i += 1) unchanged.push(await timed(() => snapshot.view()));
  const store = new ConsentStore(knex, new SubjectDirectory(knex, 10_000, seal), policy);
  const changed: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const at = new Date();
    await store.append(
      Array.from({ length: 1_000 }, (_, k) => ({
        subject: { type: subjectType, id: idOf((i * 1_000 + k) % m.subjects) },
        kind: 'withdrawn',
        purpose: sayableNow[k % sayableNow.length],
        method: 'web-form',
        at,
      })),
    );
    changed.push(await timed(() => snapshot.view()));
  }
  return { unchanged: timingOf(unchanged), changed: timingOf(changed) };
};

/** Measures memory of a snapshot that holds everybody, and how long it takes to fill and follow. */
export const measureReads = async (m: Measuring): Promise<ReadFigures> => {
  const { knex, policy, subjects, say } = m;
  const numbers = await shuffledNumbers(knex, subjects);
  const cold = new Cold(numbers);
  // Room for all numbers of the last block, most of which stand for nobody.
  const room = subjects + 65_536;
  await warmUp(m);
  const empty = await memoryNow();
  const snapshot = snapshotOf(m, room);
  say('cold batches');
  const colds = await measureCold(snapshot, cold, subjects);
  const loading = await timed(() => loadAll(snapshot, cold, m));
  const full = await memoryNow();
  const directory = directoryOf(m, room);
  say('numbers of all ids');
  const coldIds = await loadIds(directory, subjects);
  const both = await memoryNow();
  const some = [...numbers.subarray(0, 1_000)];
  const foldCpu = await measureFold(m, snapshot, some);
  const view = await snapshot.view();
  const warm: number[] = [];
  for (let i = 0; i < 300; i += 1) {
    const at = (i * 1_000) % (subjects - 999);
    const batch = [...numbers.subarray(at, at + 1_000)];
    warm.push(await timed(() => snapshot.ensure(batch, view)));
  }
  say('following changes');
  const follow = await measureFollow(m, snapshot);
  return {
    pairs: policy.pairs.length,
    purposes: new Set(policy.pairs.map(({ purpose }) => purpose)).size,
    empty,
    snapshot: grown(empty, full),
    directory: grown(full, both),
    loadSeconds: loading / 1_000,
    ...colds,
    foldCpu,
    warm: timingOf(warm),
    coldIds,
    follow,
  };
};
