import { SchemaError } from '../../src/core/errors.ts';
import type { Case } from './case.ts';
import { asked } from './cedar.ts';
import { compare, shrink } from './compare.ts';
import { generateCase } from './generate-case.ts';
import { changePlan, generatePlan } from './generate-plan.ts';
import { isCovered } from './reach.ts';
import { sdlOf } from './plan.ts';
import { compilePlan, shipped, type Policies, type Product } from './product.ts';
import { Random } from './random.ts';

/** Cases that share two policies: to compile them costs more than a case does. */
const casesPerWorld = 50;

/** A case on which product and oracle disagree, as small as it could be made. */
export interface Difference {
  readonly case: number;
  readonly what: readonly string[];
  readonly small: Case;
}

/** What a run found. */
export interface Findings {
  readonly seed: number;
  readonly cases: number;
  /** Pairs that were judged on both sides. */
  readonly pairs: number;
  readonly inputs: number;
  readonly inputsRefused: number;
  /** Questions put to Cedar. */
  readonly questions: number;
  readonly worlds: number;
  /** Worlds drawn again because their SDL did not compile. */
  readonly worldsRefused: number;
  readonly seconds: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** Cases that differ. */
  readonly differing: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
}

/** How a run goes. */
export interface RunOptions {
  readonly seed: number;
  readonly cases: number;
  /** Made for the policies of each world; the shipped one unless told. */
  readonly productFor?: (policies: Policies) => Product;
  /** Stops at so many cases that differ. */
  readonly most?: number;
  readonly onProgress?: (cases: number, differing: number) => void;
}

const compiledWorld = (random: Random) => {
  const base = generatePlan(random);
  const before = changePlan(random, base);
  const today = random.chance(0.25) ? before : changePlan(random, base);
  try {
    const compiled = compilePlan(today);
    const policies = { before: before === today ? compiled : compilePlan(before), today: compiled };
    return { before, today, policies };
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
};

/** Puts random cases to product and oracle until enough were tried or enough differ. */
export const run = ({
  seed,
  cases,
  productFor = () => shipped,
  most = Infinity,
  onProgress = () => undefined,
}: RunOptions): Findings => {
  const random = new Random(seed);
  const start = performance.now();
  const questions = asked.count;
  const reasons: Record<string, number> = {};
  const differences: Difference[] = [];
  const sum = { cases: 0, pairs: 0, inputs: 0, inputsRefused: 0, worlds: 0, worldsRefused: 0 };
  let differing = 0;
  while (sum.cases < cases && differing < most) {
    const world = compiledWorld(random);
    if (!world) {
      sum.worldsRefused++;
      continue;
    }
    sum.worlds++;
    const { before, today, policies } = world;
    const product = productFor(policies);
    for (let i = 0; i < casesPerWorld && sum.cases < cases && differing < most; i++) {
      const one = generateCase(random, before, today, (purpose, field) =>
        isCovered(today, purpose, field),
      );
      const { decided, inputs, refused, differences: what } = compare(product, one, policies);
      const outcome = `${decided.release ? 'released' : 'withheld'} ${decided.reason}`;
      reasons[outcome] = (reasons[outcome] ?? 0) + 1;
      sum.pairs += Math.max(1, decided.asks.length);
      sum.inputs += inputs;
      sum.inputsRefused += refused;
      sum.cases++;
      if (what.length > 0) {
        differing++;
        if (differing <= 20) {
          const small = shrink(product, one, policies);
          const { differences: left } = compare(product, small, policies);
          differences.push({ case: sum.cases, what: left, small });
        }
      }
      if (sum.cases % 1000 === 0) onProgress(sum.cases, differing);
    }
  }
  const seconds = (performance.now() - start) / 1000;
  return { seed, ...sum, questions: asked.count - questions, seconds, reasons, differing, differences }; // prettier-ignore
};

/** A difference for people to read: what differs, and all that leads to it. */
export const describeDifference = ({ case: number, what, small }: Difference): string =>
  [
    `case ${number}: ${what.join('; ')}`,
    `request ${JSON.stringify(small.request)}`,
    ...small.events.map((event) => `event ${JSON.stringify(event)}`),
    ...small.inputs.map((input) => `input ${JSON.stringify(input)}`),
    'today:',
    sdlOf(small.today),
    ...(small.inputs.length > 0 ? ['when the inputs were said:', sdlOf(small.before)] : []),
  ].join('\n');
