import { Dice, weighted } from './dice.ts';
import { makeGoods, productsPerDepartment, toAmount, type Good } from './generate-catalog.ts';
import { favouriteDepartment } from './generate-customers.ts';
import {
  customerCount,
  daysBefore,
  instantBetween,
  registeredAt,
  sampleNow,
  toTime,
} from './sample-clock.ts';
import type { OrderLineRow, OrderRow, ReviewRow } from './shop-tables.ts';

/** One order with everything that hangs on it. */
export interface Purchase {
  readonly order: OrderRow;
  readonly lines: readonly OrderLineRow[];
  readonly reviews: readonly ReviewRow[];
}

// Many customers order once or never, a few order often.
const orderCounts = weighted([
  { low: 0, high: 0, weight: 18 },
  { low: 1, high: 1, weight: 26 },
  { low: 2, high: 2, weight: 21 },
  { low: 3, high: 4, weight: 20 },
  { low: 5, high: 8, weight: 12 },
  { low: 9, high: 25, weight: 3 },
]);

const lineCounts = weighted([
  { count: 1, weight: 42 },
  { count: 2, weight: 27 },
  { count: 3, weight: 16 },
  { count: 4, weight: 9 },
  { count: 6, weight: 6 },
]);

const payments = ['card', 'card', 'wallet', 'invoice', 'bank transfer'];

const staffNotes = [
  'Asked for the parcel to be left with a neighbour.',
  'Box arrived dented; contents fine; apologised.',
  'Promised free delivery on the next order.',
  'Wants the invoice without the delivery note.',
  'Called twice about the delay; parcel found at the depot.',
];

const praise = ['Does what it should.', 'Just right.', 'Would buy it again.', 'A lovely thing.'];
const doubt = ['It is all right.', 'Good, but I had hoped for more.', 'Fine for the price.'];
const blame = ['Broke within a week.', 'Not as in the picture.', 'I would not buy it again.'];

const statusOf = (placed: number, dice: Dice): string => {
  if (placed < daysBefore(sampleNow, 14)) return dice.chance(0.93) ? 'DELIVERED' : 'RETURNED';
  return placed < daysBefore(sampleNow, 3) ? 'SHIPPED' : 'PLACED';
};

/** Half of what is bought comes from the favourite department; elsewhere some things sell better. */
const pickGood = (goods: readonly Good[], favourite: number | null, dice: Dice): Good => {
  const index =
    favourite !== null && dice.chance(0.5)
      ? (favourite - 1) * productsPerDepartment + dice.below(productsPerDepartment)
      : Math.floor(dice.next() * dice.next() * goods.length);
  // The cast holds because both ways stay below the number of goods.
  return goods[index] as Good;
};

const starsOf = (dice: Dice): number => dice.pick([5, 5, 5, 5, 4, 4, 4, 3, 2, 1]);

const wordsOf = (stars: number, { thing }: Good, dice: Dice): string | null => {
  if (dice.chance(0.3)) return null;
  const words = dice.pick(stars > 3 ? praise : stars === 3 ? doubt : blame);
  return `${thing}: ${words}`;
};

/** Makes orders one by one and hands out their numbers. */
class Till {
  readonly #goods = makeGoods();
  #orders = 0;
  #lines = 0;
  #reviews = 0;

  sell(customer: number, placed: number, favourite: number | null, dice: Dice): Purchase {
    const id = (this.#orders += 1);
    const lines: OrderLineRow[] = [];
    const reviews: ReviewRow[] = [];
    const status = statusOf(placed, dice);
    let total = 0;
    for (let count = lineCounts(dice).count; count > 0; count -= 1) {
      const good = pickGood(this.#goods, favourite, dice);
      if (lines.some(({ product_id }) => product_id === good.row.id)) continue;
      const quantity = dice.pick([1, 1, 1, 1, 2, 3]);
      const cents = dice.chance(0.1) ? Math.floor(good.cents * 0.9) : good.cents;
      total += quantity * cents;
      lines.push({
        id: (this.#lines += 1),
        order_id: id,
        product_id: good.row.id,
        quantity,
        unit_price: toAmount(cents),
      });
      if (status === 'DELIVERED' && dice.chance(0.1)) {
        reviews.push(this.#review(customer, good, placed, dice));
      }
    }
    const order: OrderRow = {
      id,
      customer_id: customer,
      placed_at: toTime(placed),
      status,
      total: toAmount(total),
      paid_by: dice.pick(payments),
      staff_note: dice.chance(0.06) ? dice.pick(staffNotes) : null,
    };
    return { order, lines, reviews };
  }

  #review(customer: number, good: Good, placed: number, dice: Dice): ReviewRow {
    const stars = starsOf(dice);
    return {
      id: (this.#reviews += 1),
      customer_id: customer,
      product_id: good.row.id,
      written_at: toTime(instantBetween(dice, placed, sampleNow)),
      stars,
      text: wordsOf(stars, good, dice),
    };
  }
}

/** All orders with their lines and reviews, customer by customer. */
export function* generatePurchases(): Generator<Purchase> {
  const till = new Till();
  for (let customer = 1; customer <= customerCount; customer += 1) {
    const dice = new Dice('purchases', customer);
    const favourite = favouriteDepartment(customer);
    const { low, high } = orderCounts(dice);
    const instants = Array.from({ length: dice.between(low, high) }, () =>
      instantBetween(dice, registeredAt(customer), sampleNow),
    );
    for (const placed of instants.sort((a, b) => a - b)) {
      yield till.sell(customer, placed, favourite, dice);
    }
  }
}
