import { median, rounded, spread, type Spread } from '../comparison.ts';
import { markdownTable } from '../markdown-table.ts';
import { asked, fewest, type Asked, type Filled, type GrowthSample } from './samples.ts';

/** The same query over more subjects, against the one over the fewest. */
interface Growth {
  readonly cpu: Spread & { readonly total?: Spread };
  readonly p50: Spread;
  readonly cpu_ms: number;
  readonly p50_ms: number;
}

/** CPU over the most subjects by that over the fewest, of whichever query grew more. */
export interface GrowthReport extends Spread {
  readonly postgres: string;
  /** By number of subjects, then by customers asked for. */
  readonly subjects: Readonly<
    Record<
      string,
      Readonly<Record<Asked, Growth>> & { readonly fill_seconds: number; readonly disk_mb: number }
    >
  >;
}

type Figure = 'node' | 'total' | 'p50';

const figuresOf = (
  samples: readonly GrowthSample[],
  subjects: number,
  customers: Asked,
  figure: Figure,
): readonly (readonly [number, number])[] =>
  samples.flatMap((one) => {
    const value = one[figure];
    const wanted = one.subjects === subjects && one.asked === customers && value !== undefined;
    return wanted ? [[one.round, value] as const] : [];
  });

/** Round by round, as both took turns in it. */
const ratios = (
  samples: readonly GrowthSample[],
  subjects: number,
  customers: Asked,
  figure: Figure,
): readonly number[] => {
  const base = new Map(figuresOf(samples, fewest, customers, figure));
  return figuresOf(samples, subjects, customers, figure).map(
    ([round, value]) => value / (base.get(round) ?? NaN),
  );
};

const growthOf = (samples: readonly GrowthSample[], subjects: number, customers: Asked): Growth => {
  const of = (figure: Figure): readonly number[] => ratios(samples, subjects, customers, figure);
  const middle = (figure: Figure): number =>
    median(figuresOf(samples, subjects, customers, figure).map(([, value]) => value));
  const total = of('total');
  return {
    cpu: { ...spread(of('node')), ...(total.length > 0 && { total: spread(total) }) },
    p50: spread(of('p50')),
    cpu_ms: rounded(middle('node') / 1_000),
    p50_ms: rounded(middle('p50')),
  };
};

export const growthReportOf = (
  samples: readonly GrowthSample[],
  filled: ReadonlyMap<number, Filled>,
  postgres: string,
): GrowthReport => {
  const sizes = [...filled.keys()];
  const most = Math.max(...sizes);
  const [worst = { ratio: NaN, low: NaN, high: NaN }] = asked
    .map((customers) => spread(ratios(samples, most, customers, 'node')))
    .sort((a, b) => b.ratio - a.ratio);
  return {
    ...worst,
    postgres,
    subjects: Object.fromEntries(
      sizes.map((subjects) => [
        String(subjects),
        {
          1: growthOf(samples, subjects, 1),
          100: growthOf(samples, subjects, 100),
          fill_seconds: rounded(filled.get(subjects)?.seconds ?? NaN),
          disk_mb: Math.round((filled.get(subjects)?.bytes ?? NaN) / 1e6),
        },
      ]),
    ),
  };
};

const shown = ({ ratio, low, high }: Spread): string => `${ratio} (${low}–${high})`;

/** The report for people, as a Markdown table. */
export const growthTableOf = ({ subjects }: GrowthReport): string =>
  [
    `Growth: the same query over more subjects, against ${fewest.toLocaleString('en')}`,
    '',
    markdownTable(
      ['subjects', 'customers', 'CPU', 'with PostgreSQL', 'p50', 'CPU ms', 'p50 ms'],
      Object.entries(subjects).flatMap(([count, found]) =>
        asked.map((customers) => {
          const { cpu, p50, cpu_ms, p50_ms } = found[customers];
          return [
            Number(count).toLocaleString('en'),
            String(customers),
            shown(cpu),
            cpu.total ? shown(cpu.total) : '–',
            shown(p50),
            String(cpu_ms),
            String(p50_ms),
          ];
        }),
      ),
    ),
  ].join('\n');
