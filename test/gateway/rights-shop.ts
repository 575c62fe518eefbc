import { fileURLToPath } from 'node:url';
import { startApp, type App } from '../../src/app.ts';
import type { ControllerConfig } from '../../src/config/config.ts';
import { startTestGateway, type Answer, type Asks, type TestGateway } from '../setup/gateway.ts';
import { numberOfPerson } from '../setup/subjects.ts';

/**
 * A shop with every basis, two sources, rows found through others, friends, bought data and declared
 * data. Every cell of person `n` holds `c<n>z`, so that whose cell an answer shows is seen in it.
 */
export const rightsSchema = /* GraphQL */ `
  enum Category {
    NAME @category
    EMAIL @category
    BUYS @category
    TASTE @category
    SIZE @category
    INCOME @category
    FRIENDS @category
    NOTES @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL])
    SUGGEST @purpose(covers: [BUYS, TASTE, SIZE, FRIENDS])
    SERVE @purpose(covers: [NAME, EMAIL, BUYS], basis: CONTRACT)
    TAX @purpose(covers: [NAME, BUYS], basis: LEGAL_OBLIGATION)
    FRAUD @purpose(covers: [NAME, EMAIL], basis: LEGITIMATE_INTEREST)
    ADS
      @purpose(covers: [EMAIL, TASTE, INCOME], sale: true, recipients: ["Brokers"])
      @basis(is: OPT_OUT, in: ["US-CA"])
    SELL @purpose(covers: [NAME, SIZE], sale: true, basis: LEGITIMATE_INTEREST)
    CLUB @purpose(covers: [NAME], basis: CONTRACT, directMarketing: true)
    PROFILE @purpose(covers: [INCOME])
    WISHING @purpose(covers: [SIZE])
    STAFF @purpose(covers: [NOTES], basis: CONTRACT)
    GROUP @purpose
    INNER @purpose(under: "GROUP", covers: [TASTE])
    OTHER @purpose(under: "GROUP", covers: [BUYS])
  }
  type Customer
    @table(source: "shop", name: "customer", erase: ANONYMIZE)
    @subject(id: "id", place: "lives") {
    id: ID! @open(because: "surrogate key")
    name: String @shield(category: NAME)
    email: String @shield(category: EMAIL)
    orders: [Order!] @shield(category: BUYS) @join(on: "customer_id")
    referredBy: Customer @shield(category: FRIENDS) @join(on: "referred_by")
    profile: Profile
      @shield(category: INCOME, origin: THIRD_PARTY)
      @join(from: "id", on: "customer_id")
    wishes: Wishes
  }
  type Order
    @table(source: "shop", name: "orders", erase: KEEP, because: "tax law")
    @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    what: String @shield(category: BUYS)
    staffNote: String @shield(category: NOTES, rules: ["isStaff"])
    giftTo: Customer @shield(category: FRIENDS) @join(on: "gift_to")
    follows: Order @shield(category: BUYS) @join(on: "follows")
  }
  type Line @table(source: "shop", name: "line", root: false) @about(through: "order") {
    id: ID! @open(because: "surrogate key")
    order: Order @shield(category: BUYS) @join(on: "order_id")
    text: String @shield(category: BUYS)
  }
  type Review @table(source: "shop", name: "review", erase: DELETE) @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    text: String @shield(category: TASTE)
  }
  type Profile
    @table(source: "crm", name: "profile", key: ["customer_id"], root: false, erase: DELETE)
    @about(subject: "customer_id") {
    income: String @shield(category: INCOME, origin: THIRD_PARTY)
  }
  type Wishes @declared {
    interests: [String!] @shield(category: TASTE)
    size: String @shield(category: SIZE)
    day: Date @shield(category: TASTE)
  }
`;

/** Persons 101 to 109; 103 lives where advertising is opt-out. */
export const rightsShop = `
  create table customer (id int primary key, name text, email text, lives text,
    referred_by int references customer);
  insert into customer select n, 'name c' || n || 'z', 'mail c' || n || 'z',
    case n when 103 then 'US-CA' else 'BE' end, null from generate_series(101, 109) n;
  update customer set referred_by = case id when 109 then 101 else id + 1 end;
  create table orders (id int primary key, customer_id int references customer, what text,
    staff_note text, gift_to int references customer, follows int references orders);
  insert into orders select 70000 + n, n, 'order c' || n || 'z', 'staff c' || n || 'z',
    case n when 109 then 101 else n + 1 end, null from generate_series(101, 109) n;
  update orders set follows = case id when 70109 then 70101 else id + 1 end;
  create table line (id int primary key, order_id int references orders, text text);
  insert into line select 80000 + n, 70000 + n, 'line c' || n || 'z' from generate_series(101, 109) n;
  create table review (id int primary key, customer_id int references customer, text text);
  insert into review select 90000 + n, n, 'review c' || n || 'z' from generate_series(101, 109) n;
`;

/** 109 has no row here. */
export const rightsCrm = `
  create table profile (customer_id int primary key, income text);
  insert into profile select n, 'income c' || n || 'z' from generate_series(101, 108) n;
`;

/** `isStaff`, as the sample shop has it. */
const rules = fileURLToPath(new URL('../../src/sample/rules.ts', import.meta.url));

export const controller: ControllerConfig = {
  name: 'The Shop',
  address: 'Main Street 1, Brussels',
  contact: 'Privacy desk',
  jurisdiction: 'BE',
  storageLocations: [],
};

/** The shop, or one with its SDL or its sources changed. */
export const startRightsShop = (
  changes: { readonly schema?: string; readonly shop?: string; readonly crm?: string } = {},
): Promise<TestGateway> =>
  startTestGateway({
    schema: changes.schema ?? rightsSchema,
    sources: { shop: changes.shop ?? rightsShop, crm: changes.crm ?? rightsCrm },
    rules,
    controller,
  });

let replicas = 0;

/** A second gateway on the same databases. */
export const startReplica = (gateway: TestGateway): Promise<App> =>
  startApp({ ...gateway.config, dataDir: `${gateway.config.dataDir}-${++replicas}` });

/** Asks a replica, with a token that the first gateway gave. */
export const askReplica = async (
  gateway: TestGateway,
  replica: App,
  query: string,
  asks: Asks = {},
): Promise<Answer> => {
  const { statusCode, headers, body } = await replica.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: {
      authorization: `Bearer ${await gateway.token(asks)}`,
      ...(asks.purpose !== undefined && { 'sayso-purpose': asks.purpose }),
      ...asks.headers,
    },
    payload: { query, variables: asks.variables },
  });
  return { status: statusCode, headers, text: body, body: JSON.parse(body) };
};

/** Two hours ago: too long for whatever needs a recent sign-in. */
export const longAgo = (): number => Math.floor(Date.now() / 1000) - 7_200;

/** A person's number; undefined where there is no link. */
export const numberOf = ({ own }: TestGateway, id: string): Promise<number | undefined> =>
  numberOfPerson(own.knex, id);

/** How many events the ledger has. */
export const countEvents = async ({ own }: TestGateway): Promise<number> => {
  const { rows } = await own.knex.raw<{ rows: { count: number }[] }>(
    'select count(*)::int as count from consent_event',
  );
  return rows[0]?.count ?? 0;
};
