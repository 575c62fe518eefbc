import { describe, expect, it } from 'vitest';
import type { Basis } from '../../src/directives/basis.ts';
import { State } from '../../src/ledger/fold-events.ts';
import { basisAt, judge } from '../../src/ledger/judge.ts';

const { none, given, refused, withdrawn, objected } = State;

describe('judge', () => {
  it.each<[Basis, number, boolean, string]>([
    ['CONSENT', none, false, 'NEVER_ASKED'],
    ['CONSENT', given, false, 'CONSENTED'],
    ['CONSENT', given, true, 'EXPIRED'],
    ['CONSENT', refused, false, 'REFUSED'],
    ['CONSENT', withdrawn, false, 'WITHDRAWN'],
    ['CONSENT', objected, false, 'OBJECTED'],
    ['CONSENT', 99, false, 'NOT_EVALUATED'],
    ['CONSENT', given | 0x40, false, 'NOT_EVALUATED'],
    ['LEGITIMATE_INTEREST', none | 0x80, false, 'NOT_EVALUATED'],
    ['CONSENT', State.accepted, false, 'NOT_LISTED'],
    ['OPT_OUT', State.accepted, false, 'OPT_OUT'],
    ['CONSENT', State.notListed, false, 'NOT_LISTED'],
    ['CONSENT', State.requested, false, 'REQUESTED'],
    ['CONSENT', State.deferred, false, 'DEFERRED'],
    ['OPT_OUT', State.deferred, false, 'OPT_OUT'],
    ['LEGITIMATE_INTEREST', State.revoked, false, 'REVOKED'],
    ['CONSENT', State.erased, false, 'ERASED'],
    ['LEGITIMATE_INTEREST', none, false, 'LEGITIMATE_INTEREST'],
    ['LEGITIMATE_INTEREST', given, true, 'LEGITIMATE_INTEREST'],
    ['LEGITIMATE_INTEREST', refused, false, 'REFUSED'],
    ['LEGITIMATE_INTEREST', objected, false, 'OBJECTED'],
    ['LEGITIMATE_INTEREST', 99, false, 'NOT_EVALUATED'],
    ['OPT_OUT', none, false, 'OPT_OUT'],
    ['OPT_OUT', given, false, 'OPT_OUT'],
    ['OPT_OUT', withdrawn, false, 'WITHDRAWN'],
    ['OPT_OUT', 255, false, 'NOT_EVALUATED'],
    ['CONTRACT', objected, false, 'CONTRACT'],
    ['LEGAL_OBLIGATION', refused, true, 'LEGAL_OBLIGATION'],
    ['CONCENT' as Basis, given, false, 'NOT_EVALUATED'],
  ])('on %s in state %i (expired: %s) is %s', (basis, state, expired, reason) => {
    const releases = [
      'CONSENTED',
      'LEGITIMATE_INTEREST',
      'OPT_OUT',
      'CONTRACT',
      'LEGAL_OBLIGATION',
    ];
    expect(judge(basis, state, expired)).toEqual({ release: releases.includes(reason), reason });
  });
});

describe('basisAt', () => {
  const places = new Map<string, Basis>([
    ['US', 'OPT_OUT'],
    ['US-CA', 'CONSENT'],
    ['CA', 'LEGITIMATE_INTEREST'],
    ['DE-BY', 'OPT_OUT'],
  ]);

  it('is the same everywhere when no place differs', () => {
    expect(basisAt('CONTRACT', new Map(), undefined)).toBe('CONTRACT');
  });

  it.each<[unknown, Basis]>([
    ['US-CA', 'CONSENT'],
    ['US-TX', 'OPT_OUT'],
    [' us-tx ', 'OPT_OUT'],
    // A Californian may be behind it.
    ['US', 'CONSENT'],
    ['CA', 'LEGITIMATE_INTEREST'],
    ['CA-QC', 'LEGITIMATE_INTEREST'],
    ['DE', 'CONSENT'],
    ['DE-BY', 'OPT_OUT'],
    ['FR', 'CONSENT'],
  ])('for somebody in %j is %s', (where, basis) => {
    expect(basisAt('CONSENT', places, where)).toBe(basis);
  });

  it.each([
    ...[null, undefined, '', ' ', 'USA', 'California', 'U', 'US-', 'US-CALI', 'US_CA', '12', 12],
    ...[{}, ['US-TX'], new Date(0), 'US-TX\nUS', 'constructor', '__proto__', 'uſ', 'ß', 'US-ﬁ'],
  ])('means opt-in where the place is %j', (where) => {
    expect(basisAt('LEGITIMATE_INTEREST', places, where)).toBe('CONSENT');
  });
});
