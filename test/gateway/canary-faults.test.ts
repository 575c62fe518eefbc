import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as ReleaseRows from '../../src/decision/release-rows.ts';
import type { RowPlan } from '../../src/policy/plan.ts';
import type { Row } from '../../src/sources/source.ts';
import { CanaryWorld, Leak, seededDice } from './canary/harness.ts';

// The checks of canary.property.test.ts are only worth something if they find what is wrong. Here
// the gateway is broken on purpose, one way after another, and each must be found.

type Fault = (plan: RowPlan, rows: readonly Row[]) => RowPlan;
const broken = vi.hoisted((): { fault: Fault | undefined } => ({ fault: undefined }));

vi.mock('../../src/decision/release-rows.ts', async (original) => {
  const module = await original<typeof ReleaseRows>();
  const releaseRows: typeof module.releaseRows = (rows, plan, ...rest) =>
    module.releaseRows(rows, broken.fault?.(plan, rows) ?? plan, ...rest);
  return { ...module, releaseRows };
});

let world: CanaryWorld;
beforeAll(async () => {
  world = await CanaryWorld.start(seededDice(7));
  await world.sayMany(60);
});
afterEach(() => {
  broken.fault = undefined;
});
afterAll(async () => {
  await world.close();
});

/** Turns one decision of every selection into another. */
const turning =
  (
    from: RowPlan['decisions'][number]['kind'],
    into: (coordinates: readonly string[]) => RowPlan['decisions'][number],
  ): Fault =>
  (plan) => ({
    ...plan,
    decisions: plan.decisions.map((one) => (one.kind === from ? into(one.coordinates) : one)),
  });

const releasing = turning('ask', (coordinates) => ({ kind: 'open', coordinates }));
const withholding = turning('ask', (coordinates) => ({
  kind: 'never',
  coordinates,
  reason: 'NOT_COVERED',
}));
const gateless: Fault = (plan) => ({ ...plan, gates: [] });
/** A value where only names of fields should be. */
const quoting: Fault = (plan, rows) => ({
  ...plan,
  decisions: plan.decisions.map((one) => ({
    ...one,
    coordinates: [
      ...new Set([...one.coordinates, ...rows.flatMap(({ values }) => values.map(String))]),
    ],
  })),
});
const chatting: Fault = (plan, rows) => {
  process.stderr.write(JSON.stringify(rows));
  return plan;
};

const askMuch = async (): Promise<void> => {
  for (let i = 0; i < 300; i += 1) await world.query(world.randomAsker());
};
const compareMuch = async (): Promise<void> => {
  for (let i = 0; i < 60; i += 1) await world.compareAfterChange(world.randomAsker(), 6);
};

const askForEmails = async (): Promise<void> => {
  const operation = { text: '{ customers { nodes { email } } }', variables: {}, header: true };
  await world.ask(operation, { purpose: 'DELIVERY', staff: false });
};

describe('the canary checks', () => {
  it('find nothing in a gateway that is not broken', async () => {
    for (let i = 0; i < 20; i += 1) await world.query(world.randomAsker());
    await world.compareAfterChange(world.randomAsker(), 6);
    await world.checkLogAndAudit();
  });

  it('find a withheld cell that is shown', async () => {
    broken.fault = releasing;
    await expect(askMuch()).rejects.toThrow(/withheld canaries: cnry|withheld canaries: [3-9]/);
    await expect(compareMuch()).rejects.toThrow(Leak);
  });

  it('find a row that is listed although its person keeps what it was found by', async () => {
    broken.fault = gateless;
    await expect(askMuch()).rejects.toThrow(Leak);
    await expect(compareMuch()).rejects.toThrow(Leak);
  });

  it('find a released cell that is not shown', async () => {
    broken.fault = withholding;
    await expect(askMuch()).rejects.toThrow(Leak);
  });

  // Last, because what was logged stays logged.
  it('find a value in the audit log', async () => {
    broken.fault = quoting;
    await askForEmails();
    await expect(world.checkLogAndAudit()).rejects.toThrow(/^audit hold /);
  });

  it('find a value on the terminal', async () => {
    broken.fault = chatting;
    await askForEmails();
    await expect(world.checkLogAndAudit()).rejects.toThrow(/^logs hold /);
  });
});
