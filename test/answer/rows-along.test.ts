import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SqlSource } from '../../src/sources/sql/sql-source.ts';
import type { Below, Find } from '../../src/sources/source.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    PURCHASES @category
  }
  enum Purpose {
    SUGGEST @purpose(covers: [PURCHASES])
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    orders: [Order!] @shield(category: PURCHASES) @join(on: "customer_id")
  }
  type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
  }
  type Line @table(source: "shop", name: "line") {
    id: ID!
    tags: [Tag!]! @join(via: "line_tag", on: "line_id", to: "tag_id")
  }
  type Tag @table(source: "shop", name: "tag") {
    id: ID!
  }
`;
const shop = `
  create table customer (id int primary key);
  create table orders (id int primary key, customer_id int references customer);
  create table line (id int primary key);
  create table tag (id int primary key);
  create table line_tag (line_id int, tag_id int);
  insert into customer select generate_series(1, 30);
  insert into orders select n, (n - 1) / 2 + 1 from generate_series(1, 60) n;
  insert into line select generate_series(1, 60);
  insert into tag values (1), (2);
  insert into line_tag select n, n % 2 + 1 from generate_series(1, 60) n;
`;
const query = 'query ($first: Int!) { customers(first: $first) { nodes { id orders { id } } } }';

// Before a gateway takes them.
const along = vi.spyOn(SqlSource.prototype, 'fetchAlong');
const alone = vi.spyOn(SqlSource.prototype, 'fetchRaw');

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ schema, sources: { shop }, limits: { maxRows: 40 } });
  for (const subject of ['1', '2', '4', '5', '30'])
    await gateway.ask('mutation { giveConsent(purpose: SUGGEST, categories: [PURCHASES]) { head } }', { subject, scope: 'consent:write purpose:SUGGEST', purpose: 'SUGGEST' }); // prettier-ignore
});
afterAll(async () => {
  vi.restoreAllMocks();
  await gateway.close();
});

/**
 * By values, and in the log, the same must come of it: the gateway carries out each query so as well.
 * What is asked for, and how often the source was asked for rows along with others. */
const ask = async (text: string, variables: Readonly<Record<string, unknown>> = {}) => {
  along.mockClear();
  alone.mockClear();
  gateway.statements.length = 0;
  const { body } = await gateway.ask(text, { purpose: 'SUGGEST', variables });
  expect(body.errors).toBeUndefined();
  return { body, along: along.mock.calls.length, alone: alone.mock.calls.length };
};

const ordersOf = (id: number) => [{ id: String(2 * id - 1) }, { id: String(2 * id) }];

describe('few rows', () => {
  it('come in one round trip with those below, of which only those that may be are shown', async () => {
    const { body, along: together, alone: apart } = await ask(query, { first: 5 });
    expect(body.data.customers.nodes).toEqual(
      [1, 2, 3, 4, 5].map((id) => ({ id: String(id), orders: id === 3 ? null : ordersOf(id) })),
    );
    expect([together, apart, gateway.statements.length]).toEqual([1, 0, 2]);
  });

  it('of one customer, and below a list of another kind', async () => {
    const one = await ask('{ customer(id: 2) { orders { id customer { id } } } }');
    expect(one.body.data.customer.orders).toEqual([
      { id: '3', customer: { id: '2' } },
      { id: '4', customer: { id: '2' } },
    ]);
    expect([one.along, one.alone, gateway.statements.length]).toEqual([1, 1, 3]);
    const via = await ask('{ lines(first: 2) { edges { node { id tags { id } } } } }');
    expect(via.body.data.lines.edges).toEqual([
      { node: { id: '1', tags: [{ id: '2' }] } },
      { node: { id: '2', tags: [{ id: '1' }] } },
    ]);
    expect([via.along, via.alone, gateway.statements.length]).toEqual([1, 0, 2]);
  });

  it('come alone where there are many of them, or what is below is cut', async () => {
    const many = await ask(query, { first: 21 });
    expect(many.body.data.customers.nodes).toHaveLength(21);
    expect(many.along).toBe(0);
    const cut = await ask('{ customer(id: 1) { orders(first: 1) { id } } }');
    expect(cut.body.data.customer.orders).toEqual([{ id: '1' }]);
    expect([cut.along, cut.alone]).toEqual([0, 2]);
  });
});

describe('what is below that fails', () => {
  it('fails nothing where nobody would have asked for it', async () => {
    // Of the customers 11 to 29 nobody has agreed; 38 of their orders and two more are too many.
    const after = '{ customers(first: 10) { pageInfo { endCursor } } }';
    const { body: page } = await ask(after);
    const cursor = page.data.customers.pageInfo.endCursor as string;
    const text =
      'query ($after: String!) { customers(first: 20, after: $after) { nodes { id orders { id } } } }';
    const all = await ask(text, { after: cursor });
    expect(all.body.data.customers.nodes).toHaveLength(20);
    expect(all.body.data.customers.nodes[18]).toEqual({ id: '29', orders: null });
    expect(all.body.data.customers.nodes[19]).toEqual({ id: '30', orders: ordersOf(30) });
    expect([all.along, all.alone]).toEqual([1, 0]);
    await gateway.sources.get('shop')?.knex.raw('insert into orders select n, 11 from generate_series(61, 63) n'); // prettier-ignore
    const again = await ask(text, { after: cursor });
    expect(again.body.data.customers.nodes[19]).toEqual({ id: '30', orders: ordersOf(30) });
    expect([again.along, again.alone, gateway.statements.length]).toEqual([1, 2, 4]);
    // For a while it is not tried again.
    const later = await ask(text, { after: cursor });
    expect(later.body.data).toEqual(again.body.data);
    expect([later.alone, gateway.statements.length]).toEqual([2, 2]);
  });

  it('is told where it was asked for', async () => {
    const knex = gateway.sources.get('shop')?.knex;
    await knex?.raw('alter table orders rename to gone');
    try {
      const { body } = await gateway.ask(query, { purpose: 'SUGGEST', variables: { first: 3 } });
      expect(body.data.customers.nodes[2]).toEqual({ id: '3', orders: null });
      expect(body.errors).toMatchObject([
        { path: ['customers', 'nodes', 0, 'orders'], extensions: { code: 'SOURCE_UNAVAILABLE' } },
        { path: ['customers', 'nodes', 1, 'orders'], extensions: { code: 'SOURCE_UNAVAILABLE' } },
      ]);
    } finally {
      await knex?.raw('alter table gone rename to orders');
    }
  });
});

describe('statements that take long', () => {
  it('fail nothing by taking longer together than one of them may', async () => {
    const shopOf = gateway.sources.get('shop');
    if (!shopOf) throw new Error('no shop');
    await shopOf.knex.raw(
      'create view late as select id from customer where id = 5 and pg_sleep(0.45) is not null',
    );
    const source = new SqlSource({
      name: 'shop',
      connection: shopOf.connection,
      schema: 'public',
      poolSize: 2,
      timeoutMs: 1_000,
      maxRows: 10,
    });
    const read = { source: 'shop', type: 'Late', table: 'late', key: ['id'], columns: ['id'] };
    const below = Array.from({ length: 4 }, (): Below => ({
      read: { source: 'shop', type: 'Order', table: 'orders', key: ['id'], columns: ['id'] },
      column: 0,
      find: { by: 'equal', columns: ['customer_id'] },
    }));
    const find: Find = { by: 'page', limit: 1 };
    try {
      // Each takes half a second, and is asked for by itself then.
      expect(await source.fetchAlong(read, find, below)).toBeUndefined();
      expect((await source.fetchRaw(read, find)).count).toBe(1);
    } finally {
      await source.close();
    }
  });
});

describe('rows and those below them', () => {
  it('are of one moment, whatever is written meanwhile', async () => {
    const shopOf = gateway.sources.get('shop');
    if (!shopOf) throw new Error('no shop');
    // Reading the customers takes a while.
    await shopOf.knex.raw(`
      create table parent (id int primary key);
      insert into parent values (5);
      create table child (id int primary key, parent_id int);
      insert into child values (1, 5);
      create view slow as select id from parent where pg_sleep(0.4) is not null`);
    const source = new SqlSource({
      name: 'shop',
      connection: shopOf.connection,
      schema: 'public',
      poolSize: 2,
      timeoutMs: 5_000,
      maxRows: 10,
    });
    const read = { source: 'shop', type: 'Slow', table: 'slow', key: ['id'], columns: ['id'] };
    const below: Below = {
      read: { source: 'shop', type: 'Child', table: 'child', key: ['id'], columns: ['id'] },
      column: 0,
      find: { by: 'equal', columns: ['parent_id'] },
    };
    const find: Find = { by: 'page', limit: 1 };
    try {
      await source.fetch(below.read, { by: 'page', limit: 1 });
      const reading = source.fetchAlong(read, find, [below]);
      await new Promise((resolve) => setTimeout(resolve, 200));
      // From now on another comes first, who has no children.
      await shopOf.knex.raw('insert into parent values (1)');
      const all = await reading;
      expect(all?.map((rows) => [rows.count, rows.value(0, 0)])).toEqual([
        [1, 5],
        [1, 1],
      ]);
    } finally {
      await source.close();
    }
  });
});
