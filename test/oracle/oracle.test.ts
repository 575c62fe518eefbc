import { randomInt } from 'node:crypto';
import { validate } from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from 'vitest';
import { cedarSchema, policiesOf } from './cedar.ts';
import { faults } from './faults.ts';
import { shipped } from './product.ts';
import { describeDifference, run } from './run.ts';

/** Cases that must show a fault, at most: the rarest needs some hundreds. */
const enough = 3000;

const unexplained = (seed: number, cases: number): readonly string[] => {
  const { differences, differing } = run({ seed, cases });
  const shown = differences.map(describeDifference);
  return differing === 0 ? [] : [`seed ${seed}`, ...shown.slice(0, 3)];
};

describe('the oracle', () => {
  it.each(['rest', 'hear', 'stand', 'use'] as const)('asks `%s` by sound policies', (question) => {
    const answer = validate({
      schema: cedarSchema(),
      policies: { staticPolicies: policiesOf(question) },
    });
    expect(answer).toMatchObject({ type: 'success', validationErrors: [] });
  });

  it('agrees with the product on every case of a fixed seed', () => {
    expect(unexplained(7, 1000)).toEqual([]);
  });

  it('agrees with the product on every case of a random seed', () => {
    const seed = randomInt(2 ** 31);
    process.stderr.write(`oracle: random seed ${seed}\n`);
    expect(unexplained(seed, 500)).toEqual([]);
  });

  it.each(Object.entries(faults))('finds that %s', (_, fault) => {
    const { differing } = run({
      seed: 11,
      cases: enough,
      most: 1,
      productFor: (policies) => fault(shipped, policies),
    });
    expect(differing).toBe(1);
  });
});
