import { median, rounded, spread, type Spread } from '../comparison.ts';
import { markdownTable } from '../markdown-table.ts';
import { deciders, libraries, type DecisionRound, type DeciderKind } from './deciders.ts';

/** Sayso's decisions per second over those of whichever library did most in the same round. */
export interface DecisionsReport extends Spread {
  readonly best: DeciderKind;
  readonly postgres: string;
  /** Decisions compared in each round. */
  readonly triples: number;
  /** Share of the triples that are released. */
  readonly released: number;
  /** Of CPU, medians. */
  readonly per_second: Readonly<Record<DeciderKind, number>>;
}

export const decisionsReportOf = (
  rounds: readonly DecisionRound[],
  postgres: string,
): DecisionsReport => {
  const speed = (kind: DeciderKind): number =>
    Math.round(median(rounds.map((round) => round[kind].perSecond)));
  const outcomes = rounds[0]?.sayso.outcomes ?? new Uint8Array();
  return {
    ...spread(
      rounds.map(
        (round) =>
          round.sayso.perSecond / Math.max(...libraries.map((kind) => round[kind].perSecond)),
      ),
    ),
    best: [...libraries].sort((a, b) => speed(b) - speed(a))[0] ?? 'casl',
    postgres,
    triples: outcomes.length,
    released: rounded(outcomes.reduce((sum, one) => sum + one, 0) / outcomes.length),
    per_second: {
      sayso: speed('sayso'),
      casl: speed('casl'),
      casbin: speed('casbin'),
      cedar: speed('cedar'),
    },
  };
};

const names: Readonly<Record<DeciderKind, string>> = {
  sayso: 'Sayso',
  casl: 'CASL',
  casbin: 'Casbin',
  cedar: 'Cedar (wasm)',
};

/** The report for people, as a Markdown table. */
export const decisionsTableOf = (report: DecisionsReport): string => {
  const { ratio, low, high, best } = report;
  return [
    `Decisions: Sayso over the best library (${names[best]}): ${ratio} (${low}–${high}); ` +
      `${report.triples.toLocaleString('en')} triples decided alike`,
    '',
    markdownTable(
      ['decisions per second of CPU', 'figure'],
      deciders.map((kind) => [names[kind], report.per_second[kind].toLocaleString('en')]),
    ),
  ].join('\n');
};
