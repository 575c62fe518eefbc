import type { LedgerSize } from './bench-ledger.ts';
import { batchSizes, type BatchSize } from './measure-reads.ts';
import { callerCounts } from './measure-writes.ts';
import type { Memory } from './memory.ts';
import type { LedgerStage } from './stage.ts';
import type { Timing } from './timing.ts';
import type { Figures } from './worker.ts';

interface Spread {
  readonly median: number;
  readonly p95: number;
}

interface Megabytes {
  readonly resident: number;
  readonly used: number;
}

export interface LedgerReport {
  readonly subjects: number;
  readonly events: number;
  readonly purposes: number;
  readonly pairs: number;
  /** Say-so and ids of a million subjects, over the empty process; null where too few tell nothing. */
  readonly memory_1m_mb: number | null;
  /** Of that what is allocated, without what the heap has taken and not given back. */
  readonly bytes_per_subject: number;
  readonly memory_mb: Readonly<Record<'empty' | 'snapshot' | 'ids', Megabytes>>;
  readonly cold_batch_ms: Readonly<Record<BatchSize, Spread>>;
  readonly cold_ids_1000_ms: Spread;
  readonly warm_batch_ms: number;
  /** CPU of the gateway, without the database's. */
  readonly cpu_us_per_subject: { readonly cold_batch: number; readonly fold: number };
  readonly load_all_seconds: number;
  readonly events_per_second: Readonly<
    Record<'import' | 'single_1' | 'single_8' | 'single_32', number>
  >;
  /** By how many subjects changed since the head was read before. */
  readonly follow_ms: Readonly<Record<0 | 1_000, Spread>>;
  readonly fill_seconds: number;
  readonly database_mb: number;
  /** Processes wanting a core: before reading, between, and after writing. */
  readonly load_average: readonly number[];
  readonly postgres: string;
  readonly seconds: number;
}

/** What a million subjects may take; see docs/performance.md. */
export const memoryBarMb = 150;
/** Fewer do not fill the pages that memory is taken by. */
const telling = 50_000;
/** Fewer do not show in what the operating system counts. */
const showing = 500_000;

const rounded = (value: number): number => Number(value.toFixed(2));
const spread = ({ median, p95 }: Timing): Spread => ({
  median: rounded(median),
  p95: rounded(p95),
});
const inMb = ({ resident, used }: Memory): Megabytes => ({
  resident: rounded(resident / 1e6),
  used: rounded(used / 1e6),
});

export const ledgerReportOf = (
  { reads, writes }: Figures,
  run: {
    readonly size: LedgerSize;
    readonly stage: LedgerStage;
    readonly loads: readonly number[];
    readonly begin: number;
  },
): LedgerReport => {
  const { subjects, events } = run.size;
  const { empty, snapshot, directory } = reads;
  const used = snapshot.used + directory.used;
  const resident = snapshot.resident + directory.resident;
  // The larger, where both can be told: what is allocated may lie in memory taken before.
  const taken = subjects >= showing ? Math.max(resident, used) : used;
  return {
    subjects,
    events: subjects * events,
    purposes: reads.purposes,
    pairs: reads.pairs,
    memory_1m_mb: subjects >= telling ? rounded(taken / subjects) : null,
    bytes_per_subject: rounded(used / subjects),
    memory_mb: { empty: inMb(empty), snapshot: inMb(snapshot), ids: inMb(directory) },
    cold_batch_ms: {
      1: spread(reads.cold[1]),
      100: spread(reads.cold[100]),
      1_000: spread(reads.cold[1_000]),
    },
    cold_ids_1000_ms: spread(reads.coldIds),
    warm_batch_ms: rounded(reads.warm.median),
    cpu_us_per_subject: { cold_batch: rounded(reads.coldCpu), fold: rounded(reads.foldCpu) },
    load_all_seconds: rounded(reads.loadSeconds),
    events_per_second: {
      import: Math.round(writes.imported),
      single_1: Math.round(writes.single[1]),
      single_8: Math.round(writes.single[8]),
      single_32: Math.round(writes.single[32]),
    },
    follow_ms: { 0: spread(reads.follow.unchanged), 1_000: spread(reads.follow.changed) },
    fill_seconds: rounded(run.stage.fillSeconds),
    database_mb: rounded(run.stage.databaseBytes / 1e6),
    load_average: run.loads.map(rounded),
    postgres: run.stage.postgresVersion,
    seconds: Math.round((performance.now() - run.begin) / 1_000),
  };
};

const count = (value: number): string => value.toLocaleString('en');
const ms = ({ median, p95 }: Spread): string => `${median} ms (95% within ${p95})`;

const verdictOn = (mb: number | null): string => {
  if (mb === null) return 'too few subjects to say';
  return `${mb} MB, ${mb <= memoryBarMb ? 'within' : 'OVER'} the bar of ${memoryBarMb}`;
};

/** The report for people, as a Markdown table. */
export const ledgerTableOf = (r: LedgerReport): string => {
  const { snapshot, ids } = r.memory_mb;
  const mb = ({ used, resident }: Megabytes): string =>
    r.subjects >= showing ? `${used} MB (resident ${resident})` : `${used} MB`;
  const per = r.events_per_second;
  const rows = [
    ['memory: say-so of all', mb(snapshot)],
    ['memory: numbers of all ids', mb(ids)],
    ['memory: both, per subject', `${r.bytes_per_subject} bytes`],
    ['memory: both, a million subjects', verdictOn(r.memory_1m_mb)],
    ...batchSizes.map((size) => [`cold batch of ${count(size)}`, ms(r.cold_batch_ms[size])]),
    ['  gateway’s CPU per subject', `${r.cpu_us_per_subject.cold_batch} µs`],
    ['  of it folding', `${r.cpu_us_per_subject.fold} µs`],
    ['warm batch of 1,000', `${r.warm_batch_ms} ms`],
    ['numbers of 1,000 cold ids', ms(r.cold_ids_1000_ms)],
    ['head, nobody changed', ms(r.follow_ms[0])],
    ['head, 1,000 changed', ms(r.follow_ms[1_000])],
    ['events per second, imported', count(per.import)],
    ...callerCounts.map((callers) => [
      `events per second, ${callers} ${callers === 1 ? 'caller' : 'callers'}`,
      count(per[`single_${callers}`]),
    ]),
  ];
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = ([what = '', figure = '']: readonly string[]): string =>
    `| ${what.padEnd(widths[0] ?? 0)} | ${figure.padStart(widths[1] ?? 0)} |`;
  return [
    `Ledger: ${count(r.subjects)} subjects, ${count(r.events)} events, ${r.purposes} purposes in ${r.pairs} pairs; ` +
      `filled in ${r.fill_seconds} s, ${count(Math.round(r.database_mb))} MB; PostgreSQL ${r.postgres}; ` +
      `load average ${r.load_average.join(', ')}`,
    '',
    line(['what', 'figure']),
    `| ${'-'.repeat(widths[0] ?? 0)} | ${'-'.repeat((widths[1] ?? 1) - 1)}: |`,
    ...rows.map(line),
  ].join('\n');
};
