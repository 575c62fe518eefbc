import { availableParallelism, cpus } from 'node:os';
import type { AuditReport } from './audit/report.ts';
import { compare, rounded, type Comparison, type Spread } from './comparison.ts';
import type { DecisionsReport } from './decisions/report.ts';
import type { Effort } from './efforts.ts';
import type { FloodReport } from './flood/bench-flood.ts';
import type { GrowthReport } from './growth/report.ts';
import type { LedgerReport } from './ledger/report.ts';
import type { Measured } from './measure.ts';
import type { Member } from './members.ts';
import { sizes, type Size } from './shop.ts';

/** What the figures were measured on. */
export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly postgres: string;
}

/** Comparisons by number of customers. */
export type BySize = Readonly<Record<string, Comparison>>;

/** Governed against each peer, by the key of the report. */
export const versus = {
  vs_apollo: 'apollo',
  vs_yoga: 'yoga',
  vs_mercurius: 'mercurius',
  vs_mercurius_jit: 'mercurius_jit',
  vs_shield: 'shield',
} as const satisfies Readonly<Record<string, Member>>;
export type Versus = keyof typeof versus;

/** Megabytes stand in `ratio`, so that whoever reads all keys alike finds them. */
export interface MemoryReport extends Spread {
  /** Of how many subjects a million's memory was reckoned. */
  readonly subjects: number;
}

/** What is measured beside the requests; each is left out where it was not. */
export interface OtherParts {
  readonly decisions_vs_best?: DecisionsReport | undefined;
  readonly growth?: GrowthReport | undefined;
  readonly ledger?: LedgerReport | undefined;
  readonly audit?: AuditReport | undefined;
  /** Others' 99th percentile under the worst flood over that without one. */
  readonly flood_p99?: FloodReport | undefined;
}

export interface Report extends OtherParts, Partial<Readonly<Record<Versus, BySize>>> {
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
  /** The ungoverned twin against itself: how far off any other ratio may be. */
  readonly twin: BySize;
  readonly governed_vs_off: BySize;
  readonly memory_1m_mb?: MemoryReport;
}

export const machineOf = (postgres: string): Machine => ({
  node: process.version,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  postgres,
});

/** One process is measured, so that all three are the same figure. */
const memoryOf = (ledger: LedgerReport | undefined): MemoryReport | undefined => {
  const mb = ledger?.memory_1m_mb;
  if (!ledger || mb === null || mb === undefined) return undefined;
  return { ratio: mb, low: mb, high: mb, subjects: ledger.subjects };
};

const bySize = <T>(of: (size: Size) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(sizes.map((size) => [String(size), of(size)]));

/** What was measured as one object; its keys name what is compared, then the number of customers. */
export const reportOf = (
  { samples, rounds, checked }: Measured,
  run: {
    readonly effort: Effort;
    readonly callers: number;
    readonly seconds: number;
    readonly postgres: string;
  },
  parts: OtherParts,
): Report => {
  const { effort, callers, seconds, postgres } = run;
  const { governedCells, withheldCells } = checked[1_000];
  const measured = new Set(samples.map(({ member }) => member));
  const against = (one: Member, other: Member): BySize => compare(samples, callers, one, other);
  const peers = Object.entries(versus).filter(([, member]) => measured.has(member));
  const memory = memoryOf(parts.ledger);
  return {
    machine: machineOf(postgres),
    run: {
      callers,
      rounds,
      processes: rounds / effort.rounds,
      requests: bySize((size) => effort.requests.own[size] * effort.turns),
      withheld: rounded(withheldCells / governedCells),
      seconds: Math.round(seconds),
    },
    twin: against('again', 'off'),
    governed_vs_off: against('governed', 'off'),
    ...Object.fromEntries(peers.map(([key, member]) => [key, against('governed', member)])),
    ...(parts.decisions_vs_best && { decisions_vs_best: parts.decisions_vs_best }),
    ...(parts.flood_p99 && { flood_p99: parts.flood_p99 }),
    ...(memory && { memory_1m_mb: memory }),
    ...(parts.growth && { growth: parts.growth }),
    ...(parts.ledger && { ledger: parts.ledger }),
    ...(parts.audit && { audit: parts.audit }),
  };
};
