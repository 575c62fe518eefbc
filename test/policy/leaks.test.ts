import { Source } from 'graphql';
import { describe, expect, it } from 'vitest';
import { customer, enums, marked, problemsOf } from './sdl.ts';

// What a careless data owner might write, and what it would give away. `▸` stands where the start
// stops; each case says what is wrong in one phrase.

type Leak = readonly [name: string, sdl: string, ...what: string[]];

const order = `
type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  total: Int @shield(category: PURCHASES)
}`;

const sameTable: readonly Leak[] = [
  [
    'a person’s table once more, as a plain type',
    `${customer}
▸type CustomerRow @table(source: "shop", name: "customer") {
  id: ID!
  name: String
}`,
    '`CustomerRow` shows the table `customer`, whose rows concern persons as `Customer` says (domain.graphql:2:1)',
  ],
  [
    'the plain type written first',
    `▸type Row @table(source: "shop", name: "customer") { id: ID! }${customer}`,
    '`Row` shows the table `customer`',
  ],
  [
    'a column shielded in one type and open in another',
    `${customer}
type Card @table(source: "shop", name: "customer", root: false) @about(subject: "id") {
  ▸title: String @open(because: "a title") @column(name: "name")
}`,
    '`Card.title` shows the same column `name` as `Customer.name` under another rule',
  ],
  [
    'a row that opens on somebody else’s say-so',
    `${customer}${order}
▸type Gift @table(source: "shop", name: "orders") @about(subject: "recipient_id") {
  id: ID! @open(because: "n")
  total: Int @shield(category: PURCHASES)
}`,
    '`Gift` and `Order` show the table `orders` and name different persons',
  ],
  [
    'where somebody lives',
    `type Customer @table(source: "shop", name: "customer") @subject(id: "id", place: "land") {
  id: ID! @open(because: "n")
  ▸land: String @open(because: "only a country")
}
type Card @table(source: "shop", name: "customer", root: false) @about(subject: "id") {
  ▸country: String @open(because: "only a country") @column(name: "land")
}`,
    '`Customer.land` is @open and shows `land`, where the person lives',
    '`Card.country` is @open and shows `land`, where the person lives',
  ],
];

const sameColumn: readonly Leak[] = [
  [
    'a second field over it',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  email: String @shield(category: EMAIL)
  ▸login: String @shield(category: NAME) @column(name: "email")
}`,
    '`Customer.login` shows the same column `email` as `Customer.email` under another rule',
  ],
  [
    'the same category without the named rule',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  email: String @shield(category: EMAIL, rules: ["isStaff"])
  ▸login: String @shield(category: EMAIL) @column(name: "email")
}`,
    '`Customer.login` shows the same column `email`',
  ],
  [
    'a key that is looked up and a number that is shown',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  friend: Customer @shield(category: TASTE) @join(on: "friend_id")
  ▸friendId: ID @open(because: "a number")
}`,
    '`Customer.friendId` shows the same column `friend_id` as `Customer.friend`',
  ],
  [
    'a list that starts from a shielded column',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  city: String @shield(category: NAME, rules: ["isStaff"])
  ▸shops: [Shop!] @shield(category: NAME) @join(from: "city", on: "city")
}
type Shop @table(source: "shop", name: "shop") { id: ID! }`,
    '`Customer.shops` follows the column of `Customer.city` and would disclose rule isStaff',
  ],
  [
    'a list that starts from the column of a shielded relation',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  friend: Customer @shield(category: TASTE) @join(on: "friend_id")
  ▸friendsOrders: [Order!] @shield(category: PURCHASES) @join(from: "friend_id", on: "customer_id")
}
type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
}`,
    '`Customer.friendsOrders` follows the column of `Customer.friend` and would disclose TASTE',
  ],
  [
    'an unmarked list that starts from a column nobody marked',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  zip: String @shield(category: NAME)
  ▸neighbours: [Customer!]! @join(from: "zip_code", on: "zip")
}`,
    '`Customer.neighbours` is a field of a personal type and neither @shield-ed nor @open',
  ],
];

const keys: readonly Leak[] = [
  [
    'a shielded key',
    `type Customer @table(source: "shop", name: "c", key: ["email"]) @subject(id: "id") {
  ▸email: String @shield(category: EMAIL)
}`,
    '`Customer.email` is @shield-ed and is the key of `Customer`',
  ],
  [
    'a shielded id of the person',
    `type Customer @table(source: "shop", name: "c", key: ["pk"]) @subject(id: "ssn") {
  pk: ID! @open(because: "n")
  ▸ssn: String @shield(category: NAME)
}`,
    '`Customer.ssn` is @shield-ed and is the key of `Customer`',
  ],
  [
    'a key that no field owns up to, in arguments and cursors',
    `▸type Customer @table(source: "shop", name: "c", key: ["email"]) @subject(id: "id") {
  name: String @shield(category: NAME)
}`,
    '`Customer` is keyed by `email`, which its root fields and cursors would tell',
  ],
  [
    'a shielded relation within a key of several columns',
    `${customer}
type Wish @table(source: "shop", name: "w", key: ["no", "thing_id"]) @about(subject: "customer_id") {
  no: Int @open(because: "n")
  ▸thing: Thing @shield(category: TASTE) @join(on: "thing_id")
}
type Thing @table(source: "shop", name: "thing") { id: ID! }`,
    '`Wish.thing` is @shield-ed and is the key of `Wish`',
  ],
  [
    'rows asked for by the person they concern',
    `${customer}
▸type Income @table(source: "shop", name: "i", key: ["customer_id"]) @about(subject: "customer_id") {
  band: String @shield(category: TASTE)
}
▸type Wish @table(source: "shop", name: "w", key: ["customer_id", "thing_id"]) @about(subject: "customer_id") {
  since: String @shield(category: TASTE)
}`,
    '`Income` is keyed by `customer_id`, which says whom a row concerns',
    '`Wish` is keyed by `customer_id`, which says whom a row concerns',
  ],
];

const forgotten: readonly Leak[] = [
  [
    'rows that name their person',
    `${customer}
type Account @table(source: "shop", name: "account") {
  balance: Int
  ▸owner: Customer @join(on: "customer_id")
}`,
    '`Account.owner` leads from each row to a person’s row of `Customer`, so `Account` concerns persons too',
  ],
  [
    'rows that name what concerns a person',
    `${customer}${order}
type Parcel @table(source: "shop", name: "parcel") {
  ▸order: Order @join(on: "order_id")
}`,
    '`Parcel.order` leads from each row to a person’s row of `Order`',
  ],
  [
    'rows that a person’s row leads to by its key',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸accounts: [Account!] @shield(category: PURCHASES) @join(on: "customer_id")
}
type Account @table(source: "shop", name: "account") { balance: Int }`,
    '`Customer.accounts` leads to rows of `Account` that point at a person’s row',
  ],
  [
    'rows that share the person’s key',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸details: Details @shield(category: PURCHASES) @join(on: "id")
}
type Details @table(source: "shop", name: "details") { text: String }`,
    '`Customer.details` leads to rows of `Details` that point at a person’s row',
  ],
  [
    'rows behind rows about a person',
    `${customer}
type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  ▸lines: [Line!] @shield(category: PURCHASES) @join(on: "order_id")
}
type Line @table(source: "shop", name: "line") { id: ID! }`,
    '`Order.lines` leads to rows of `Line` that point at a person’s row',
  ],
];

const relations: readonly Leak[] = [
  [
    'from a plain row by a column that no field rules',
    `${customer}
type City @table(source: "shop", name: "city") {
  id: ID!
  ▸people: [Customer!]! @join(on: "city_id")
}`,
    '`City.people` finds persons’ rows of `Customer` by `city_id`, which no field of `Customer` rules',
  ],
  [
    'from a plain row by a union of which one type rules the column',
    `${customer}
union Thing = City | Order
type City @table(source: "shop", name: "city") {
  id: ID!
  ▸things: [Thing!]! @join(on: "city_id")
}${order}`,
    '`City.things` finds persons’ rows of `Order` by `city_id`',
  ],
  [
    'from another person by a column that no field rules',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸brought: [Customer!]! @join(on: "brought_by")
}`,
    '`Customer.brought` finds persons’ rows of `Customer` by `brought_by`',
  ],
  [
    'from a plain row by the column that says whom rows concern',
    `${customer}${order}
type Desk @table(source: "shop", name: "desk") {
  ▸orders: [Order!]! @join(from: "who", on: "customer_id")
}`,
    '`Desk.orders` leads from each row to a person’s row of `Order`',
  ],
  [
    'of somebody else, by the column that says whom rows concern',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  friend: Customer @shield(category: TASTE) @join(on: "friend_id")
  ▸friendsOrders: [Order!] @shield(category: TASTE) @join(from: "friend_id", on: "customer_id")
}${order}`,
    '`Customer.friendsOrders` finds persons’ rows of `Order` by `customer_id`',
  ],
  [
    'the near end of a relation laxer than the far one',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸orders: [Order!]! @join(on: "customer_id")
}
type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
}`,
    '`Customer.orders` tells whose a row of `Order` is, which `Order.customer` shields by PURCHASES',
  ],
  [
    'the far end laxer than the near one',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  orders: [Order!] @shield(category: PURCHASES) @join(on: "customer_id")
}
type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  ▸customerId: ID @open(because: "a number")
}`,
    '`Order.customerId` tells whose a row of `Order` is, which `Customer.orders` shields by PURCHASES',
  ],
  [
    'the same rows twice, once unmarked',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  orders: [Order!] @shield(category: PURCHASES) @join(on: "customer_id")
  ▸purchases: [Order!]! @join(on: "customer_id")
}${order}`,
    '`Customer.purchases` tells whose a row of `Order` is, which `Customer.orders` shields by PURCHASES',
  ],
];

const between: readonly Leak[] = [
  [
    'from a plain row to persons',
    `${customer}
type Product @table(source: "shop", name: "product") {
  id: ID!
  ▸buyers: [Customer!]! @join(via: "bought", on: "product_id", to: "customer_id")
}`,
    '`Product.buyers` leads over `bought` to persons’ rows, and no rule can stand',
  ],
  [
    'unmarked, between persons',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸friends: [Customer!]! @join(via: "friends", on: "a", to: "b")
}`,
    '`Customer.friends` is a field of a personal type and neither',
  ],
  [
    'the table between itself shown as a plain type',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  wishes: [Thing!] @shield(category: TASTE) @join(via: "wish", on: "customer_id", to: "thing_id")
}
type Thing @table(source: "shop", name: "thing") { id: ID! }
▸type Wish @table(source: "shop", name: "wish") { id: ID!  thingId: ID }`,
    '`Wish` shows the table `wish`, whose rows link persons for `Customer.wishes`',
  ],
  [
    'the table between shielded in its own type, and skipped over',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸wishes: [Thing!] @open(because: "only things") @join(via: "wish", on: "customer_id", to: "thing_id")
}
type Thing @table(source: "shop", name: "thing") { id: ID! }
type Wish @table(source: "shop", name: "wish") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  thing: Thing @shield(category: TASTE) @join(on: "thing_id")
}`,
    '`Customer.wishes` tells links of `wish` that `Wish.thing` shields by TASTE',
  ],
  [
    'two ways over it, one laxer',
    `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  wishes: [Thing!] @shield(category: TASTE) @join(via: "wish", on: "customer_id", to: "thing_id")
  ▸wanted: [Thing!] @open(because: "only things") @join(via: "wish", on: "customer_id", to: "thing_id")
}
type Thing @table(source: "shop", name: "thing") { id: ID! }`,
    '`Customer.wanted` tells links of `wish` that `Customer.wishes` shields by TASTE',
  ],
];

describe.each([
  ['one table in two types', sameTable],
  ['one column in two fields', sameColumn],
  ['keys', keys],
  ['a type that is personal and does not say so', forgotten],
  ['a relation', relations],
  ['a table between', between],
])('the start stops before a leak through %s', (_group, leaks) => {
  it.each(leaks)('%s', (_name, sdl, ...what) => {
    const { source, places } = marked(sdl);
    expect(problemsOf([enums, source])).toEqual(
      what.map((one, i) => ({
        where: places[i],
        what: expect.stringContaining(one),
        mend: expect.any(String),
      })),
    );
  });
});

describe('what only looks like a leak starts', () => {
  it.each<[string, string]>([
    [
      'two types over one table with one rule',
      `${customer}
type Card @table(source: "shop", name: "customer", root: false) @about(subject: "id") {
  title: String @shield(category: NAME) @column(name: "name")
}`,
    ],
    [
      'a wide category for the same leaves',
      `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  both: String @shield(category: IDENTITY)
  same: String @shield(category: [NAME, EMAIL]) @column(name: "both")
  derived: String @shield(category: IDENTITY) @derived(from: ["same"])
}`,
    ],
    [
      'several relations that point here, each under its own rule, and an unmarked list',
      `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  points: Points @shield(category: TASTE) @join(from: "id", on: "customer_id")
  income: Income @shield(category: NAME) @join(from: "id", on: "customer_id")
  id: ID! @open(because: "n")
  orders: [Order!]! @join(on: "customer_id")
}
type Points @table(source: "crm", name: "p", key: ["customer_id"], root: false) @about(subject: "customer_id") {
  points: Int @shield(category: TASTE)
}
type Income @table(source: "crm", name: "i", key: ["customer_id"], root: false) @about(subject: "customer_id") {
  band: Int @shield(category: NAME)
}${order}`,
    ],
    [
      'persons found from a plain row by a column that they rule, or opened',
      `type City @table(source: "shop", name: "city") {
  id: ID!
  people: [Customer!]! @join(on: "city_id")
  staff: [Employee!]! @join(on: "city_id")
}
type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  city: City @shield(category: NAME) @join(on: "city_id")
}
type Employee @table(source: "shop", name: "e") @subject(id: "id") {
  id: ID! @open(because: "n")
  cityId: ID @open(because: "their office is public")
}`,
    ],
    [
      'two persons, each with a rule of their own for the relation between them',
      `type Customer @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  helper: Employee @shield(category: TASTE) @join(on: "helper_id")
}
type Employee @table(source: "shop", name: "e") @subject(id: "id") {
  id: ID! @open(because: "n")
  helps: [Customer!] @shield(category: NAME) @join(on: "helper_id")
}`,
    ],
    [
      'one plain table in two types',
      `type City @table(source: "shop", name: "city") { id: ID! name: String }
type Town @table(source: "shop", name: "city") { id: ID! title: String @column(name: "name") }`,
    ],
    [
      'an interface without marks',
      `interface Named { name: String }
type Customer implements Named @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  name: String @shield(category: NAME)
}
type City implements Named @table(source: "shop", name: "city") { name: String }`,
    ],
  ])('%s', (_name, sdl) => {
    expect(problemsOf([enums, new Source(sdl, 'domain.graphql')])).toEqual([]);
  });
});
