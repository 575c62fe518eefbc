import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/core/places.ts';
import { basisAt } from '../../src/ledger/judge.ts';

describe('a place', () => {
  it.each([
    ['US', { code: 'US', country: 'US', isRegion: false }],
    ['US-CA', { code: 'US-CA', country: 'US', isRegion: true }],
  ])('%s is known', (text, place) => {
    expect(placeOf(text)).toEqual(place);
  });

  it.each(['ZZ', 'UK', 'XX-1', 'us', 'USA', '', 'ß', 'US-', 'US-CALI'])('%j is not', (text) => {
    expect(placeOf(text)).toBeUndefined();
  });

  it.each(['ZZ', 'UK', 'Germany', '', null, 5])('%j means opt-in where places matter', (where) => {
    const places = new Map([['GB', 'CONSENT']] as const);
    expect(basisAt('LEGITIMATE_INTEREST', places, where)).toBe('CONSENT');
    expect(basisAt('LEGITIMATE_INTEREST', places, 'DE')).toBe('LEGITIMATE_INTEREST');
  });
});
