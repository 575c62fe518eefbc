import { describe, expect, it } from 'vitest';
import type { LoggedReason } from '../../src/decision/decided-rows.ts';
import { openSaidBook, SaidBook } from '../../src/decision/said-book.ts';
import { rowPlan } from './plans.ts';

const plan = rowPlan(
  ['a', 'b'].map((field) => ({
    ...{ kind: 'ask' as const, coordinates: [`Customer.${field}`], asks: [] },
  })),
  [],
);
const profile = (...reasons: LoggedReason[]) => ({
  ...{ reasons, stays: true, releases: new Uint8Array(reasons.length) },
});

describe('what was said', () => {
  it('is the same where the lines are, however they came together', () => {
    const book = new SaidBook();
    const yes = book.ofRows(plan, profile('CONSENTED', 'REFUSED'));
    const again = book.ofRows(plan, profile('CONSENTED', 'REFUSED'));
    const other = book.ofRows(plan, profile('OPEN', 'REFUSED'));
    expect(again).toBe(yes);
    expect(other).not.toBe(yes);
    expect(yes.and(other)).toBe(other.and(yes));
    expect(yes.and(other).and(yes)).toBe(yes.and(other));
    expect(yes.and(yes)).toBe(yes);
    expect(book.nothing.and(yes)).toBe(yes);
    expect(yes.and(book.nothing)).toBe(yes);
    expect(yes.and(other).lines.map(({ key }) => key)).toEqual([
      'CONSENTED Customer.a',
      'OPEN Customer.a',
      'REFUSED Customer.b',
    ]);
  });

  it('is forgotten before it is too much, and not while it is used', () => {
    const book = openSaidBook();
    for (let i = 0; i < 20_000 && !book.isFull; i += 1) {
      expect(openSaidBook()).toBe(book);
      book.ofAccess([`Customer.f${i}`]);
    }
    expect(book.isFull).toBe(true);
    const first = book.ofAccess(['Customer.f0']);
    expect(book.at(first.number)).toBe(first);
    const next = openSaidBook();
    expect(next).not.toBe(book);
    expect(next.size).toBe(1);
  });

  it('counts what came of two as well', () => {
    const book = new SaidBook();
    const all = Array.from({ length: 120 }, (_, i) => book.ofAccess([`Customer.f${i}`]));
    for (const one of all) for (const other of all) one.and(other);
    expect(book.isFull).toBe(true);
  });
});
