import type { StoredEvent } from '../../src/ledger/fold-events.ts';
import type { Case } from './case.ts';
import { expectParts, partText } from './expect-parts.ts';
import { consultOracle, type PairVerdict } from './oracle.ts';
import {
  decide,
  historyOf,
  resolveInputs,
  type Decided,
  type Policies,
  type Product,
  type Resolved,
} from './product.ts';

/** What came of one case. */
export interface Comparison {
  /** What the product decided, for the tally. */
  readonly decided: Decided;
  /** Inputs resolved. */
  readonly inputs: number;
  /** Of those, how many were refused. */
  readonly refused: number;
  /** What differs, in words; nothing where all agree. */
  readonly differences: readonly string[];
}

const compareInputs = (
  { inputs, before }: Case,
  resolved: readonly Resolved[],
): readonly string[] =>
  inputs.flatMap((input, i) => {
    const expected = expectParts(input, before);
    const parts = resolved[i] ?? 'REFUSED';
    const got = parts === 'REFUSED' ? 'REFUSED' : parts.map(partText).join(' and ');
    const wanted = expected === undefined ? 'REFUSED' : expected.map(partText).join(' and ');
    return got === wanted ? [] : [`input ${i} became ${got}, expected ${wanted}`];
  });

const compareDecision = (
  decided: Decided,
  expected: readonly PairVerdict[] | 'NOT_COVERED',
): readonly string[] => {
  const shown = `${decided.release ? 'released' : 'withheld'} as ${decided.reason}`;
  if (expected === 'NOT_COVERED')
    return decided.release || decided.reason !== 'NOT_COVERED'
      ? [`${shown}, expected NOT_COVERED`]
      : [];
  const differences: string[] = [];
  const release = expected.length > 0 && expected.every((pair) => pair.release);
  if (decided.release !== release)
    differences.push(`${shown}, expected ${release ? 'released' : 'withheld'}`);
  const pairs = new Map(expected.map((pair) => [`${pair.purpose} ${pair.category}`, pair]));
  for (const ask of decided.asks) {
    const pair = pairs.get(`${ask.purpose} ${ask.category}`);
    if (pair?.release === ask.release && pair.reasons.includes(ask.reason)) continue;
    differences.push(
      `${ask.purpose} ${ask.category} is ${ask.reason}, expected ${pair?.reasons.join(' or ') ?? 'no such pair'}`,
    );
  }
  const asked = new Set(decided.asks.map(({ purpose, category }) => `${purpose} ${category}`));
  const unasked = expected.filter((pair) => !asked.has(`${pair.purpose} ${pair.category}`));
  // What is not asked must be released whatever anybody says.
  for (const pair of unasked) {
    const binds = ['CONTRACT', 'LEGAL_OBLIGATION'].some((basis) => pair.reasons.includes(basis));
    if (!pair.release || !binds)
      differences.push(`${pair.purpose} ${pair.category} was not asked, and is ${pair.reasons.join(' or ')}`); // prettier-ignore
  }
  const reasons = expected.filter((pair) => pair.release === release).flatMap((p) => p.reasons);
  if (differences.length === 0 && !reasons.includes(decided.reason))
    differences.push(`${shown}, expected ${reasons.join(' or ')}`);
  return differences;
};

/** Puts one case to the product and to the oracle. */
export const compare = (product: Product, one: Case, policies: Policies): Comparison => {
  const resolved = resolveInputs(product, one, policies);
  const events: readonly StoredEvent[] = historyOf(one, resolved);
  const decided = decide(product, one, events, policies);
  return {
    decided,
    inputs: resolved.length,
    refused: resolved.filter((parts) => parts === 'REFUSED').length,
    differences: [
      ...compareInputs(one, resolved),
      ...compareDecision(decided, consultOracle(one, events)),
    ],
  };
};

/** The case without events and inputs that the difference does not need. */
export const shrink = (product: Product, one: Case, policies: Policies): Case => {
  let small = one;
  const still = (smaller: Case): boolean =>
    compare(product, smaller, policies).differences.length > 0;
  const drop = (of: 'events' | 'inputs'): void => {
    for (let i = small[of].length - 1; i >= 0; i--) {
      const smaller = { ...small, [of]: small[of].toSpliced(i, 1) };
      if (still(smaller)) small = smaller;
    }
  };
  drop('events');
  drop('inputs');
  return small;
};
