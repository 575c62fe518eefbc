import { auditTableOf } from './audit/report.ts';
import type { Comparison, Spread } from './comparison.ts';
import { decisionsTableOf } from './decisions/report.ts';
import { growthTableOf } from './growth/report.ts';
import { ledgerTableOf } from './ledger/report.ts';
import { markdownTable } from './markdown-table.ts';
import { versus, type BySize, type Report, type Versus } from './report.ts';

const fixed = (value: number | undefined): string => value?.toFixed(2) ?? '–';
const shown = (one: Spread | undefined): string =>
  one ? `${fixed(one.ratio)} (${fixed(one.low)}–${fixed(one.high)})` : '–';

const titles: Readonly<Record<Versus, string>> = {
  vs_apollo: 'Apollo Server',
  vs_yoga: 'GraphQL Yoga',
  vs_mercurius: 'Mercurius',
  vs_mercurius_jit: 'Mercurius, jit',
  vs_shield: 'Apollo + graphql-shield',
};

/** What is compared with what, by what is not the first of the two. */
const comparisonsOf = (report: Report): readonly (readonly [string, BySize])[] => [
  ['its twin, ungoverned', report.governed_vs_off],
  ...Object.keys(versus).flatMap((key) => {
    const name = key as Versus;
    const found = report[name];
    return found ? [[titles[name], found] as const] : [];
  }),
  ['(noise: the twin by itself)', report.twin],
];

const sizesOf = (report: Report): readonly string[] => Object.keys(report.governed_vs_off);

const ratioTable = (report: Report, of: (one: Comparison) => Spread | undefined): string =>
  markdownTable(
    ['governed against', ...sizesOf(report)],
    comparisonsOf(report).map(([title, found]) => [
      title,
      ...Object.values(found).map((one) => shown(of(one))),
    ]),
  );

/** Milliseconds of each variant, with PostgreSQL's in brackets. */
const costTable = (report: Report): string => {
  const costs = new Map<string, string[]>();
  const add = (name: string, cost: Comparison['cpu_ms'][string] | undefined): void => {
    const list = costs.get(name) ?? [];
    costs.set(name, [...list, `${fixed(cost?.node)} (${fixed(cost?.total)})`]);
  };
  for (const one of Object.values(report.governed_vs_off)) {
    add('governed', one.cpu_ms['governed']);
    add('its twin, ungoverned', one.cpu_ms['off']);
  }
  for (const [key, member] of Object.entries(versus)) {
    const name = key as Versus;
    for (const one of Object.values(report[name] ?? {})) add(titles[name], one.cpu_ms[member]);
  }
  return markdownTable(
    ['CPU ms (with PostgreSQL)', ...sizesOf(report)],
    [...[...costs].map(([name, cells]) => [name, ...cells])],
  );
};

/** The report for people, as Markdown tables. */
export const tableOf = (report: Report): string => {
  const { machine, run, decisions_vs_best, growth, ledger, audit } = report;
  return [
    `CPU per request, ${run.callers} callers, medians of ${run.rounds} rounds (lowest–highest); ` +
      `${Math.round(run.withheld * 100)}% of governed cells withheld; by customers asked for`,
    `Node.js ${machine.node}, PostgreSQL ${machine.postgres}, ${machine.cores} × ${machine.cpu}`,
    '',
    ratioTable(report, (one) => one),
    '',
    'The same with PostgreSQL’s CPU:',
    '',
    ratioTable(report, ({ total }) => total),
    '',
    costTable(report),
    ...(decisions_vs_best ? ['', decisionsTableOf(decisions_vs_best)] : []),
    ...(growth ? ['', growthTableOf(growth)] : []),
    ...(ledger ? ['', ledgerTableOf(ledger)] : []),
    ...(audit ? ['', auditTableOf(audit)] : []),
  ].join('\n');
};
