import { loadavg } from 'node:os';
import { ledgerPolicy } from './policy.ts';
import { ledgerReportOf, type LedgerReport } from './report.ts';
import { setLedgerStage } from './stage.ts';
import { measureApart } from './worker.ts';

/** How large a ledger is measured. */
export interface LedgerSize {
  readonly subjects: number;
  /** Of each subject. */
  readonly events: number;
}

/** What is asked for when nothing else is said. */
export const fullLedger: LedgerSize = { subjects: 1_000_000, events: 10 };

/**
 * What `npm run bench` measures beside the requests: as many as numbers are put into the lottery at
 * a time, so that bytes per subject are those of a larger ledger.
 */
export const smallLedger: LedgerSize = { subjects: 65_536, events: 10 };

/** One batch of 1,000, and enough of the others. */
export const fewestSubjects = 2_000;

/** What the run gets from the bench around it. */
export interface LedgerRun {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Called with what has to be stopped, should the run end early. */
  readonly owns: (stop: () => Promise<void>) => void;
}

/** Fills a ledger and measures reading and writing it, each in a process of its own. */
export const benchLedger = async (size: LedgerSize, run: LedgerRun): Promise<LedgerReport> => {
  const begin = performance.now();
  const { signal, say } = run;
  const events = (size.subjects * size.events).toLocaleString('en');
  say(`filling a ledger with ${events} events of ${size.subjects.toLocaleString('en')} subjects`);
  const stage = await setLedgerStage({ ...size, policy: await ledgerPolicy(), signal, say });
  run.owns(() => stage.close());
  const megabytes = Math.round(stage.databaseBytes / 1_000_000).toLocaleString('en');
  say(`filled in ${Math.round(stage.fillSeconds)} s; the database has ${megabytes} MB`);
  const job = { connection: stage.connection, subjects: size.subjects };
  const loads = [loadavg()[0] ?? NaN];
  const reads = await measureApart('reads', job, run);
  loads.push(loadavg()[0] ?? NaN);
  const writes = await measureApart('writes', job, run);
  loads.push(loadavg()[0] ?? NaN);
  await stage.close();
  return ledgerReportOf({ reads, writes }, { size, stage, loads, begin });
};
