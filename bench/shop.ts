import type { ConsentInput } from '../src/core/consent.ts';

/** How many customers one request asks for. */
export const sizes = [1, 100, 1_000] as const;
export type Size = (typeof sizes)[number];

/** More than one page of the largest size, so that the lists are real pages of a larger table. */
export const customerCount = 3_000;
export const ordersEach = 3;

export const purposes = { measured: 'OFFERS', everything: 'FULFILMENT' } as const;

/** The fields of a customer that the query asks for, in its order, and their columns. */
export const customerFields = [
  ['id', 'id'],
  ['name', 'name'],
  ['email', 'email'],
  ['phone', 'phone'],
  ['birthDate', 'birth_date'],
  ['city', 'city'],
  ['tier', 'tier'],
  ['language', 'language'],
  ['currency', 'currency'],
  ['joinedOn', 'joined_on'],
] as const;

export const orderFields = [
  ['id', 'id'],
  ['placedOn', 'placed_on'],
  ['total', 'total'],
] as const;

const names = (fields: readonly (readonly [string, string])[]): string =>
  fields.map(([name]) => name).join(' ');

export const query = `query Bench($first: Int!) {
  customers(first: $first) {
    nodes { ${names(customerFields)} orders { ${names(orderFields)} } }
  }
}`;

/** The governed fields and their categories. */
export const governedOfCustomer = {
  name: 'NAME',
  email: 'EMAIL',
  phone: 'PHONE',
  birthDate: 'BIRTH_DATE',
  city: 'CITY',
} as const;
export const governedOfOrder = { total: 'PURCHASES' } as const;

const categories = [...Object.values(governedOfCustomer), ...Object.values(governedOfOrder)];

/** The shop with that many customers. Keys and indexes come after the rows, which is faster. */
export const tablesOf = (count: number): string => `
  create table customers (
    id int, name text, email text, phone text, birth_date date, city text,
    tier text, language text, currency text, joined_on date
  );
  create table orders (id int, customer_id int, placed_on date, total numeric(9,2));
  insert into customers
    select n, 'Customer number ' || n, 'customer.' || n || '@example.com',
      '+44 20 7946 ' || lpad(n::text, 4, '0'), date '1950-01-01' + (n % 18000 * 37) % 18000, 'City ' || n % 97,
      (array['none', 'silver', 'gold'])[n % 3 + 1], (array['en', 'de', 'fr', 'es'])[n % 4 + 1],
      (array['EUR', 'GBP'])[n % 2 + 1], date '2015-01-01' + n % 3650
    from generate_series(1, ${count}) as n;
  insert into orders
    select n, (n - 1) / ${ordersEach} + 1, date '2024-01-01' + n % 700, (n % 50000 * 7919 % 50000) / 100.0
    from generate_series(1, ${count * ordersEach}) as n;
  alter table customers add primary key (id);
  alter table orders add primary key (id);
  alter table orders add foreign key (customer_id) references customers;
  create index on orders (customer_id);
  analyze customers, orders;
`;

/** A number of 32 bits that looks random and is the same in every run. */
export const scramble = (seed: number): number => {
  let h = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 16)) >>> 0;
};

/** Whether a customer agreed that this category is used for what is measured: seven in ten did. */
export const agreed = (customer: number, category: string): boolean =>
  scramble(customer * 64 + categories.indexOf(category as (typeof categories)[number]) + 1) % 10 >=
  3;

/** What the customers said. Of the noes half were said aloud; the others were never asked. */
export const sayings = (): readonly ConsentInput[] =>
  Array.from({ length: customerCount }, (_, i) => i + 1).flatMap((customer) => {
    const said = (kind: 'given' | 'refused', about: readonly string[]): ConsentInput[] =>
      about.length === 0
        ? []
        : [
            {
              subject: { type: 'Customer', id: String(customer) },
              kind,
              purpose: purposes.measured,
              categories: about,
              method: 'import',
            },
          ];
    return [
      ...said(
        'given',
        categories.filter((category) => agreed(customer, category)),
      ),
      ...said(
        'refused',
        categories.filter((category, i) => !agreed(customer, category) && (customer + i) % 2 === 0),
      ),
    ];
  });
