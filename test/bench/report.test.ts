import { describe, expect, it } from 'vitest';
import { checkOutcomes } from '../../bench/decisions/bench-decisions.ts';
import type { DecisionRound } from '../../bench/decisions/deciders.ts';
import { decisionsReportOf } from '../../bench/decisions/report.ts';
import { efforts } from '../../bench/efforts.ts';
import { growthReportOf } from '../../bench/growth/report.ts';
import { asked, type GrowthSample } from '../../bench/growth/samples.ts';
import type { LedgerReport } from '../../bench/ledger/report.ts';
import type { Measured, Sample } from '../../bench/measure.ts';
import { members, own, type Member } from '../../bench/members.ts';
import { readOptions } from '../../bench/options.ts';
import { reportOf } from '../../bench/report.ts';
import { sizes } from '../../bench/shop.ts';
import { tableOf } from '../../bench/table.ts';

/** Microseconds per customer of each; PostgreSQL takes half as much again. */
const costs: Readonly<Record<Member, number>> = {
  governed: 100,
  off: 80,
  again: 80,
  apollo: 400,
  yoga: 300,
  mercurius: 250,
  mercurius_jit: 125,
  shield: 2_000,
};

/** Rounds in which everything costs `slow` times as much, and the governed one another `more`. */
const rounds = [
  { slow: 1, more: 1 },
  { slow: 3, more: 1.1 },
  { slow: 1, more: 1.3 },
  { slow: 2, more: 0.9 },
  { slow: 1, more: 1.2 },
] as const;

const samplesOf = (measured: readonly Member[]): readonly Sample[] =>
  rounds.flatMap(({ slow, more }, round) =>
    [8, 1, 32].flatMap((callers) =>
      sizes.flatMap((size) =>
        measured.map((member): Sample => {
          const governed = member === 'governed' ? more * (callers === 1 ? 2 : 1) : 1;
          const node = costs[member] * size * slow * governed;
          return { round, member, size, callers, cost: { node, total: node * 1.5 } };
        }),
      ),
    ),
  );

const measuredOf = (measured: readonly Member[]): Measured => {
  const checked = { lengths: new Map(), governedCells: 10, withheldCells: 3 };
  return {
    samples: samplesOf(measured),
    rounds: rounds.length,
    checked: { 1: checked, 100: checked, 1_000: checked },
  };
};

const run = { effort: efforts.full, callers: 8, seconds: 1, postgres: '18.4' };

const triples = Uint8Array.of(1, 0, 1, 1);
const decisionRound = (sayso: number): DecisionRound => ({
  sayso: { outcomes: triples, perSecond: sayso },
  casl: { outcomes: triples, perSecond: 10 },
  casbin: { outcomes: triples, perSecond: 2 },
  cedar: { outcomes: triples, perSecond: 1 },
});

const growthSamples: readonly GrowthSample[] = [0, 1, 2].flatMap((round) =>
  [1_000, 100_000].flatMap((subjects) =>
    asked.map((customers) => {
      const grown = subjects === 1_000 ? 1 : 1 + (round + 1) / 10 + customers / 1_000;
      return { round, subjects, asked: customers, node: 10 * grown, total: 20 * grown, p50: 2 };
    }),
  ),
);

const parts = {
  decisions_vs_best: decisionsReportOf([200, 100, 300].map(decisionRound), '18.4'),
  growth: growthReportOf(
    growthSamples,
    new Map([1_000, 100_000].map((subjects) => [subjects, { seconds: 1, bytes: 2e6 }])),
    '18.4',
  ),
};

describe('the report', () => {
  const report = reportOf(measuredOf(members), run, parts);

  it('has each comparison by the number of customers', () => {
    const keys = ['twin', 'governed_vs_off', 'vs_apollo', 'vs_yoga', 'vs_mercurius'] as const;
    for (const key of [...keys, 'vs_mercurius_jit', 'vs_shield'] as const) {
      expect(Object.keys(report[key] ?? {}), key).toEqual(['1', '100', '1000']);
      for (const one of Object.values(report[key] ?? {})) {
        const spread = {
          ratio: expect.any(Number),
          low: expect.any(Number),
          high: expect.any(Number),
        };
        const both = { ...spread, total: spread };
        expect(one, key).toEqual({
          ...both,
          callers: { 1: both, 32: both },
          cpu_ms: expect.any(Object),
        });
      }
    }
  });

  it('takes each ratio within its round, then the median', () => {
    expect(report.twin['100']).toMatchObject({ ratio: 1, low: 1, high: 1 });
    expect(report.governed_vs_off['100']).toMatchObject({
      ratio: 1.375,
      low: 1.125,
      high: 1.625,
      total: { ratio: 1.375, low: 1.125, high: 1.625 },
      callers: { 1: { ratio: 2.75 }, 32: { ratio: 1.375 } },
    });
    expect(report.vs_apollo?.['1']).toMatchObject({ ratio: 0.275, low: 0.225, high: 0.325 });
    expect(report.vs_mercurius_jit?.['1000']).toMatchObject({ ratio: 0.88 });
    expect(report.vs_shield?.['1000']).toMatchObject({ ratio: 0.055 });
  });

  it('says what a request costs', () => {
    expect(report.vs_apollo?.['1000']?.cpu_ms).toEqual({
      governed: { node: 130, total: 195 },
      apollo: { node: 400, total: 600 },
    });
  });

  it('leaves out who was not measured', () => {
    const few = reportOf(measuredOf(own), run, {});
    expect(few).toHaveProperty('governed_vs_off');
    for (const key of ['vs_apollo', 'vs_shield', 'decisions_vs_best', 'growth', 'memory_1m_mb'])
      expect(few).not.toHaveProperty(key);
    expect(tableOf(few)).toContain('its twin, ungoverned');
  });

  it('has megabytes where others have their ratio', () => {
    // Of the ledger's report no more is looked at.
    const ledger = { subjects: 65_536, memory_1m_mb: 143.2 } as LedgerReport;
    expect(reportOf(measuredOf(own), run, { ledger }).memory_1m_mb).toEqual({
      ratio: 143.2,
      low: 143.2,
      high: 143.2,
      subjects: 65_536,
    });
  });

  it('is a table for people as well', () => {
    const text = tableOf(report);
    expect(text).toContain('| Apollo + graphql-shield ');
    expect(text).toContain('0.28 (0.23–0.33)');
    expect(text).toContain('Cedar (wasm)');
  });
});

describe('decisions', () => {
  it('are compared with the library that does most', () => {
    const { decisions_vs_best } = reportOf(measuredOf(own), run, parts);
    expect(decisions_vs_best).toMatchObject({ ratio: 20, low: 10, high: 30, best: 'casl' });
    expect(decisions_vs_best?.released).toBe(0.75);
  });

  it.each(['casl', 'casbin', 'cedar'] as const)('fail the run when %s decides otherwise', (one) => {
    const round = decisionRound(1);
    expect(() => checkOutcomes(round)).not.toThrow();
    for (const outcomes of [Uint8Array.of(1, 0, 1, 0), triples.slice(0, 3)])
      expect(() => checkOutcomes({ ...round, [one]: { outcomes, perSecond: 1 } })).toThrow(one);
  });
});

describe('growth', () => {
  it('names the query that grew more, over the fewest subjects', () => {
    const { growth } = parts;
    expect(growth).toMatchObject({ ratio: 1.3, low: 1.2, high: 1.4 });
    expect(growth.subjects['100000']?.[1].cpu).toMatchObject({ ratio: 1.201 });
    expect(growth.subjects['100000']?.[100].p50).toEqual({ ratio: 1, low: 1, high: 1 });
    expect(growth.subjects['1000']?.[1].cpu).toMatchObject({ ratio: 1 });
  });
});

describe('options', () => {
  it('measure other servers unless it is to be quick', () => {
    expect(readOptions([])).toMatchObject({ peers: true, callers: 8 });
    expect(readOptions(['--quick'])).toMatchObject({ peers: false });
    expect(readOptions(['--quick', '--peers'])).toMatchObject({ peers: true });
  });

  it('take the subjects of growth', () => {
    expect(readOptions(['growth']).growth).toEqual([1_000, 1_000_000, 10_000_000]);
    expect(readOptions(['growth', '--subjects', '5000']).growth).toEqual([1_000, 5_000]);
    expect(() => readOptions(['growth', '--subjects', '1000'])).toThrow('--subjects');
    expect(() => readOptions(['--profile', '7'])).toThrow('--profile');
    expect(() => readOptions(['growht'])).toThrow('growth');
  });
});
