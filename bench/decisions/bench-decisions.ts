import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ConsentInput } from '../../src/core/consent.ts';
import { migrate } from '../../src/database/migrate.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { seal, subjectType } from '../ledger/people.ts';
import { loadsTypescript } from '../loads-typescript.ts';
import { openTemporaryDatabase } from '../temporary-database.ts';
import {
  deciders,
  libraries,
  type DeciderKind,
  type DecisionFigures,
  type DecisionRound,
  type DecisionsJob,
  type Said,
} from './deciders.ts';
import { contract, idOf, purposeNames, subjectCount, yesOf } from './people.ts';
import { decisionsPolicy } from './policy.ts';
import { decisionsReportOf, type DecisionsReport } from './report.ts';

/** What the run gets from the bench around it. */
export interface DecisionsRun {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

const rounds = 5;
/** Sayings of one transaction. */
const saidAtOnce = 4_000;

const sayings = (): readonly ConsentInput[] =>
  Array.from({ length: subjectCount }, (_, i) => i).flatMap((person) =>
    purposeNames.flatMap((purpose) => {
      const categories = purpose === contract ? [] : yesOf(person, purpose);
      const subject = { type: subjectType, id: idOf(person) };
      return categories.length === 0
        ? []
        : [{ subject, kind: 'given' as const, purpose, categories, method: 'import' }];
    }),
  );

const decideApart = (
  kind: DeciderKind,
  job: DecisionsJob,
  signal: AbortSignal,
): Promise<DecisionFigures> => {
  const child = fork(fileURLToPath(new URL('decide.ts', import.meta.url)), [kind], {
    execArgv: loadsTypescript,
    // Nothing from outside decides what is measured.
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      NODE_ENV: 'production',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    signal,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    let found: DecisionFigures | undefined;
    child.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    child.on('message', (said: Said) => {
      if ('failed' in said) reject(new Error(said.failed));
      else found = said.figures;
    });
    child.on('exit', () => {
      if (found === undefined) reject(new Error(`the process of \`${kind}\` ended`));
      else resolve(found);
    });
    child.send(job);
  });
};

/** @throws when a library decides otherwise than the product */
export const checkOutcomes = (round: DecisionRound): void => {
  const { outcomes } = round.sayso;
  for (const library of libraries) {
    const others = round[library].outcomes;
    const differ = outcomes.findIndex((one, i) => one !== others[i]);
    if (differ >= 0 || others.length !== outcomes.length)
      throw new Error(`\`${library}\` does not decide as Sayso does, first at triple ${differ}`);
  }
};

/** Decisions per second of the product and of libraries, each in processes of its own. */
export const benchDecisions = async (run: DecisionsRun): Promise<DecisionsReport> => {
  const { signal, say } = run;
  say(`decisions: writing what ${subjectCount.toLocaleString('en')} persons said`);
  const { database, postgresVersion, close } = await openTemporaryDatabase();
  run.owns(close);
  await migrate(database.knex);
  const subjects = new SubjectDirectory(database.knex, subjectCount, seal);
  const store = new ConsentStore(database.knex, subjects, await decisionsPolicy());
  const said = sayings();
  for (let from = 0; from < said.length; from += saidAtOnce) {
    signal.throwIfAborted();
    await store.append(said.slice(from, from + saidAtOnce));
  }
  const job = { connection: database.connection('sayso') };
  const found: DecisionRound[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const figures = new Map<DeciderKind, DecisionFigures>();
    for (const kind of deciders) figures.set(kind, await decideApart(kind, job, signal));
    // Every decider has just been asked.
    const all = Object.fromEntries(figures) as DecisionRound;
    checkOutcomes(all);
    found.push(all);
    say(`decisions: round ${round} of ${rounds}`);
  }
  await close();
  return decisionsReportOf(found, postgresVersion);
};
