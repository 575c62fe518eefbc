import type { Random } from '../oracle/random.ts';
import { columns, texts } from './columns.ts';

/** A field of a type: a leaf, or rows of another type. */
export interface WorldField {
  readonly name: string;
  readonly of?: { readonly type: string; readonly list: boolean };
}

/** Purposes of the world; the last one covers nothing. */
export const purposes = ['NEWS', 'ADS', 'SHIP', 'ALL', 'NONE'] as const;
export const persons = ['1', '2', '3', '4', '5', '6', '7', '8'] as const;

const fieldName = (column: string, type: string): string =>
  `${column}_${type.replace('[', 'L').replace(']', '')}`;

const shields = [
  '@shield(category: CONTACT)',
  '@shield(category: TASTE)',
  '@shield(category: [CONTACT, PURCHASES])',
  '@open(because: "a test")',
];

/** Every GraphQL type over every column; non-null as well where nothing can be withheld. */
const leaves = (governed: boolean, random: Random): { readonly name: string; sdl: string }[] =>
  columns.flatMap(({ name: column, shows }) => {
    // A column has one rule, whatever shows it.
    const shield = random.of(shields);
    return shows.flatMap((type) => {
      const name = fieldName(column, type);
      const at = `@column(name: "${column}")`;
      const plain = { name, sdl: `${name}: ${type} ${at} ${governed ? shield : ''}` };
      if (governed) return [plain];
      const must = { name: `${name}_x`, sdl: `${name}_x: ${type}! ${at}` };
      const items = type.replace(']', '!]!');
      return type.startsWith('[')
        ? [plain, must, { name: `${name}_y`, sdl: `${name}_y: ${items} ${at}` }]
        : [plain, must];
    });
  });

export interface World {
  readonly schema: string;
  readonly shop: string;
  readonly types: ReadonlyMap<string, readonly WorldField[]>;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const table = (name: string, before: string): string =>
  `create table ${name} (${before}, ${columns.map(({ name: one, sql }) => `${one} ${sql}`).join(', ')});`;

/** A random row of all columns. */
const row = (random: Random, share: { readonly empty: number; readonly refused: number }): string =>
  columns
    .map(({ values, refused = [] }) => {
      if (random.chance(share.empty)) return 'null';
      return quoted(refused.length > 0 && random.chance(share.refused) ? random.of(refused) : random.of(values)); // prettier-ignore
    })
    .join(', ');

/** Persons, what is about them, what is about them through others, and what is about nobody. */
export const createWorld = (random: Random): World => {
  const sampled = leaves(true, random);
  const plain = leaves(false, random);
  const list = (type: string) => ({ type, list: true });
  const one = (type: string) => ({ type, list: false });
  const leaf = (name: string): WorldField => ({ name });
  const types = new Map<string, readonly WorldField[]>([
    [
      'Person',
      [
        ...['id', 'name', 'place', 'note'].map(leaf),
        { name: 'samples', of: list('Sample') },
        { name: 'orders', of: list('Order') },
        { name: 'tags', of: list('Tag') },
        { name: 'best', of: one('Person') },
      ],
    ],
    ['Order', [...['id', 'total'].map(leaf), { name: 'lines', of: list('Line') }, { name: 'person', of: one('Person') }]], // prettier-ignore
    ['Line', [...['id', 'amount'].map(leaf), { name: 'order', of: one('Order') }, { name: 'tag', of: one('Tag') }]], // prettier-ignore
    ['Tag', [...['id', 'label'].map(leaf), { name: 'near', of: list('Tag') }, { name: 'odds', of: list('Odd') }, { name: 'next', of: one('Tag') }]], // prettier-ignore
    ['Sample', ['id', ...sampled.map(({ name }) => name)].map(leaf)],
    ['Good', ['id', ...plain.filter(({ name }) => !/_[xy]$/.test(name)).map(({ name }) => name)].map(leaf)], // prettier-ignore
    ['Odd', ['id', ...plain.map(({ name }) => name)].map(leaf)],
  ]);
  const schema = /* GraphQL */ `
    enum Category { CONTACT @category TASTE @category PURCHASES @category }
    enum Purpose {
      NEWS @purpose(covers: [CONTACT])
      ADS @purpose(covers: [TASTE, PURCHASES], sale: true) @basis(is: OPT_OUT, in: ["US-CA"])
      SHIP @purpose(covers: [CONTACT, PURCHASES], basis: CONTRACT)
      ALL @purpose(covers: [CONTACT, TASTE, PURCHASES], basis: LEGITIMATE_INTEREST)
      NONE @purpose(covers: [])
    }
    enum Mood { HAPPY SAD }
    type Person @table(source: "shop", name: "person") @subject(id: "id", place: "place") {
      id: ID! @open(because: "surrogate key")
      name: String @shield(category: CONTACT)
      place: String @shield(category: TASTE)
      note: String @open(because: "a test")
      samples: [Sample!] @shield(category: TASTE) @join(on: "person_id")
      orders: [Order!] @shield(category: PURCHASES) @join(on: "person_id")
      tags: [Tag!] @shield(category: TASTE) @join(via: "person_tag", on: "person_id", to: "tag_id")
      best: Person @shield(category: CONTACT) @join(on: "best_id")
    }
    type Order @table(source: "shop", name: "orders") @about(subject: "person_id") {
      id: ID! @open(because: "surrogate key")
      total: Float @shield(category: PURCHASES)
      lines: [Line!] @shield(category: PURCHASES) @join(on: "order_id")
      person: Person @shield(category: PURCHASES) @join(on: "person_id")
    }
    type Line @table(source: "shop", name: "line") @about(through: "order") {
      id: ID! @open(because: "surrogate key")
      amount: Decimal @shield(category: PURCHASES)
      order: Order @shield(category: PURCHASES) @join(on: "order_id")
      tag: Tag @shield(category: TASTE) @join(on: "tag_id")
    }
    type Tag @table(source: "shop", name: "tag") {
      id: ID!
      label: String!
      near: [Tag!]! @join(via: "tag_pair", on: "tag_id", to: "near_id")
      odds: [Odd!]! @join(on: "tag_id")
      next: Tag @join(on: "next_id")
    }
    type Sample @table(source: "shop", name: "sample") @about(subject: "person_id") {
      id: ID! @open(because: "surrogate key")
      ${sampled.map(({ sdl }) => sdl).join('\n')}
    }
    type Good @table(source: "shop", name: "good") {
      id: ID!
      ${plain
        .filter(({ name }) => !/_[xy]$/.test(name))
        .map(({ sdl }) => sdl)
        .join('\n')}
    }
    type Odd @table(source: "shop", name: "odd") {
      id: ID!
      ${plain.map(({ sdl }) => sdl).join('\n')}
    }
  `;
  const numbered = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1); // prettier-ignore
  const person = (): string => random.of([...persons, '99', 'null']);
  const shop = [
    // Times come in the zone of whoever set up the database.
    `do $$ begin execute format('alter database %I set timezone to ''America/St_Johns''', current_database()); end $$;`,
    `create type mood as enum ('HAPPY', 'SAD', 'odd');`,
    `create table person (id int primary key, name text, place text, note text, best_id int);`,
    `create table orders (id int primary key, person_id int, total numeric);`,
    `create table line (id int primary key, order_id int, amount numeric, tag_id text);`,
    `create table tag (id text primary key, label text not null, next_id text);`,
    `create table tag_pair (tag_id text, near_id text);`,
    `create table person_tag (person_id int, tag_id text);`,
    table('sample', 'id int primary key, person_id int'),
    table('good', 'id int primary key'),
    table('odd', 'id int primary key, tag_id text'),
    ...persons.map((id) => `insert into person values (${id}, ${quoted(random.of(texts))}, ${random.of(["'US-CA'", "'DE'", 'null'])}, ${random.of(['null', "''", "'n'"])}, ${random.of([...persons, '77', 'null'])});`), // prettier-ignore
    ...numbered(24).map((id) => `insert into orders values (${id}, ${person()}, ${random.of(['null', '12.50', '3', '0.1'])});`), // prettier-ignore
    ...numbered(60).map((id) => `insert into line values (${id}, ${random.between(1, 26)}, ${random.of(['null', '7', '1.10'])}, ${random.of(["'t1'", "'t\"2'", "'nowhere'", 'null'])});`), // prettier-ignore
    `insert into tag values ('t1', 'one', 't"2'), ('t"2', E'two\\n"', null), ('', 'empty', 't1'), ('😀', 'u', '');`,
    `insert into tag_pair values ('t1', 't"2'), ('t"2', 't1'), ('t1', '😀'), ('😀', ''), ('', '😀'), ('t1', 't1');`,
    ...numbered(20).map(() => `insert into person_tag values (${person()}, ${random.of(["'t1'", "'t\"2'", "'😀'", 'null'])});`), // prettier-ignore
    ...numbered(40).map((id) => `insert into sample values (${id}, ${person()}, ${row(random, { empty: 0.15, refused: 0.001 })});`), // prettier-ignore
    ...numbered(25).map((id) => `insert into good values (${id}, ${row(random, { empty: 0.1, refused: 0 })});`), // prettier-ignore
    ...numbered(25).map((id) => `insert into odd values (${id}, ${random.of(["'t1'", "''", 'null'])}, ${row(random, { empty: 0.1, refused: 0.3 })});`), // prettier-ignore
  ].join('\n');
  return { schema, shop, types };
};
