import type { ConsentInput } from '../../src/core/consent.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import type { Measuring } from './measure-reads.ts';
import { idOf, sayableNow, sayings, seal, subjectType } from './people.ts';
import { timed } from './timing.ts';

/** Callers who each wait for their answer before they say the next. */
export const callerCounts = [1, 8, 32] as const;
export type CallerCount = (typeof callerCounts)[number];

/** Events per second. */
export interface WriteFigures {
  readonly imported: number;
  readonly single: Readonly<Record<CallerCount, number>>;
}

const importBatch = 2_000;

/** Persons in an order that looks like none, the same in every run. */
const somebody = (subjects: number): (() => ConsentInput['subject']) => {
  let seed = 4_711;
  return () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return { type: subjectType, id: idOf(Math.floor((seed / 2 ** 32) * subjects)) };
  };
};

const measureImport = async (
  store: ConsentStore,
  next: () => ConsentInput['subject'],
  batches: number,
): Promise<number> => {
  const at = new Date();
  const batch = (): readonly ConsentInput[] =>
    Array.from({ length: importBatch }, (_, i) => ({
      kind: 'given' as const,
      ...sayings[i % sayings.length],
      subject: next(),
      method: 'import',
      at,
    }));
  await store.append(batch());
  const prepared = Array.from({ length: batches }, batch);
  const ms = await timed(async () => {
    for (const inputs of prepared) await store.append(inputs);
  });
  return (batches * importBatch * 1_000) / ms;
};

/** Persons who say yes or take it back, each for one purpose and with an answer of its own. */
const measureSingle = async (
  store: ConsentStore,
  next: () => ConsentInput['subject'],
  callers: number,
  seconds: number,
): Promise<number> => {
  let done = 0;
  const until = performance.now() + seconds * 1_000;
  const caller = async (): Promise<void> => {
    for (let i = 0; performance.now() < until; i += 1) {
      await store.append([
        {
          subject: next(),
          kind: i % 2 === 0 ? 'given' : 'withdrawn',
          purpose: sayableNow[i % sayableNow.length],
          method: 'web-form',
        },
      ]);
      done += 1;
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: callers }, caller)));
  return (done * 1_000) / ms;
};

/** Measures how many events per second the ledger's writer takes. */
export const measureWrites = async (m: Measuring): Promise<WriteFigures> => {
  const { knex, policy, subjects, say } = m;
  const store = new ConsentStore(knex, new SubjectDirectory(knex, subjects + 65_536, seal), policy);
  const next = somebody(subjects);
  const large = subjects >= 100_000;
  say('imports');
  const imported = await measureImport(store, next, large ? 40 : 3);
  const single: Partial<Record<CallerCount, number>> = {};
  for (const callers of callerCounts) {
    say(`single statements of ${callers} at a time`);
    // Once unmeasured, until connections are open and code is compiled.
    await measureSingle(store, next, callers, large ? 1 : 0.2);
    single[callers] = await measureSingle(store, next, callers, large ? 8 : 0.5);
  }
  return { imported, single: single as Readonly<Record<CallerCount, number>> };
};
