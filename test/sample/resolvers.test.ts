import { describe, expect, it } from 'vitest';
import { ageBandOn, resolvers } from '../../src/sample/resolvers.ts';

const today = new Date('2026-03-01T12:00:00Z');

describe('ageBand', () => {
  it.each([
    ['2010-01-01', 'under 18'],
    ['2008-03-01', '18-24'],
    ['2008-03-02', 'under 18'],
    ['2001-03-01', '25-34'],
    ['2001-03-02', '18-24'],
    ['1961-03-02', '55-64'],
    ['1961-03-01', '65 or over'],
    ['1930-12-31', '65 or over'],
  ])('of somebody born on %s is %s', (born, band) => {
    expect(ageBandOn(today, born)).toBe(band);
    expect(ageBandOn(today, new Date(`${born}T00:00:00Z`))).toBe(band);
  });

  it.each([[null], [undefined], ['soon'], ['2001-13-45'], [42], [new Date(Number.NaN)]])(
    'is null when the birth date is %s',
    (born) => {
      expect(ageBandOn(today, born)).toBeNull();
    },
  );

  it('is null when the birth date was withheld, that is, is not in the row', () => {
    expect(resolvers.Customer.ageBand({ id: '1' })).toBeNull();
  });
});
