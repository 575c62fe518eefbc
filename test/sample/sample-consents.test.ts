import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Kind, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { sampleConsents, surveyRates } from '../../src/sample/sample-consents.ts';
import { customerCount, sampleNow } from '../../src/sample/sample-clock.ts';

const events = [...sampleConsents()];

const under: Readonly<Record<string, readonly string[]>> = {
  NOT_VOLUNTEERED: ['INCOME', 'INFERRED_INTERESTS'],
};
const covered = [
  'PURCHASE_HISTORY',
  'DECLARED_TASTE',
  'OPINIONS',
  'LOCATION_COUNTRY',
  'FRIENDS',
  'INCOME',
  'INFERRED_INTERESTS',
];

/** What RECOMMENDATIONS may use of each customer today: per leaf the newest event, unless expired. */
const allowed = new Map<string, Set<string>>();
for (const event of events.filter(({ purpose }) => purpose === 'RECOMMENDATIONS')) {
  const yes = allowed.get(event.subject.id) ?? new Set<string>();
  allowed.set(event.subject.id, yes);
  const valid = event.kind === 'given' && event.validUntil === undefined;
  for (const leaf of (event.categories ?? covered).flatMap((c) => under[c] ?? c)) {
    if (valid) yes.add(leaf);
    else yes.delete(leaf);
  }
}
const shareWith = (has: (yes: Set<string>) => boolean): number =>
  [...allowed.values()].filter(has).length / customerCount;

const sharesOf = (purpose: string, kind: string): number =>
  new Set(events.filter((e) => e.purpose === purpose && e.kind === kind).map((e) => e.subject.id))
    .size / customerCount;

describe('the sample’s say-so', () => {
  it('is the same on every machine and every day', () => {
    const hash = createHash('sha256').update(JSON.stringify(events)).digest('hex');
    expect(hash).toBe('637d5e2516ca9d32f76d76a1d9074eab87971432358b0d699bcdbe73516f52cb');
  });

  it.each([
    ['wantPersonalization', (yes: Set<string>) => yes.size > 0],
    ['purchaseHistory', (yes: Set<string>) => yes.has('PURCHASE_HISTORY')],
    ['notVolunteered', (yes: Set<string>) => yes.has('INCOME') && yes.has('INFERRED_INTERESTS')],
  ] as const)('meets the survey within one percentage point: %s', (rate, has) => {
    expect(Math.abs(shareWith(has) - surveyRates[rate])).toBeLessThan(0.01);
  });

  it('keeps advertising rare and refusal of it common', () => {
    expect(sharesOf('ADVERTISING', 'given')).toBeLessThan(0.15);
    expect(sharesOf('ADVERTISING', 'refused')).toBeGreaterThan(0.2);
  });

  it('has refusals, withdrawals, expiries, objections and people never asked', () => {
    expect(sharesOf('RECOMMENDATIONS', 'refused')).toBeGreaterThan(0.1);
    expect(sharesOf('RECOMMENDATIONS', 'withdrawn')).toBeGreaterThan(0.05);
    expect(sharesOf('SERVICE_IMPROVEMENT', 'objected')).toBeGreaterThan(0.04);
    expect(sharesOf('FRAUD_PREVENTION', 'objected')).toBeGreaterThan(0);
    expect(events.filter(({ validUntil }) => validUntil).length).toBeGreaterThan(200);
    expect(1 - allowed.size / customerCount).toBeGreaterThan(0.08);
  });

  it('tells each customer’s events in the order they were said, all in the past', () => {
    const newest = new Map<string, number>();
    const odd = events.filter(({ subject, at, validUntil }) => {
      const time = at!.getTime();
      const before = newest.get(subject.id) ?? 0;
      newest.set(subject.id, time);
      const end = validUntil?.getTime() ?? sampleNow;
      return time <= before || time >= end || end > sampleNow;
    });
    expect(odd).toEqual([]);
  });

  it('names only purposes and categories of the SDL, and where it came from', () => {
    const file = '../../schema/shop/categories-and-purposes.graphql';
    const document = parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
    const names = new Set(
      document.definitions.flatMap((node) =>
        node.kind === Kind.ENUM_TYPE_DEFINITION ? (node.values ?? []).map((v) => v.name.value) : [],
      ),
    );
    const odd = (event: ConsentInput) =>
      [event.purpose ?? '', ...(event.categories ?? [])].some((name) => !names.has(name)) ||
      event.method !== 'import' ||
      event.actor !== 'sample' ||
      event.subject.type !== 'Customer';
    expect(events.filter(odd)).toEqual([]);
  });
});
