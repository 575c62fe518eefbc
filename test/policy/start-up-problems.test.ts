import { Source } from 'graphql';
import { describe, expect, it } from 'vitest';
import { around, customer, enums, marked, problemsOf } from './sdl.ts';

/** Case: SDL with `▸` where each problem stands, then what each says and how it is mended. */
type Wanted = readonly [what: string, mend: string];
type Case = readonly [name: string, sdl: string, ...problems: Wanted[]];

const expectProblems = (sdl: string, problems: readonly Wanted[], withEnums: boolean): void => {
  const { source, places } = marked(sdl);
  const found = problemsOf(withEnums ? [enums, source] : [source]);
  expect(found).toEqual(
    problems.map(([what, mend], i) => ({
      where: places[i],
      what: expect.stringContaining(what),
      mend: expect.stringContaining(mend),
    })),
  );
};

const person = (fields: string, table = 'source: "shop", name: "customer"', subject = 'id: "id"') =>
  `type Customer @table(${table}) @subject(${subject}) {
  id: ID! @open(because: "a number")
  ${fields}
}`;

const marks: readonly Case[] = [
  [
    'a field of a personal type is unmarked',
    person('▸email: String'),
    ['`Customer.email` is a field of a personal type and neither @shield-ed nor @open', '@shield'],
  ],
  [
    'a field is both shielded and open',
    person('▸email: String @shield(category: EMAIL) @open(because: "x")'),
    ['`Customer.email` is both @shield and @open', 'keep @shield where'],
  ],
  [
    'a shielded field is non-null',
    person('▸email: String! @shield(category: EMAIL)'),
    ['`Customer.email` is @shield-ed and non-null', 'without the last `!`'],
  ],
  [
    'a category is misspelt',
    person('email: String @shield(category: ▸EMIAL)'),
    ['Value "EMIAL" does not exist in "Category" enum.', 'write the enum value "EMAIL"'],
  ],
  [
    'a purpose’s category is misspelt',
    'enum Category { EMAIL @category }\nenum Purpose { ADS @purpose(covers: [▸EMIAL]) }',
    ['Value "EMIAL" does not exist', 'write the enum value "EMAIL"'],
  ],
  [
    'no category is named',
    person('email: String ▸@shield(category: [])'),
    ['names no category, so nobody could ever agree', 'name the categories'],
  ],
  [
    '@open gives no reason',
    person('email: String ▸@open(because: " ")'),
    ['`because` on `Customer.email` is empty', 'give `because` a value'],
  ],
  [
    'a plain type is shielded',
    'type City @table(source: "shop", name: "city") {\n  ▸name: String @shield(category: NAME)\n}',
    ['`City.name` is @shield-ed, but `City` concerns nobody', 'mark the type @subject or @about'],
  ],
  [
    'a rule does not exist',
    person('▸email: String @shield(category: EMAIL, rules: ["isStuff"])'),
    ['names the rule `isStuff`, which does not exist', 'did you mean `isStaff`?'],
  ],
  [
    'a field has several origins of its value',
    person('▸▸email: String @shield(category: EMAIL) @column(name: "e") @derived(from: ["id"])'),
    ['has more than one of @column, @join and @derived', 'keep the one'],
    ['`Customer.email` is @derived and has no resolver', 'export `resolvers.Customer.email`'],
  ],
  [
    'a field declares arguments, with a default or without',
    person('▸email(hash: Boolean = false): String @shield(category: EMAIL)'),
    ['`Customer.email` declares arguments, which nothing would read', 'take the arguments away'],
  ],
  [
    'a directive is repeated',
    person('email: String @shield(category: EMAIL) ▸@shield(category: NAME)'),
    ['The directive "@shield" can only be used once at this location.', 'take it away'],
  ],
  [
    'a directive is misspelt',
    person('email: String ▸@sheild(category: EMAIL)'),
    ['Unknown directive "@sheild".', 'use a directive of schema/governance/directives.graphql'],
  ],
  [
    'a directive’s value has the wrong type',
    person('email: String @shield(category: EMAIL, rules: [▸7])'),
    ['String cannot represent a non string value: 7', 'change the SDL'],
  ],
  [
    'a directive lacks a value',
    person('email: String ▸@shield'),
    ['argument "category" of type "[Category!]!" is required', 'change the SDL'],
  ],
];

const types: readonly Case[] = [
  [
    'the source is not configured',
    `▸${person('', 'source: "shpo", name: "customer"')}`,
    ['comes from the source `shpo`, which is not configured', 'did you mean `shop`?'],
  ],
  ['a type has no table', '▸type City { name: String }', ['`City` has no @table', '@table(source']],
  [
    'a table’s key is empty',
    'type City ▸@table(source: "shop", name: "city", key: []) { name: String }',
    ['the table of `City` has no key columns', 'name the columns'],
  ],
  [
    'a table’s names are empty',
    '▸type City ▸▸@table(source: "", name: "") { name: String }',
    ['comes from the source ``', 'There are:'],
    ['`source` on `City` is empty', 'give `source` a value'],
    ['`name` on `City` is empty', 'give `name` a value'],
  ],
  [
    'a type is a person and concerns one',
    '▸type Customer @table(source: "shop", name: "c") @subject(id: "id") @about(subject: "id") {\n  id: ID! @open(because: "n")\n}',
    ['`Customer` is both @subject and @about', 'keep @subject'],
  ],
  [
    'two types sign in',
    `${person('', undefined, 'id: "id", signIn: true')}
▸type Employee @table(source: "shop", name: "employee") @subject(id: "id", signIn: true) {
  id: ID! @open(because: "n")
}`,
    ['`Employee` has signIn: true besides `Customer`', 'one type only'],
  ],
  [
    'a type is extended',
    `${customer}\n▸extend type Customer { email: String }`,
    ['`extend Customer` would hide a rule', 'in the type itself'],
  ],
  [
    'the root type is extended',
    '▸extend type Query { everybody: [String] }',
    ['`extend Query` would hide a rule', 'in the type itself'],
  ],
  [
    'what every deployment has is extended',
    '▸extend enum Basis { BECAUSE }\n▸extend input SubjectInput { email: String }',
    ['`extend Basis` would change what every deployment has', 'take it away'],
    ['`extend SubjectInput` would change', 'take it away'],
  ],
  [
    '`schema` is defined',
    '▸schema { query: Query }',
    ['the domain SDL defines `schema`', 'take it away'],
  ],
  [
    '`schema` is extended',
    `${customer}\n▸extend schema { subscription: Customer }`,
    ['the domain SDL defines `schema`', 'take it away'],
  ],
  [
    'a directive of its own would seem to protect',
    `▸directive @secret on FIELD_DEFINITION\n${customer}`,
    ['defines @secret, which nothing would read', 'directives.graphql'],
  ],
];

const relations: readonly Case[] = [
  [
    'a field leads to rows and says not how',
    `${customer}\ntype City @table(source: "shop", name: "city") {\n  ▸mayor: Customer\n}`,
    ['`City.mayor` leads to `Customer` and has no @join', 'say with @join'],
  ],
  [
    'a scalar is joined',
    person('▸email: String @shield(category: EMAIL) @join(on: "x")'),
    ['`Customer.email` has @join but no rows as its type', 'take @join away'],
  ],
  [
    'a join names no column',
    person('friends: [Customer!] @shield(category: TASTE) ▸@join'),
    ['@join on `Customer.friends` names no column', '`on`'],
  ],
  [
    'a table between is named by halves',
    person('friends: [Customer!] @shield(category: TASTE) ▸@join(on: "a", via: "friends")'),
    ['names a table between by halves', 'give all three'],
  ],
  [
    'a join’s column is empty',
    person('friend: Customer @shield(category: TASTE) ▸@join(on: "")'),
    ['`on` on `Customer.friend` is empty', 'give `on` a value'],
  ],
  [
    'a join leaves the source and is non-null',
    `${person('▸cards: [Card!]! @join(on: "customer_id")')}
type Card @table(source: "crm", name: "card") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
}`,
    ['leads to the source `crm` and is non-null', 'without the last `!`'],
  ],
  [
    'a table between leaves the source',
    `${person('▸tags: [Tag!] @shield(category: TASTE) @join(via: "t", on: "a", to: "b")')}
type Tag @table(source: "crm", name: "tag") { id: ID! }`,
    ['passes a table between into another source', 'join within one source'],
  ],
  [
    'a single row is non-null',
    'type City @table(source: "shop", name: "city") {\n  ▸twin: City! @join(on: "twin_id")\n}',
    ['`City.twin` is non-null, and the row it leads to may be missing', 'without `!`'],
  ],
  [
    'a single row is of an abstract type',
    `interface Thing { id: ID! }
type City implements Thing @table(source: "shop", name: "city") {
  id: ID!
  ▸thing: Thing @join(on: "thing_id")
}`,
    ['is a single `Thing`, and one key does not say in which table', 'make it a list'],
  ],
  [
    'nothing implements the interface that a list leads to',
    `interface Thing { id: ID! }
type City @table(source: "shop", name: "city") {
  ▸things: [Thing!] @join(on: "city_id")
}`,
    ['leads to an interface that no type implements', 'write `implements`'],
  ],
  [
    'a list of lists of rows',
    'type City @table(source: "shop", name: "city") {\n  ▸twins: [[City!]!] @join(on: "c")\n}',
    ['`City.twins` is a list of lists of rows', 'make it one list'],
  ],
  [
    'a join uses keys of several columns on both sides',
    `type City @table(source: "shop", name: "city", key: ["land", "name"]) {
  land: String
  name: String
  ▸twins: [City!] @join(on: "twin")
  ▸twin: City @join(on: "twin")
}`,
    ['this key has several columns', 'with `from`'],
    ['leads to `City`, whose key has several columns', 'with `on`'],
  ],
  [
    'an interface’s shield is contradicted',
    `interface Named { name: String @shield(category: [NAME, TASTE], rules: ["isStaff"]) }
type Customer implements Named @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸name: String @shield(category: NAME)
}`,
    [
      '`Customer.name` contradicts `Named.name` (domain.graphql:1:19), which is @shield-ed by NAME, TASTE, rule isStaff',
      'add TASTE, rule isStaff to its @shield',
    ],
  ],
  [
    'an interface’s openness is contradicted',
    `interface Named { name: String @open(because: "x") }
type Customer implements Named @table(source: "shop", name: "c") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸name: String @shield(category: NAME)
}`,
    ['`Customer.name` contradicts `Named.name`', 'shield the interface’s field alike'],
  ],
  [
    'an interface’s field has directives that only types can keep',
    `interface Named {
  ▸name: String @column(name: "full_name")
  ▸nick: String @shield(category: NAME) @open(because: "x")
}`,
    ['`Named.name` carries @column, and an interface has no table', 'each type that implements'],
    ['`Named.nick` is both @shield and @open', 'keep one'],
  ],
];

const derived: readonly Case[] = [
  [
    'it has no resolver',
    person('▸age: String @open(because: "x") @derived(from: ["id"])'),
    ['`Customer.age` is @derived and has no resolver', 'export `resolvers.Customer.age`'],
  ],
  [
    'it discloses more than it says',
    person(`email: String @shield(category: EMAIL, rules: ["isStaff"])
  ▸derived: String @shield(category: NAME) @derived(from: ["email"])`),
    [
      '`Customer.derived` would disclose what `Customer.email` shields by EMAIL, rule isStaff',
      'add EMAIL, rule isStaff',
    ],
  ],
  [
    'it is open and its input is not',
    person(`email: String @shield(category: EMAIL)
  ▸derived: Boolean @open(because: "only whether there is one") @derived(from: ["email"])`),
    ['would disclose what `Customer.email` shields by EMAIL', 'add EMAIL'],
  ],
  [
    'it has no input',
    person('derived: String @open(because: "x") ▸@derived(from: [])'),
    ['names no field to compute from', 'name the fields'],
  ],
  [
    'its input is no column: unknown, itself or a relation',
    person(`friend: Customer @shield(category: TASTE) @join(on: "friend_id")
  ▸▸▸derived: String @shield(category: TASTE) @derived(from: ["idd", "derived", "friend"])`),
    ['is @derived from `idd`, which is no column field', 'There are: id'],
    ['is @derived from `derived`, which is no column field', 'There are: id'],
    ['is @derived from `friend`, which is no column field', 'There are: id'],
  ],
  [
    'it would make rows that nobody decides on',
    person('▸derived: Customer @open(because: "x") @derived(from: ["id"])'),
    ['is @derived and leads to `Customer`, whose fields no rule would stand before', 'a scalar'],
  ],
];

const abouts: readonly Case[] = [
  [
    'neither subject nor through',
    `${customer}\ntype Order @table(source: "shop", name: "o") ▸@about { id: ID! @open(because: "n") }`,
    ['@about on `Order` needs exactly one of', 'name the column'],
  ],
  [
    'nobody is a person',
    '▸type Order @table(source: "shop", name: "o") @about(subject: "customer_id") {\n  total: Int @shield(category: PURCHASES)\n}',
    ['`Order` is @about a person, and no type is @subject', 'mark the type whose rows are persons'],
  ],
  [
    'several types are persons',
    `${customer}
type Employee @table(source: "shop", name: "e") @subject(id: "id") { id: ID! @open(because: "n") }
▸type Order @table(source: "shop", name: "o") @about(subject: "who") {
  id: ID! @open(because: "n")
}`,
    ['`Order` is @about a person, and several types are @subject', 'one of Customer, Employee'],
  ],
  [
    'the named type is no person',
    `${customer}
▸type Order @table(source: "shop", name: "o") @about(subject: "who", type: "Order") {
  id: ID! @open(because: "n")
}`,
    ['`Order` is @about `Order`, which is no @subject type', 'one of Customer'],
  ],
  [
    'through names no relation, once for all who lean on it',
    `${customer}
▸type Order @table(source: "shop", name: "o") @about(through: "id") { id: ID! @open(because: "n") }
type Line @table(source: "shop", name: "l") @about(through: "order") {
  id: ID! @open(because: "n")
  order: Order @shield(category: PURCHASES) @join(on: "order_id")
}`,
    ['`Order` is @about somebody through `id`, which is no @join field', 'name a to-one @join'],
  ],
  [
    'through a list',
    `${customer}
▸type Order @table(source: "shop", name: "o") @about(through: "buyers") {
  id: ID! @open(because: "n")
  buyers: [Customer!] @shield(category: PURCHASES) @join(from: "buyer", on: "id")
}`,
    ['through `buyers`, which is not a single row', 'name a to-one @join'],
  ],
  [
    'through another source',
    `${customer}
▸type Order @table(source: "crm", name: "o") @about(through: "buyer") {
  id: ID! @open(because: "n")
  buyer: Customer @shield(category: PURCHASES) @join(on: "buyer_id")
}`,
    ['through `buyer`, in another source', 'name a to-one @join'],
  ],
  [
    'through a plain row',
    `${customer}
type City @table(source: "shop", name: "city") { id: ID! }
▸type Order @table(source: "shop", name: "o") @about(through: "city") {
  id: ID! @open(because: "n")
  city: City @shield(category: PURCHASES) @join(on: "city_id")
}`,
    ['through `city`, which does not lead to a person', 'name a to-one @join'],
  ],
  [
    'in a circle',
    `${customer}
▸type A @table(source: "shop", name: "a") @about(through: "b") {
  id: ID! @open(because: "n")
  b: B @shield(category: TASTE) @join(on: "b_id")
}
▸type B @table(source: "shop", name: "b") @about(through: "a") {
  id: ID! @open(because: "n")
  a: A @shield(category: TASTE) @join(on: "a_id")
}`,
    ['`A` is @about somebody through `b`, which leads back', 'name a to-one @join'],
    ['`B` is @about somebody through `a`, which leads back', 'name a to-one @join'],
  ],
  [
    'through itself',
    `${customer}
▸type A @table(source: "shop", name: "a") @about(through: "a") {
  id: ID! @open(because: "n")
  a: A @shield(category: TASTE) @join(on: "a_id")
}`,
    ['`A` is @about somebody through `a`, which leads back', 'name a to-one @join'],
  ],
  [
    'through a column that finds several rows, each with another person',
    `${customer}
type Order @table(source: "shop", name: "o") @about(subject: "customer_id") {
  id: ID! @open(because: "n")
  day: String @shield(category: PURCHASES)
}
▸type Line @table(source: "shop", name: "l") @about(through: "order") {
  id: ID! @open(because: "n")
  order: Order @shield(category: PURCHASES) @join(from: "day", on: "day")
}`,
    ['finds rows by `day`, not by the key, so perhaps several', 'name a to-one @join'],
  ],
  [
    'through together with a type',
    `${customer}
type Order @table(source: "shop", name: "o") ▸@about(through: "buyer", type: "Customer") {
  id: ID! @open(because: "n")
  buyer: Customer @shield(category: PURCHASES) @join(on: "buyer_id")
}`,
    ['@about on `Order` names a `type`, and `through` leads', 'take `type` away'],
  ],
];

const trees: readonly Case[] = [
  [
    'a category lies under one that does not exist',
    'enum Category {\n  A @category\n  ▸B @category(under: "AA")\n}\nenum Purpose { P @purpose(covers: [A]) }',
    ['category `B` lies under `AA`, which does not exist', 'A, B'],
  ],
  [
    'categories and purposes lie in circles',
    `enum Category {
  ▸A @category(under: "C")
  B @category(under: "A")
  C @category(under: "B")
}
enum Purpose {
  ▸P @purpose(under: "P")
}`,
    ['category `A` lies under itself: A → B → C → A', 'take one `under` out of the circle'],
    ['purpose `P` lies under itself: P → P', 'take one `under` out'],
  ],
  [
    'a value carries no directive',
    'enum Category {\n  ▸A\n}\nenum Purpose {\n  ▸P\n}',
    ['`A` carries no @category', '`A @category`'],
    ['`P` carries no @purpose', '`P @purpose`'],
  ],
  ...(['covers: [A]', 'basis: CONTRACT', 'sale: true'].map((says): Case => [
    `a wider purpose says itself what only its ends may: ${says}`,
    `enum Category { A @category }
enum Purpose {
  ▸WIDE @purpose(${says})
  NARROW @purpose(under: "WIDE", covers: [A])
}`,
    ['purpose `WIDE` has others under it and says itself', 'at the ends of the tree'],
  ]) satisfies readonly Case[]),
  [
    'a wider purpose differs by place',
    `enum Category { A @category }
enum Purpose {
  ▸WIDE @purpose @basis(is: OPT_OUT, in: ["US-CA"])
  NARROW @purpose(under: "WIDE", covers: [A])
}`,
    ['purpose `WIDE` has others under it', 'at the ends of the tree'],
  ],
  [
    'opt-out holds everywhere',
    'enum Category { A @category }\nenum Purpose { P ▸@purpose(covers: [A], basis: OPT_OUT) }',
    ['`P` is OPT_OUT everywhere', 'add `@basis(is: OPT_OUT'],
  ],
  [
    'a place is no ISO code',
    'enum Category { A @category }\nenum Purpose { P @purpose(covers: [A]) ▸▸@basis(is: OPT_OUT, in: ["California", "us", "US-CA"]) }',
    ['`California` in @basis on `P` is not an ISO 3166 code', '`US-CA`'],
    ['`us` in @basis on `P` is not an ISO 3166 code', '`US-CA`'],
  ],
  [
    'a basis names no place',
    'enum Category { A @category }\nenum Purpose { P @purpose(covers: [A]) ▸@basis(is: OPT_OUT, in: []) }',
    ['@basis on `P` names no place', 'name the places'],
  ],
  [
    'a place has two bases',
    'enum Category { A @category }\nenum Purpose {\n  ▸P @purpose(covers: [A]) @basis(is: OPT_OUT, in: ["US-CA"]) @basis(is: CONSENT, in: ["US-CA"])\n}',
    ['`P` has two bases for `US-CA`', 'in one @basis only'],
  ],
];

const names: readonly Case[] = [
  ...['Query', 'Mutation', 'AuditEntry', 'ConsentChange'].map((name): Case => [
    `a type is called ${name}`,
    `type ▸${name} @table(source: "shop", name: "t") { id: ID! }`,
    [`There can be only one type named "${name}".`, 'take it away or rename it; the other is at '],
  ]),
  [
    'a type is called Subscription',
    '▸type Subscription @table(source: "shop", name: "s") { id: ID! }',
    ['`Subscription` is generated and may not be written', 'take it away'],
  ],
  [
    'a type is called like a scalar of GraphQL',
    '▸type String @table(source: "shop", name: "s") { id: ID! }\n▸scalar Int',
    ['`String` is a type of GraphQL’s own', 'choose another name'],
    ['`Int` is a type of GraphQL’s own', 'choose another name'],
  ],
  [
    'names meet those that are generated',
    `${customer}
▸type PageInfo @table(source: "shop", name: "p", root: false) { id: ID! }
▸enum CustomerEdge { A }
▸scalar CustomerConnection`,
    ['`PageInfo` is generated and may not be written', 'rename it'],
    ['`CustomerEdge` is generated for `Customer`', '`root: false`'],
    ['`CustomerConnection` is generated for `Customer`', '`root: false`'],
  ],
  [
    'root fields meet each other and those of every deployment',
    `type City @table(source: "shop", name: "a") { id: ID! }
▸type Town @table(source: "shop", name: "b", plural: "cities") { id: ID! }
▸type Village @table(source: "shop", name: "c", plural: "auditEntries") { id: ID! }
▸type Hamlet @table(source: "shop", name: "d", plural: "hamlet") { id: ID! }`,
    ['the root field `cities` of `Town` is taken by `City`', 'another `plural`'],
    ['`auditEntries` of `Village` is taken by `Query.auditEntries`', 'another `plural`'],
    ['the root field `hamlet` of `Hamlet` is taken by `Hamlet`', 'another `plural`'],
  ],
  [
    'the person’s name meets a field of what consent answers',
    '▸type Head @table(source: "shop", name: "h") @subject(id: "id") {\n  id: ID! @open(because: "n")\n}',
    ['`Head` would be the field `head` of `ConsentChange`', 'rename the type'],
  ],
  ...['my cities', '', 'x: Int } type Root {', '__cities'].map((plural): Case => [
    `plural is no name: ${JSON.stringify(plural)}`,
    `▸type City @table(source: "shop", name: "city", plural: "${plural}") { id: ID! }`,
    [`\`plural\` of \`City\` is \`${plural}\``, 'letters, digits'],
  ]),
  ...[
    ['["a", "a"]', 'a'],
    ['["a_b", "aB"]', 'aB'],
    ['["a b", "c"]', 'a b'],
  ].map(([key, arg]): Case => [
    `key makes no arguments: ${key ?? ''}`,
    `▸type City @table(source: "shop", name: "city", key: ${key ?? ''}) { name: String }`,
    [`would make the argument \`${arg ?? ''}\``, 'name each key column once'],
  ]),
  [
    'a field begins with two underscores',
    person('▸__proto__: String @open(because: "x")'),
    ['Name "__proto__" must not begin with "__"', 'change the SDL'],
  ],
];

describe.each([
  ['marks on fields', marks],
  ['types', types],
  ['relations', relations],
  ['derived fields', derived],
  ['rows about a person', abouts],
  ['trees of categories and purposes', trees],
  ['names', names],
])('start-up stops for %s', (_group, cases) => {
  it.each(cases.map(([name, sdl, ...problems]) => ({ name, sdl, problems })))(
    'when $name',
    ({ sdl, problems }) => {
      expectProblems(sdl, problems, !sdl.includes('enum Category'));
    },
  );
});

describe('all problems come together', () => {
  it('across files and across kinds, in the order of files and lines', () => {
    const first = marked(
      `enum Category {
  NAME @category
  ▸EMAIL
}
enum Purpose { ADS @purpose(covers: [▸NAEM]) }`,
      'first.graphql',
    );
    const second = marked(
      `type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
  id: ID! @open(because: "n")
  ▸name: String
  email: String @shield(category: ▸EMIAL)
  phone: ▸Phone @shield(category: EMAIL)
  ▸▸▸city: String! @shield(category: NAME, rules: ["nobody"]) @open(because: "x")
}
▸schema { query: Query }`,
      'second.graphql',
    );
    const third = marked(
      `▸type Order @table(source: "nowhere", name: "o") @about(subject: "c") {
  id: ID! @open(because: "n")
  total: Int ▸@sheild(category: NAME)
}
type ▸Customer @table(source: "shop", name: "again") { id: ID! }`,
      'third.graphql',
    );
    const files = [first, second, third];
    const found = problemsOf(files.map(({ source }) => source));
    expect(found.map(({ where }) => where)).toEqual(files.flatMap(({ places }) => places));
    expect(found.map(({ what }) => what)).toEqual([
      '`EMAIL` carries no @category',
      'Value "NAEM" does not exist in "Category" enum.',
      expect.stringContaining('`Customer.name` is a field of a personal type'),
      'Value "EMIAL" does not exist in "Category" enum.',
      'Unknown type "Phone".',
      '`Customer.city` is both @shield and @open',
      expect.stringContaining('`Customer.city` is @shield-ed and non-null'),
      expect.stringContaining('the rule `nobody`'),
      expect.stringContaining('defines `schema`'),
      expect.stringContaining('the source `nowhere`'),
      'Unknown directive "@sheild".',
      'There can be only one type named "Customer".',
    ]);
  });

  it('of more than a hundred', () => {
    const fields = Array.from({ length: 150 }, (_, i) => `f${i}: Int @shield(category: X${i})`);
    const source = new Source(person(fields.join('\n')), 'domain.graphql');
    expect(problemsOf([enums, source])).toHaveLength(150);
  });

  it('of every file that does not parse, and then only those', () => {
    const first = marked('type A {\n  a: ▸}\n', 'a.graphql');
    const second = marked('typ▸', 'b.graphql');
    expect(problemsOf([first.source, second.source])).toEqual([
      {
        where: first.places[0],
        what: 'Syntax Error: Expected Name, found "}".',
        mend: 'correct the SDL at this place',
      },
      {
        where: 'b.graphql:1:1',
        what: 'Syntax Error: Unexpected Name "typ".',
        mend: expect.any(String),
      },
    ]);
  });

  it('when an enum is missing entirely, with what to write', () => {
    const found = problemsOf([new Source(customer, 'domain.graphql')]);
    expect(found.length).toBeGreaterThan(0);
    for (const name of ['Category', 'Purpose']) {
      expect(found).toContainEqual({
        where: expect.stringMatching(/\.graphql:\d+:\d+$/),
        what: `Unknown type "${name}".`,
        mend: expect.stringContaining('define `enum Category` with @category values'),
      });
    }
  });

  it('and the whole text of the error names each with place and mend', () => {
    const { source, places } = marked(person('▸email: String\n  ▸phone: String'));
    const found = problemsOf([enums, source], { ...around, sources: [] });
    expect(found.map(({ where }) => where)).toEqual(['domain.graphql:1:1', ...places]);
    expect(found[0]?.mend).toBe('there is none yet');
  });
});

describe('names that JavaScript gives a meaning', () => {
  it('are ordinary names', () => {
    const fields = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'prototype'];
    const sdl = `type Object @table(source: "shop", name: "objects") @subject(id: "id") {
  id: ID! @open(because: "n")
  ${fields.map((name) => `${name}: String @shield(category: NAME)`).join('\n')}
}
type constructor @table(source: "shop", name: "c", plural: "toString") { valueOf: Int }`;
    expect(problemsOf([enums, new Source(sdl, 'domain.graphql')])).toEqual([]);
  });
});
