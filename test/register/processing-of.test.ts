import { describe, expect, it } from 'vitest';
import { decideCoordinate } from '../../src/policy/decide-coordinate.ts';
import { processingOf, registerOf } from '../../src/register/processing-of.ts';
import { shop } from '../policy/sdl.ts';
import { domain, small } from './sdl.ts';

const of = (purpose: string) => {
  const found = processingOf(small()).find((one) => one.purpose === purpose);
  if (!found) throw new Error(purpose);
  return found;
};

/** Category to coordinates. */
const fields = (purpose: string) =>
  Object.fromEntries(
    of(purpose).categories.map(({ category, fields: all }) => [
      category,
      all.map(({ coordinate }) => coordinate),
    ]),
  );

describe('processingOf', () => {
  it('lists leaf purposes in the order of the SDL', () => {
    expect(processingOf(small()).map(({ purpose }) => purpose)).toEqual([
      'SUGGEST',
      'ADS',
      'CARE',
      'SEND',
      'OLD',
      'NOTHING',
    ]);
  });

  it('says all that the SDL says', () => {
    expect(of('SUGGEST')).toEqual({
      purpose: 'SUGGEST',
      description: 'Suggest things',
      under: ['PERSONAL'],
      gain: 'Things that suit you',
      basis: 'CONSENT',
      places: [],
      sale: false,
      directMarketing: false,
      origins: ['ZERO_PARTY', 'FIRST_PARTY', 'SECOND_PARTY', 'THIRD_PARTY'],
      recipients: ['Broker', 'Mail House Ltd'],
      retention: 'P1Y6M',
      since: '2026-01-31',
      deprecated: null,
      replacedBy: null,
      dpv: 'dpv:Personalisation',
      subjects: ['Customer'],
      categories: [
        {
          category: 'ORDERS',
          description: null,
          dpv: null,
          fields: [
            {
              coordinate: 'Customer.orders',
              origin: 'FIRST_PARTY',
              source: 'shop',
              basis: 'CONSENT',
              namedYes: false,
            },
            {
              coordinate: 'Order.total',
              origin: 'FIRST_PARTY',
              source: 'crm',
              basis: 'CONSENT',
              namedYes: false,
            },
          ],
        },
        {
          category: 'INCOME',
          description: null,
          dpv: null,
          fields: [
            {
              coordinate: 'Customer.income',
              origin: 'THIRD_PARTY',
              source: 'shop',
              basis: 'CONSENT',
              namedYes: true,
            },
          ],
        },
        // Covered, so a yes can be said; held by no field.
        { category: 'TASTE', description: null, dpv: null, fields: [] },
      ],
    });
    expect(of('ADS')).toMatchObject({
      sale: true,
      directMarketing: true,
      origins: ['ZERO_PARTY', 'FIRST_PARTY'],
      places: [{ is: 'OPT_OUT', in: ['US-CA', 'US-CO'] }],
    });
    expect(of('OLD')).toMatchObject({ deprecated: 'the law changed', replacedBy: 'CARE' });
    expect(of('NOTHING')).toMatchObject({ categories: [], subjects: [], gain: null });
  });

  it('names a field of several categories only where all are covered', () => {
    expect(fields('ADS')).toEqual({
      EMAIL: ['Customer.email', 'Customer.reach', 'Customer.both'],
      // Not `boughtPhone`, whose origin it does not accept.
      PHONE: ['Customer.phone', 'Customer.reach'],
      ORDERS: ['Customer.both', 'Customer.orders', 'Order.total'],
    });
    expect(fields('OLD')).toEqual({ EMAIL: ['Customer.email'] });
  });

  it('says where data need more than their purpose does', () => {
    expect(of('CARE').categories.map(({ fields: [field] }) => field)).toMatchObject([
      { basis: 'LEGITIMATE_INTEREST', namedYes: false },
      { basis: 'CONSENT', namedYes: true },
    ]);
    const bought = of('SEND').categories[1]?.fields.find(({ origin }) => origin === 'THIRD_PARTY');
    expect(bought).toMatchObject({ basis: 'CONTRACT', namedYes: false });
  });

  it('names what persons declared, each field for itself', () => {
    const [one] = processingOf(
      domain(`
enum Category { TASTE @category }
enum Purpose { SUGGEST @purpose(covers: [TASTE], basis: CONTRACT) }
type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "a number")
  likes: Likes
}
type Likes @declared { colour: String @shield(category: TASTE) }
`),
    );
    const found = one?.categories[0]?.fields.find(
      ({ coordinate }) => coordinate === 'Likes.colour',
    );
    expect(found).toEqual({
      coordinate: 'Likes.colour',
      origin: 'ZERO_PARTY',
      source: 'sayso:declared',
      basis: 'CONSENT',
      namedYes: true,
    });
  });
});

it.each([
  ['a small domain', small],
  ['the sample shop', shop],
])('what the register names is what can be released: %s', (_name, policyOf) => {
  const policy = policyOf();
  const guards = new Map(
    [...policy.model.types.values()].flatMap((type) =>
      [...type.fields.values()].map(({ coordinate, guard }) => [coordinate, guard] as const),
    ),
  );
  for (const one of processingOf(policy)) {
    const named = new Set(
      one.categories.flatMap((category) => category.fields.map(({ coordinate }) => coordinate)),
    );
    for (const [coordinate, guard] of guards) {
      if (guard.kind !== 'shield') continue;
      const { kind } = decideCoordinate(policy, guard, one.purpose, true);
      expect(named.has(coordinate), `${one.purpose} ${coordinate}`).toBe(kind !== 'never');
    }
  }
});

describe('registerOf', () => {
  it('tells what is held and used for nothing', () => {
    const { policy, unused } = registerOf(small());
    expect(policy).toMatch(/^sha256:/);
    expect(unused).toEqual([{ category: 'SHOE_SIZE', description: null, dpv: null }]);
    expect(registerOf(shop()).unused).toEqual([]);
  });
});
