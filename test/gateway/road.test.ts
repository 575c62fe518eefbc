import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    CONTACT @category
    EMAIL @category(under: "CONTACT")
    PURCHASES @category
  }
  enum Purpose {
    RECOMMENDATIONS @purpose(covers: [PURCHASES])
    FULFILMENT @purpose(covers: [CONTACT], basis: CONTRACT)
    NEWS @purpose(covers: [EMAIL])
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
    orders: [Order!] @shield(category: PURCHASES) @join(on: "customer_id")
  }
  type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    total: Float @shield(category: PURCHASES)
    customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
  }
`;

const shop = `
  create table customer (id int primary key, email text);
  create table orders (id int primary key, customer_id int references customer, total numeric);
  insert into customer values (1, 'one@example.com'), (2, 'two@example.com');
  insert into orders values (10, 1, 12.5), (11, 1, 3), (12, 2, 99);
`;

describe('a governed query', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop } });
  });
  afterAll(async () => {
    await gateway.close();
  });

  it('withholds what nobody agreed to, and says so', async () => {
    const { body } = await gateway.ask('{ customers { nodes { id email orders { total } } } }', {
      purpose: 'RECOMMENDATIONS',
    });
    expect(body.errors).toBeUndefined();
    expect(body.data.customers.nodes).toEqual([
      { id: '1', email: null, orders: null },
      { id: '2', email: null, orders: null },
    ]);
    expect(body.extensions.sayso.withheld).toEqual([
      {
        field: 'Customer.email',
        reason: 'NOT_COVERED',
        count: 2,
        paths: ['customers.nodes.0.email', 'customers.nodes.1.email'],
      },
      {
        field: 'Customer.orders',
        reason: 'NOT_CONSENTED',
        count: 2,
        paths: ['customers.nodes.0.orders', 'customers.nodes.1.orders'],
      },
    ]);
  });

  it('releases on the very next query after a yes, and withholds on the next after a no', async () => {
    const self = { subject: '1', purpose: 'RECOMMENDATIONS' };
    const query = '{ customers { nodes { id orders { total } } } }';
    const given = await gateway.ask(
      'mutation { giveConsent(purpose: RECOMMENDATIONS) { head customer { id orders { total } } } }',
      self,
    );
    expect(given.body.data.giveConsent.customer.orders).toEqual([{ total: 12.5 }, { total: 3 }]);
    const after = await gateway.ask(query, self);
    expect(after.body.data.customers.nodes).toEqual([
      { id: '1', orders: [{ total: 12.5 }, { total: 3 }] },
      { id: '2', orders: null },
    ]);
    await gateway.ask('mutation { withdrawConsent(purpose: RECOMMENDATIONS) { head } }', self);
    const withdrawn = await gateway.ask(query, self);
    expect(withdrawn.body.data.customers.nodes[0]).toEqual({ id: '1', orders: null });
  });

  it('reads only planned columns, one statement per level', async () => {
    gateway.statements.length = 0;
    await gateway.ask('{ customers { nodes { email orders { total } } } }', {
      purpose: 'FULFILMENT',
    });
    expect(gateway.statements).toHaveLength(1);
    expect(gateway.statements[0]).not.toContain('customer_id');
  });
});
