import { describe, expect, it } from 'vitest';
import { runCase } from '../../src/cli/decide/run-cases.ts';
import { cases, differing, falsified, policy } from './cases.ts';

const results = new Map(cases.map((one) => [one.name, runCase(one, policy)]));
const outcomes = new Map([...results].map(([name, { actual }]) => [name, actual]));

describe('the pure decision', () => {
  it.each(cases)('$name', (one) => {
    expect(differing([one], outcomes)).toEqual([]);
  });

  it.each(falsified(cases))('differs from every case that is falsified', (...falsifiedCases) => {
    expect(differing(falsifiedCases, outcomes)).toHaveLength(cases.length);
  });

  it('does not turn on the order in which words came into the ledger', () => {
    const reversed = cases.map((one) => ({ ...one, stored: one.stored.toReversed() }));
    const others = reversed.map((one) => [one.name, runCase(one, policy).actual] as const);
    expect(differing(cases, new Map(others))).toEqual([]);
  });

  it('is explained by its pairs: all release, or the first that does not says why', () => {
    for (const [name, { actual }] of results) {
      const { release, reason, because } = actual;
      if (reason === 'OPEN') expect(because, name).toEqual([]);
      else if (release) expect(because.every((line) => line.release) && because, name).toBeTruthy();
      else {
        const never = because.find((line) => line.reason === 'NOT_COVERED');
        const first = never ?? because.find((line) => !line.release);
        expect(first?.reason, name).toBe(reason);
      }
    }
  });
});

describe('the table', () => {
  it('has every reason but the two that no history leads to', () => {
    const reasons = new Set(cases.map((one) => one.expect.reason));
    expect([...reasons].sort()).toEqual([
      ...['CONSENTED', 'CONTRACT', 'DEFERRED', 'ERASED', 'EXPIRED', 'GPC', 'LEGAL_OBLIGATION'],
      ...['LEGITIMATE_INTEREST', 'NEVER_ASKED', 'NOT_COVERED', 'NOT_LISTED', 'OBJECTED', 'OPEN'],
      ...['OPT_OUT', 'REFUSED', 'REQUESTED', 'REVOKED', 'WITHDRAWN'],
    ]);
  });

  it('asks for every purpose and every shielded field of its domain', () => {
    const asked = new Set(cases.map(({ request }) => request.purpose));
    // Spoken of only: what is wider or replaced, and what an inner purpose asks for with it.
    const spokenOf = ['REWARDS', 'PARTNERSHIPS', 'LETTER', 'PANEL'];
    expect(policy.model.purposeTree.names.filter((name) => !asked.has(name))).toEqual(
      expect.arrayContaining([...spokenOf, 'CARE_CALLS', 'CARE_LETTERS', 'CARE_REPAIRS']),
    );
    expect(policy.model.purposeTree.names.filter((name) => !asked.has(name))).toHaveLength(7);
    const fields = new Set(cases.map(({ request }) => request.field));
    const shielded = [...policy.model.types.values()]
      .flatMap((type) => [...type.fields.values()])
      .filter(({ guard }) => guard.kind === 'shield')
      .map(({ coordinate }) => coordinate);
    expect(shielded.filter((coordinate) => !fields.has(coordinate))).toEqual([]);
  });
});
