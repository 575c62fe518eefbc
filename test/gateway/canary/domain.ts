/** A domain that has every shape the SDL knows, and data in which each cell holds a canary. */
export const sdl = /* GraphQL */ `
  enum Category {
    CONTACT @category
    EMAIL @category(under: "CONTACT")
    PHONE @category(under: ["CONTACT", "HOUSEHOLD"])
    HOUSEHOLD @category
    ADDRESS @category(under: "HOUSEHOLD")
    BUYING @category
    ORDERS @category(under: "BUYING")
    PAYMENT @category(under: "BUYING")
    TASTE @category
    HEALTH @category
    FRIENDS @category
    CLUB @category
    BOUGHT @category
  }

  enum Purpose {
    DELIVERY @purpose(covers: [CONTACT, ADDRESS, BUYING], basis: CONTRACT)
    HOME @purpose
    RECOMMENDATIONS @purpose(under: "HOME", covers: [BUYING, TASTE, FRIENDS, CLUB])
    OFFERS @purpose(under: "HOME", covers: [ORDERS, EMAIL, CLUB, FRIENDS, TASTE])
    ADVERTISING
      @purpose(covers: [CONTACT, BUYING, TASTE, BOUGHT, ADDRESS], sale: true)
      @basis(is: OPT_OUT, in: ["US-CA", "US-CO"])
      @basis(is: LEGITIMATE_INTEREST, in: ["DE"])
    FRAUD
      @purpose(covers: [CONTACT, HOUSEHOLD, BUYING, FRIENDS], basis: LEGITIMATE_INTEREST)
      @basis(is: CONSENT, in: ["FR", "US-CA"])
    TAX @purpose(covers: [BUYING, ADDRESS], basis: LEGAL_OBLIGATION)
    CARE @purpose(covers: [HEALTH, CONTACT, TASTE, FRIENDS])
    EVERYTHING @purpose(covers: [CONTACT, HOUSEHOLD, BUYING, TASTE, HEALTH, FRIENDS, CLUB, BOUGHT])
  }

  enum Mood {
    SUNNY
    RAINY
  }

  interface Owned {
    id: ID!
    note: String
  }

  union Activity = Order | Review

  type Customer
    @table(source: "shop", name: "customer")
    @subject(id: "id", place: "residence", signIn: true) {
    id: ID! @open(because: "surrogate key")
    name: String @shield(category: CONTACT)
    email: String @shield(category: EMAIL)
    phone: String @shield(category: PHONE)
    residence: String @shield(category: ADDRESS)
    postcode: String @shield(category: ADDRESS)
    age: Int @shield(category: HEALTH)
    score: Float @shield(category: TASTE)
    vip: Boolean @shield(category: CLUB)
    born: Date @shield(category: HEALTH)
    seenAt: DateTime @shield(category: BUYING)
    balance: Decimal @shield(category: PAYMENT)
    prefs: JSON @shield(category: TASTE)
    mood: Mood @shield(category: TASTE)
    tags: [String] @shield(category: TASTE)
    sizes: [Int] @shield(category: HEALTH)
    staffNote: String @shield(category: HEALTH, rules: ["isStaff"])
    greeting: String @shield(category: [EMAIL, TASTE]) @derived(from: ["email", "score"])
    "Its resolver throws, quoting what it was given"
    broken: String @shield(category: HEALTH) @derived(from: ["age"])
    "Its column holds texts that are no mood"
    badMood: Mood @shield(category: CLUB)
    orders: [Order!] @shield(category: ORDERS) @join(on: "customer_id")
    gifts: [Order!] @shield(category: ORDERS) @join(on: "recipient_id")
    activity: [Activity!] @shield(category: [ORDERS, TASTE]) @join(on: "customer_id")
    owned: [Owned!] @shield(category: [ORDERS, TASTE]) @join(on: "customer_id")
    referredBy: Customer @shield(category: FRIENDS) @join(on: "referred_by")
    referrals: [Customer!] @shield(category: FRIENDS) @join(on: "referred_by")
    neighbours: [Customer!] @shield(category: ADDRESS) @join(from: "postcode", on: "postcode")
    friends: [Customer!] @shield(category: FRIENDS) @join(via: "friendship", on: "a_id", to: "b_id")
    favourite: Product @shield(category: TASTE) @join(on: "favourite_id")
    wishes: [Product!]
      @shield(category: TASTE)
      @join(via: "wish", on: "customer_id", to: "product_id")
    agent: Agent @shield(category: BUYING) @join(on: "agent_code")
    agentCases: [Case!] @shield(category: BUYING) @join(from: "agent_code", on: "agent_code")
    loyalty: Loyalty @shield(category: CLUB) @join(from: "id", on: "customer_id")
    profiles: [Profile!] @shield(category: BOUGHT) @join(on: "person_id")
  }

  type Agent @table(source: "shop", name: "agent", key: ["code"]) @subject(id: "code") {
    code: ID! @open(because: "says nothing")
    nick: String @shield(category: EMAIL)
    pay: Decimal @shield(category: PAYMENT)
    cases: [Case!] @shield(category: BUYING) @join(on: "agent_code")
    customers: [Customer!] @shield(category: BUYING) @join(on: "agent_code")
  }

  type Case @table(source: "shop", name: "incident") @about(subject: "agent_code", type: "Agent") {
    id: ID! @open(because: "surrogate key")
    title: String @shield(category: ORDERS)
    agent: Agent @shield(category: BUYING) @join(on: "agent_code")
  }

  type Order implements Owned
    @table(source: "shop", name: "orders")
    @about(subject: "customer_id", type: "Customer") {
    id: ID! @open(because: "surrogate key")
    note: String @shield(category: ORDERS)
    total: Decimal @shield(category: ORDERS)
    placedAt: DateTime @shield(category: ORDERS)
    paidBy: String @shield(category: PAYMENT)
    extra: JSON @shield(category: PAYMENT)
    staffNote: String @shield(category: ORDERS, rules: ["isStaff"])
    customer: Customer @shield(category: ORDERS) @join(on: "customer_id")
    recipient: Customer @shield(category: ORDERS) @join(on: "recipient_id")
    lines: [OrderLine!] @shield(category: ORDERS) @join(on: "order_id")
  }

  type OrderLine @table(source: "shop", name: "order_line", root: false) @about(through: "order") {
    id: ID! @open(because: "surrogate key")
    order: Order @shield(category: ORDERS) @join(on: "order_id")
    product: Product @shield(category: ORDERS) @join(on: "product_id")
    quantity: Int @shield(category: ORDERS)
    text: String @shield(category: PAYMENT)
  }

  type Review implements Owned
    @table(source: "shop", name: "review")
    @about(subject: "customer_id", type: "Customer") {
    id: ID! @open(because: "surrogate key")
    note: String @shield(category: TASTE)
    stars: Float @shield(category: TASTE)
    product: Product @shield(category: TASTE) @join(on: "product_id")
    author: Customer @shield(category: TASTE) @join(on: "customer_id")
  }

  type Product @table(source: "shop", name: "product") {
    id: ID!
    name: String!
    price: Decimal
    reviews: [Review!]! @join(on: "product_id")
    fans: [Customer!]! @join(on: "favourite_id")
    soldIn: [OrderLine!]! @join(on: "product_id")
  }

  type Loyalty
    @table(source: "crm", name: "loyalty", key: ["customer_id"], root: false)
    @about(subject: "customer_id", type: "Customer") {
    points: Int @shield(category: CLUB)
    memo: String @shield(category: CLUB)
    since: Date @shield(category: CLUB)
    holder: Customer @shield(category: CLUB) @join(on: "customer_id")
  }

  type Profile
    @table(source: "crm", name: "profile")
    @about(subject: "person_id", type: "Customer") {
    id: ID! @open(because: "surrogate key")
    income: Decimal @shield(category: BOUGHT)
    guess: String @shield(category: [BOUGHT, TASTE])
    person: Customer @shield(category: BOUGHT) @join(on: "person_id")
  }
`;

/** A value as GraphQL shows it; ids and references as the database holds them. */
export type Value = unknown;
export type DataRow = Record<string, Value>;

/** How a column is filled: a canary of its SQL type, or something that others refer to. */
type Fill = 'key' | 'canary' | 'mood' | 'place' | 'postcode' | { readonly refers: string };
type ColumnSpec = readonly [sqlType: string, fill: Fill];

export interface TableSpec {
  readonly source: 'shop' | 'crm';
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnSpec>>;
  /** Whole rows stand for a link, without a key of their own. */
  readonly link?: true;
}

const canary = (sqlType: string): ColumnSpec => [sqlType, 'canary'];
const refers = (table: string, sqlType = 'int'): ColumnSpec => [sqlType, { refers: table }];

export const tables: Readonly<Record<string, TableSpec>> = {
  product: {
    source: 'shop',
    rows: 5,
    columns: { id: ['int', 'key'], name: canary('text'), price: canary('numeric') },
  },
  agent: {
    source: 'shop',
    rows: 5,
    columns: { code: ['text', 'key'], nick: canary('text'), pay: canary('numeric') },
  },
  customer: {
    source: 'shop',
    rows: 12,
    columns: {
      id: ['int', 'key'],
      name: canary('text'),
      email: canary('text'),
      phone: canary('text'),
      residence: ['text', 'place'],
      postcode: ['text', 'postcode'],
      age: canary('int'),
      score: canary('float8'),
      vip: canary('bool'),
      born: canary('date'),
      seen_at: canary('timestamptz'),
      balance: canary('numeric'),
      prefs: canary('jsonb'),
      mood: ['text', 'mood'],
      tags: canary('text[]'),
      sizes: canary('int[]'),
      staff_note: canary('text'),
      bad_mood: canary('text'),
      // No field shows it.
      secret: canary('text'),
      referred_by: refers('customer'),
      favourite_id: refers('product'),
      agent_code: refers('agent', 'text'),
    },
  },
  incident: {
    source: 'shop',
    rows: 7,
    columns: { id: ['int', 'key'], title: canary('text'), agent_code: refers('agent', 'text') },
  },
  orders: {
    source: 'shop',
    rows: 18,
    columns: {
      id: ['int', 'key'],
      customer_id: refers('customer'),
      recipient_id: refers('customer'),
      note: canary('text'),
      total: canary('numeric'),
      placed_at: canary('timestamptz'),
      paid_by: canary('text'),
      extra: canary('jsonb'),
      staff_note: canary('text'),
    },
  },
  order_line: {
    source: 'shop',
    rows: 22,
    columns: {
      id: ['int', 'key'],
      order_id: refers('orders'),
      product_id: refers('product'),
      quantity: canary('int'),
      text: canary('text'),
    },
  },
  review: {
    source: 'shop',
    rows: 14,
    columns: {
      id: ['int', 'key'],
      customer_id: refers('customer'),
      product_id: refers('product'),
      note: canary('text'),
      stars: canary('float8'),
    },
  },
  friendship: {
    source: 'shop',
    rows: 14,
    link: true,
    columns: { a_id: refers('customer'), b_id: refers('customer') },
  },
  wish: {
    source: 'shop',
    rows: 12,
    link: true,
    columns: { customer_id: refers('customer'), product_id: refers('product') },
  },
  loyalty: {
    source: 'crm',
    rows: 9,
    columns: {
      customer_id: ['int', 'key'],
      points: canary('int'),
      memo: canary('text'),
      since: canary('date'),
    },
  },
  profile: {
    source: 'crm',
    rows: 11,
    columns: {
      id: ['int', 'key'],
      person_id: refers('customer'),
      income: canary('numeric'),
      guess: canary('text'),
    },
  },
};

/** Finds every canary in a text, whatever stands around it. */
export const canariesIn = (text: string): readonly string[] =>
  text.match(/cnry[0-9a-z]{5}z|\b9[567]\d{7}\b|\b[3-8]\d{3}-\d\d-\d\d/g) ?? [];

/** Finds every id of a person in a text: open to callers, but never in logs or audit. */
export const personsIn = (text: string): readonly string[] =>
  text.match(/\b8800000\d\d\b|\bag\d{4}x\b|\b__proto__\b|\bconstructor\b/g) ?? [];

const dayMs = 86_400_000;
const dayFrom = (year: number, n: number): Date => new Date(Date.UTC(year, 0, 1) + n * dayMs);

/** Chooses among the first so many numbers. */
export type Dice = (choices: number) => number;

/** Makes values that occur nowhere else, and fills tables with them. */
export class Canaries {
  #next = 1;

  fresh(sqlType: string, dice: Dice): Value {
    const n = (this.#next += 1);
    const text = (): string => `cnry${(this.#next += 1).toString(36).padStart(5, '0')}z`;
    switch (sqlType) {
      case 'text':
        return text();
      case 'int':
        return 970_000_000 + n;
      case 'float8':
        return 960_000_000.5 + n;
      case 'numeric':
        return `${950_000_000 + n}.25`;
      case 'bool':
        return dice(2) === 0;
      case 'date':
        return dayFrom(3000, n).toISOString().slice(0, 10);
      case 'timestamptz':
        return dayFrom(6000, n).toISOString();
      case 'jsonb':
        return { k: text(), n: [970_000_000 + n] };
      case 'text[]':
        return [text(), text()];
      case 'int[]':
        return [970_000_000 + n];
      default:
        throw new Error(`no canary of ${sqlType}`);
    }
  }
}

const places = ['US-CA', 'US-CO', 'US-NY', 'US', 'DE', 'de-by', 'FR', 'FR-75', 'nowhere', '', null];
const firstKey: Readonly<Record<string, number>> = {
  customer: 880_000_001,
  product: 101,
  orders: 201,
  order_line: 301,
  review: 401,
  incident: 501,
  profile: 601,
};
/** Names that a careless program would take for properties of every object. */
const agentCodes = ['__proto__', 'ag0001x', 'ag0002x', 'ag0003x', 'constructor'];

const keyAt = (table: string, i: number): Value =>
  table === 'agent'
    ? agentCodes[i]
    : table === 'loyalty'
      ? (firstKey['customer'] ?? 0) + i
      : (firstKey[table] ?? 0) + i;

export type Data = Readonly<Record<string, DataRow[]>>;

/** A value that the column may have instead of the one it has. */
export const anotherValue = (
  [sqlType, fill]: ColumnSpec,
  data: Data,
  canaries: Canaries,
  dice: Dice,
): Value => {
  if (fill === 'mood') return ['SUNNY', 'RAINY', null][dice(3)];
  if (fill === 'place') return places[dice(places.length)];
  if (dice(6) === 0) return null;
  // Shared by some, so that neighbours are found by it.
  if (fill === 'postcode') return `cnry${(36 ** 4 * 3 + dice(4)).toString(36).padStart(5, '0')}z`;
  if (typeof fill === 'object') {
    const targets = data[fill.refers] ?? [];
    // One more than there are: nobody is behind that reference.
    const chosen = targets[dice(targets.length + 1)];
    if (chosen === undefined) return sqlType === 'text' ? 'ag9999x' : 880_000_099;
    return chosen['id'] ?? chosen['code'];
  }
  return canaries.fresh(sqlType, dice);
};

/** A value as a database writes it. */
export const textOf = (value: Value): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

const literal = (value: Value, sqlType: string): string => {
  if (value === null || value === undefined) return 'null';
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  if (sqlType.endsWith('[]')) return `${quote(`{${(value as unknown[]).join(',')}}`)}::${sqlType}`;
  return `${quote(textOf(value))}::${sqlType}`;
};

const keyColumn = (spec: TableSpec): string =>
  Object.entries(spec.columns).find(([, [, fill]]) => fill === 'key')?.[0] ?? '';

/** SQL that changes cells of one row. */
export const updateSql = (table: string, row: DataRow, changes: DataRow): string => {
  const spec = tables[table]!;
  const key = keyColumn(spec);
  const sets = Object.entries(changes).map(
    ([column, value]) => `"${column}" = ${literal(value, spec.columns[column]![0])}`,
  );
  return `update "${table}" set ${sets.join(', ')} where "${key}" = ${literal(row[key], spec.columns[key]![0])};`;
};

/** SQL that makes the links of a table these and no others. */
export const replaceLinksSql = (table: string, rows: readonly DataRow[]): string =>
  `delete from "${table}"; ${insertSql(table, rows)}`;

const insertSql = (table: string, rows: readonly DataRow[]): string => {
  if (rows.length === 0) return '';
  const columns = Object.entries(tables[table]!.columns);
  const tuples = rows.map(
    (row) => `(${columns.map(([name, [type]]) => literal(row[name], type)).join(', ')})`,
  );
  return `insert into "${table}" (${columns.map(([name]) => `"${name}"`).join(', ')}) values ${tuples.join(', ')};`;
};

/** Drops links that are there twice or point nowhere from. */
export const distinctLinks = (rows: readonly DataRow[]): DataRow[] => [
  ...new Map(
    rows
      .filter((row) => Object.values(row).every((value) => value !== null))
      .map((row) => [JSON.stringify(row), row]),
  ).values(),
];

/** Fills all tables. */
export const fillTables = (canaries: Canaries, dice: Dice): Data => {
  const data: Record<string, DataRow[]> = {};
  for (const [table, spec] of Object.entries(tables)) {
    const rows: DataRow[] = (data[table] = []);
    // Keys first: a table may refer to itself.
    for (let i = 0; i < spec.rows; i += 1) {
      rows.push(spec.link ? {} : { [keyColumn(spec)]: keyAt(table, i) });
    }
    for (const row of rows) {
      for (const [column, columnSpec] of Object.entries(spec.columns)) {
        row[column] ??= anotherValue(columnSpec, data, canaries, dice);
      }
      if (table === 'product') row['name'] ??= canaries.fresh('text', dice);
    }
    if (spec.link) data[table] = distinctLinks(rows);
  }
  return data;
};

/** SQL that makes a source's tables and fills them. */
export const sourceSql = (source: TableSpec['source'], data: Data): string =>
  Object.entries(tables)
    .filter(([, spec]) => spec.source === source)
    .map(([table, { columns }]) => {
      const ddl = Object.entries(columns).map(
        ([name, [type, fill]]) => `"${name}" ${type}${fill === 'key' ? ' primary key' : ''}`,
      );
      return `create table "${table}" (${ddl.join(', ')}); ${insertSql(table, data[table] ?? [])}`;
    })
    .join('\n');
