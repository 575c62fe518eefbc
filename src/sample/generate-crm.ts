import { Dice, weighted } from './dice.ts';
import {
  customerCount,
  daysBefore,
  instantBetween,
  isClubMember,
  registeredAt,
  sampleNow,
  toDate,
} from './sample-clock.ts';
import type { BoughtProfileRow, LoyaltyRow } from './shop-tables.ts';

const tiers = weighted([
  { tier: 'BRONZE', most: 499, weight: 70 },
  { tier: 'SILVER', most: 1999, weight: 24 },
  { tier: 'GOLD', most: 9999, weight: 6 },
]);

const incomeBands = weighted([
  { band: '0-20', weight: 17 },
  { band: '20-40', weight: 34 },
  { band: '40-60', weight: 24 },
  { band: '60-100', weight: 18 },
  { band: '100+', weight: 7 },
]);

const interests = [
  'baby products',
  'camping',
  'collecting',
  'cooking',
  'do it yourself',
  'fitness',
  'gaming',
  'gardening',
  'home moving',
  'pets',
  'photography',
  'wellness',
];

/** The club's members: six customers in ten. */
export function* generateLoyaltyMembers(): Generator<LoyaltyRow> {
  for (let customer = 1; customer <= customerCount; customer += 1) {
    if (!isClubMember(customer)) continue;
    const dice = new Dice('loyalty', customer);
    const { tier, most } = tiers(dice);
    const joined = instantBetween(dice, registeredAt(customer), sampleNow);
    yield { customer_id: customer, tier, points: dice.between(0, most), joined_on: toDate(joined) };
  }
}

/** What the broker had: seven customers in ten. */
export function* generateBoughtProfiles(): Generator<BoughtProfileRow> {
  for (let customer = 1; customer <= customerCount; customer += 1) {
    const dice = new Dice('broker', customer);
    if (!dice.chance(0.7)) continue;
    yield {
      customer_id: customer,
      income_band: incomeBands(dice).band,
      inferred_interest: dice.pick(interests),
      bought_on: toDate(instantBetween(dice, daysBefore(sampleNow, 400), sampleNow)),
    };
  }
}
