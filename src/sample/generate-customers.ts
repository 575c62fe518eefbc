import { countries, type Country } from './countries.ts';
import { Dice, weighted } from './dice.ts';
import { departmentCount } from './generate-catalog.ts';
import {
  customerCount,
  daysBefore,
  registeredAt,
  sampleNow,
  toDate,
  toTime,
} from './sample-clock.ts';
import type { CustomerRow } from './shop-tables.ts';

/** Names and places of a country, made once by faker; customers then only pick from them. */
interface Pool extends Country {
  readonly names: readonly (readonly [first: readonly string[], last: readonly string[]])[];
  readonly streets: readonly string[];
  readonly postcodes: readonly string[];
  readonly cities: readonly string[];
}

const times = (count: number, make: () => string): string[] => Array.from({ length: count }, make);

const makePool = (country: Country, index: number): Pool => {
  const { person, location } = country.faker;
  country.faker.seed(2025 + index);
  return {
    ...country,
    names: (['female', 'male'] as const).map((sex) => [
      times(60, () => person.firstName(sex)),
      times(80, () => person.lastName(sex)),
    ]),
    streets: times(80, () => location.streetAddress()),
    postcodes: times(60, () => location.zipCode()),
    cities: times(40, () => location.city()),
  };
};

const foldable: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  œ: 'oe',
};

/** The letters a to z of a name; empty for scripts that have none of them. */
const latin = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[ßøæłđðþœ]/g, (letter) => foldable[letter] ?? '')
    .normalize('NFD')
    .replace(/[^a-z]/g, '');

// Set aside by RFC 2606: mail to them reaches nobody.
const domains = ['example.com', 'example.org', 'example.net'];

const emailOf = (id: number, first: string, last: string, dice: Dice): string => {
  const parts = [latin(first), latin(last)].filter((part) => part !== '');
  return `${[...(parts.length > 0 ? parts : ['customer']), id].join('.')}@${dice.pick(domains)}`;
};

const residenceOf = ({ code, parts }: Country, dice: Dice): string | null =>
  dice.chance(0.01) ? null : parts ? dice.pick(parts) : code;

/** Grown-ups up to 85, more of them younger than older. */
const birthDateOf = (dice: Dice): string =>
  toDate(daysBefore(sampleNow, Math.floor((18 + 67 * dice.next() * dice.next()) * 365.25) + 1));

const customerFrom = (id: number, pool: Pool, dice: Dice): CustomerRow => {
  const [firsts, lasts] = dice.pick(pool.names);
  const first = dice.pick(firsts);
  const last = dice.pick(lasts);
  return {
    id,
    name: pool.code === 'JP' ? `${last} ${first}` : `${first} ${last}`,
    email: emailOf(id, first, last, dice),
    phone: dice.chance(0.85) ? dice.digits(pool.phone) : null,
    street: dice.pick(pool.streets),
    postcode: dice.pick(pool.postcodes),
    city: dice.pick(pool.cities),
    country: pool.code,
    residence: residenceOf(pool, dice),
    birth_date: dice.chance(0.8) ? birthDateOf(dice) : null,
    favourite_department_id: favouriteDepartment(id),
    referred_by: id > 1 && dice.chance(0.1) ? dice.between(1, id - 1) : null,
    registered_at: toTime(registeredAt(id)),
  };
};

/** What a customer said they care for; a little more than half said so. */
export const favouriteDepartment = (customer: number): number | null => {
  const dice = new Dice('favourite', customer);
  return dice.chance(0.55) ? dice.between(1, departmentCount) : null;
};

/** All customers, by id. */
export function* generateCustomers(): Generator<CustomerRow> {
  const pickPool = weighted(countries.map(makePool));
  for (let id = 1; id <= customerCount; id += 1) {
    const dice = new Dice('customer', id);
    yield customerFrom(id, pickPool(dice), dice);
  }
}
