import { availableParallelism, cpus } from 'node:os';
import { auditTableOf, type AuditReport } from './audit/report.ts';
import type { Cost, Effort, Measured, Member, Round } from './measure.ts';
import { ledgerTableOf, type LedgerReport } from './ledger/report.ts';
import { sizes, type Size } from './shop.ts';

/** Of the rounds' ratios the median, the lowest and the highest. */
interface Spread {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** How one variant stands to another: node's CPU alone, and with the database's under `total`. */
interface Comparison extends Spread {
  readonly total?: Spread;
  /** Milliseconds of CPU per request, medians. */
  readonly cpu_ms: Readonly<Record<string, { readonly node: number; readonly total?: number }>>;
}

/** What the figures were measured on. */
export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly postgres: string;
}

export interface Report {
  readonly machine: Machine;
  readonly run: {
    readonly callers: number;
    readonly rounds: number;
    readonly processes: number;
    readonly requests: Readonly<Record<string, number>>;
    /** Share of governed cells that people withhold. */
    readonly withheld: number;
    readonly seconds: number;
  };
  readonly governed_vs_off: Readonly<Record<string, Comparison>>;
  readonly twin_noise: Readonly<Record<string, Comparison>>;
  readonly ledger?: LedgerReport;
  readonly audit?: AuditReport;
}

export const machineOf = (postgres: string): Machine => ({
  node: process.version,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  postgres,
});

const rounded = (value: number): number => Number(value.toFixed(3));

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
};

const spread = (ratios: readonly number[]): Spread => ({
  ratio: rounded(median(ratios)),
  low: rounded(Math.min(...ratios)),
  high: rounded(Math.max(...ratios)),
});

const compare = (rounds: readonly Round[], size: Size, one: Member, other: Member): Comparison => {
  const of = (member: Member, what: keyof Cost): readonly number[] =>
    rounds.flatMap((round) => round[size][member][what] ?? []);
  const ratios = (what: keyof Cost): readonly number[] =>
    of(one, what).map((cost, i) => cost / (of(other, what)[i] ?? NaN));
  const ms = (member: Member, what: keyof Cost): number =>
    rounded(median(of(member, what)) / 1_000);
  const counted = of(one, 'total').length === rounds.length;
  const cpu = (member: Member) => ({
    node: ms(member, 'node'),
    ...(counted && { total: ms(member, 'total') }),
  });
  return {
    ...spread(ratios('node')),
    ...(counted && { total: spread(ratios('total')) }),
    cpu_ms: { [one]: cpu(one), [other]: cpu(other) },
  };
};

const bySize = <T>(of: (size: Size) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(sizes.map((size) => [String(size), of(size)]));

export const reportOf = (
  { rounds, checked }: Measured,
  run: {
    readonly effort: Effort;
    readonly callers: number;
    readonly seconds: number;
    readonly postgres: string;
    readonly ledger?: LedgerReport | undefined;
    readonly audit?: AuditReport | undefined;
  },
): Report => {
  const { effort, callers, seconds, postgres, ledger, audit } = run;
  const { governedCells, withheldCells } = checked[1_000];
  return {
    machine: machineOf(postgres),
    run: {
      callers,
      rounds: rounds.length,
      processes: rounds.length / effort.rounds,
      requests: bySize((size) => effort.requests[size] * effort.turns),
      withheld: rounded(withheldCells / governedCells),
      seconds: Math.round(seconds),
    },
    governed_vs_off: bySize((size) => compare(rounds, size, 'governed', 'off')),
    twin_noise: bySize((size) => compare(rounds, size, 'again', 'off')),
    ...(ledger && { ledger }),
    ...(audit && { audit }),
  };
};

const fixed = (value: number | undefined): string => value?.toFixed(2) ?? '–';
const shown = (one: Spread | undefined): string =>
  one ? `${fixed(one.ratio)} (${fixed(one.low)}–${fixed(one.high)})` : '–';

/** The report for people, as a Markdown table. */
export const tableOf = ({
  machine,
  run,
  governed_vs_off,
  twin_noise,
  ledger,
  audit,
}: Report): string => {
  const head = [
    'customers',
    'off, ms',
    'governed, ms',
    'governed / off',
    'off again / off',
    'with PostgreSQL: off, ms',
    'governed, ms',
    'governed / off',
  ];
  const rows = Object.entries(governed_vs_off).map(([size, one]) => [
    size,
    fixed(one.cpu_ms['off']?.node),
    fixed(one.cpu_ms['governed']?.node),
    shown(one),
    shown(twin_noise[size]),
    fixed(one.cpu_ms['off']?.total),
    fixed(one.cpu_ms['governed']?.total),
    shown(one.total),
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join(' | ')} |`;
  return [
    `CPU per request, ${run.callers} callers, medians of ${run.rounds} rounds (lowest–highest); ` +
      `${Math.round(run.withheld * 100)}% of governed cells withheld`,
    `Node.js ${machine.node}, PostgreSQL ${machine.postgres}, ${machine.cores} × ${machine.cpu}`,
    '',
    line(head),
    line(widths.map((width) => `${'-'.repeat(width - 1)}:`)),
    ...rows.map(line),
    ...(ledger ? ['', ledgerTableOf(ledger)] : []),
    ...(audit ? ['', auditTableOf(audit)] : []),
  ].join('\n');
};
