import { faker } from '@faker-js/faker/locale/en';
import { Dice } from './dice.ts';
import type { DepartmentRow, ProductPairRow, ProductRow } from './shop-tables.ts';

const goods: readonly (readonly [department: string, things: readonly string[]])[] = [
  ['Kitchen', ['Kettle', 'Frying Pan', 'Bread Knife', 'Teapot', 'Mixing Bowl', 'Pepper Mill']],
  ['Garden', ['Watering Can', 'Hand Rake', 'Plant Pot', 'Bird Feeder', 'Bench', 'Lantern']],
  ['Books', ['Cookbook', 'Atlas', 'Field Guide', 'Crime Novel', 'Poetry Book', 'Picture Book']],
  ['Music', ['Record Player', 'Headphones', 'Ukulele', 'Music Stand', 'Speaker', 'Harmonica']],
  ['Sports', ['Running Vest', 'Yoga Mat', 'Water Bottle', 'Football', 'Bicycle Bell', 'Rucksack']],
  ['Toys', ['Building Bricks', 'Kite', 'Jigsaw Puzzle', 'Spinning Top', 'Doll', 'Marble Run']],
  ['Clothing', ['Scarf', 'Jumper', 'Rain Coat', 'Wool Socks', 'Cap', 'Shirt']],
  ['Home', ['Floor Lamp', 'Cushion', 'Wall Clock', 'Bookshelf', 'Rug', 'Vase']],
  ['Office', ['Fountain Pen', 'Notebook', 'Desk Lamp', 'Letter Tray', 'Chair', 'Stapler']],
  ['Travel', ['Suitcase', 'Neck Pillow', 'Wash Bag', 'Travel Mug', 'Umbrella', 'Map Case']],
  ['Care', ['Soap', 'Hair Brush', 'Bath Towel', 'Hand Cream', 'Comb', 'Candle']],
  ['Pets', ['Dog Lead', 'Cat Basket', 'Feeding Bowl', 'Scratching Post', 'Chew Toy', 'Bird Bath']],
];

const promises = [
  'made to last',
  'easy to mend',
  'light and sturdy',
  'a small series from one workshop',
  'a gift for yourself or others',
  'taken back without questions for two years',
];

const perThing = 7;
export const departmentCount = goods.length;
export const productsPerDepartment = 6 * perThing;
export const productCount = departmentCount * productsPerDepartment;

/** A product as the other parts of the sample need it. */
export interface Good {
  readonly row: ProductRow;
  readonly thing: string;
  readonly cents: number;
}

export const toAmount = (cents: number): string =>
  `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

/** 504 products; those of department `d` have the ids from `(d - 1) * 42 + 1` on. */
export const makeGoods = (): readonly Good[] => {
  faker.seed(2025);
  const kinds = faker.helpers.uniqueArray(() => faker.commerce.productAdjective(), 20);
  const made: Good[] = [];
  goods.forEach(([department, things], index) => {
    for (const thing of things) {
      const dice = new Dice(thing, index);
      const start = dice.below(kinds.length);
      for (let variant = 0; variant < perThing; variant += 1) {
        // Neighbours in the list differ, so that no two products share a name.
        const kind = kinds[(start + variant) % kinds.length] ?? '';
        const cents = dice.between(3, 120) * 100 - dice.pick([1, 5, 50]);
        const id = made.length + 1;
        const description = `${thing} for ${department.toLowerCase()}: ${dice.pick(promises)}.`;
        made.push({
          thing,
          cents,
          row: {
            id,
            department_id: index + 1,
            name: `${kind} ${thing}`,
            description,
            price: toAmount(cents),
          },
        });
      }
    }
  });
  return made;
};

export const generateDepartments = (): DepartmentRow[] =>
  goods.map(([name], index) => ({ id: index + 1, name }));

/** Three companions for each product, most from its own department. */
export function* generateProductPairs(): Generator<ProductPairRow> {
  for (let product = 1; product <= productCount; product += 1) {
    const dice = new Dice('pairs', product);
    const first = product - ((product - 1) % productsPerDepartment);
    const companions = new Set<number>();
    while (companions.size < 3) {
      const other = dice.chance(0.7)
        ? first + dice.below(productsPerDepartment)
        : 1 + dice.below(productCount);
      if (other !== product) companions.add(other);
    }
    for (const other of companions) yield { product_id: product, goes_with_id: other };
  }
}
