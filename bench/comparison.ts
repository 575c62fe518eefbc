import type { Cost, Sample } from './measure.ts';
import type { Member } from './members.ts';
import { sizes, type Size } from './shop.ts';

/** Of the rounds' figures the median, the lowest and the highest. */
export interface Spread {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Node's CPU alone, and with the database's under `total`. */
export interface Ratios extends Spread {
  readonly total?: Spread;
}

/** How one variant stands to another. */
export interface Comparison extends Ratios {
  /** The same with other numbers of callers. */
  readonly callers: Readonly<Record<string, Ratios>>;
  /** Milliseconds of CPU per request, medians. */
  readonly cpu_ms: Readonly<Record<string, { readonly node: number; readonly total?: number }>>;
}

export const rounded = (value: number): number => Number(value.toFixed(3));

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
};

export const spread = (ratios: readonly number[]): Spread => ({
  ratio: rounded(median(ratios)),
  low: rounded(Math.min(...ratios)),
  high: rounded(Math.max(...ratios)),
});

interface Which {
  readonly size: Size;
  readonly callers: number;
}

const costsOf = (samples: readonly Sample[], member: Member, { size, callers }: Which) =>
  new Map(
    samples
      .filter((one) => one.member === member && one.size === size && one.callers === callers)
      .map(({ round, cost }) => [round, cost] as const),
  );

/** Each round's own ratio: what made one variant slow then was there for the other as well. */
const ratiosOf = (
  ones: ReadonlyMap<number, Cost>,
  others: ReadonlyMap<number, Cost>,
  what: keyof Cost,
): readonly number[] =>
  [...ones].flatMap(([round, cost]) => {
    const one = cost[what];
    const other = others.get(round)?.[what];
    return one === undefined || other === undefined ? [] : [one / other];
  });

const ratios = (samples: readonly Sample[], which: Which, one: Member, other: Member): Ratios => {
  const ones = costsOf(samples, one, which);
  const others = costsOf(samples, other, which);
  const totals = ratiosOf(ones, others, 'total');
  return {
    ...spread(ratiosOf(ones, others, 'node')),
    ...(totals.length > 0 && { total: spread(totals) }),
  };
};

const cpuOf = (samples: readonly Sample[], which: Which, member: Member) => {
  const costs = [...costsOf(samples, member, which).values()];
  const totals = costs.flatMap(({ total }) => total ?? []);
  const ms = (microseconds: readonly number[]): number => rounded(median(microseconds) / 1_000);
  return {
    node: ms(costs.map(({ node }) => node)),
    ...(totals.length > 0 && { total: ms(totals) }),
  };
};

/**
 * Compares two variants, size by size.
 * @param callers whose figures stand first; those of other numbers stand under `callers`
 */
export const compare = (
  samples: readonly Sample[],
  callers: number,
  one: Member,
  other: Member,
): Readonly<Record<string, Comparison>> => {
  const counts = [...new Set(samples.map((sample) => sample.callers))];
  const bySize = (size: Size): Comparison => ({
    ...ratios(samples, { size, callers }, one, other),
    callers: Object.fromEntries(
      counts
        .filter((count) => count !== callers)
        .map((count) => [String(count), ratios(samples, { size, callers: count }, one, other)]),
    ),
    cpu_ms: {
      [one]: cpuOf(samples, { size, callers }, one),
      [other]: cpuOf(samples, { size, callers }, other),
    },
  });
  return Object.fromEntries(sizes.map((size) => [String(size), bySize(size)]));
};
