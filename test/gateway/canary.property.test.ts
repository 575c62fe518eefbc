import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CanaryWorld, seededDice } from './canary/harness.ts';
import type { Dice } from './canary/domain.ts';
import { purposes } from './canary/model.ts';

// Of eight digits, which no canary is. Another seed finds other operations: SAYSO_TEST_SEED=… npx vitest run test/gateway/canary
const seed = Number(process.env['SAYSO_TEST_SEED'] ?? Date.now() % 100_000_000);
const rounds = 84;
const perRound = 24;

/** Every number that a run draws comes from fast-check. */
const number = (max: number): fc.Arbitrary<number> => fc.noBias(fc.nat({ max }));

let world: CanaryWorld;
let dice: Dice = seededDice(seed);

beforeAll(async () => {
  world = await CanaryWorld.start((choices) => dice(choices));
  process.stdout.write(`canary seed ${seed}\n`);
});
afterAll(async () => {
  await world.close();
});

const check = (runs: number, run: () => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.gen(), (draw) => {
      dice = (choices) => draw(number, choices - 1);
      return run();
    }),
    // What was said stays said, so a smaller case of the same run would be another case.
    { seed, numRuns: runs, endOnFailure: true },
  );

describe('a world in which every cell is a canary', () => {
  it('shows exactly what was agreed to, in 2,000 operations over random say-so', async () => {
    await check(rounds, async () => {
      if (dice(10) === 0) await world.everybodyAgrees(purposes[dice(purposes.length)]!);
      await world.sayMany(12);
      await world.mutate(world.randomAsker());
      await Promise.all(Array.from({ length: perRound }, () => world.query(world.randomAsker())));
    });
    expect(world.answered).toBeGreaterThanOrEqual(2_000);
    // These are reached only where the same rule has released the way to them.
    const neverWithheld = [
      ...['OrderLine.order', 'OrderLine.product', 'OrderLine.quantity'],
      ...['Loyalty.points', 'Loyalty.memo', 'Loyalty.since', 'Loyalty.holder'],
    ];
    expect(world.untried()).toEqual(neverWithheld.map((field) => `${field} withheld`));
  }, 120_000);

  it('answers with the same bytes when only cells change that the purpose may not see', async () => {
    let cases = 0;
    let changed = 0;
    await check(32, async () => {
      if (dice(3) === 0) await world.everybodyAgrees(purposes[dice(purposes.length)]!);
      await world.sayMany(6);
      changed += await world.compareAfterChange(world.randomAsker(), 10);
      cases += 10;
    });
    expect(cases).toBeGreaterThanOrEqual(300);
    expect(changed).toBeGreaterThan(1_000);
  }, 120_000);

  it('leaves no canary and no person in logs or audit', async () => {
    const { lines, entries } = await world.checkLogAndAudit();
    // Both were looked into: the resolver that throws has left lines.
    expect(lines).toBeGreaterThan(100);
    expect(entries).toBeGreaterThan(2_000);
  });
});
