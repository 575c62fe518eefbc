import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    MAIL @category
    BUY @category
  }
  enum Purpose {
    NEWS @purpose(covers: [MAIL], basis: CONTRACT)
    ADS @purpose(covers: [BUY])
    TALK @purpose(covers: [MAIL])
  }
  type Customer @table(source: "shop", name: "customer") @subject {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: MAIL)
  }
  type Department @table(source: "shop", name: "department") {
    id: ID!
    products: [Product!]! @join(on: "department_id")
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    department: Department @join(on: "department_id")
  }
  type Slow @table(source: "slow", name: "slow") {
    id: ID!
    n: Int
  }
`;
const shop = `
  create table customer (id int primary key, email text);
  insert into customer select n, 'MAIL' || n from generate_series(1, 10) n;
  create table department (id int primary key);
  insert into department values (1);
  create table product (id int primary key, department_id int);
  insert into product select n, 1 from generate_series(1, 200) n;
`;
const slow = `
  create function slowly(x int) returns int language plpgsql volatile as
    $$ begin perform pg_sleep(0.8); return x; end $$;
  create view slow as select 1 as id, slowly(2) as n;
`;

describe('a hostile client', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop, slow } });
  });
  afterAll(async () => {
    await gateway.close();
  });

  it('gets no answer that joins have multiplied beyond measure', async () => {
    const deep =
      '{ products(first: 200) { nodes { department { products { department { products { id } } } } } } }';
    const { status, body } = await gateway.ask(deep);
    expect(status).toBe(400);
    expect(body.data).toBeUndefined();
    expect(body.errors).toHaveLength(1);
    expect(body.errors[0].extensions.code).toBe('ANSWER_TOO_LARGE');
    const shallow = '{ products(first: 200) { nodes { department { products { id } } } } }';
    expect((await gateway.ask(shallow)).body.data.products.nodes).toHaveLength(200);
  });

  it('does not get one purpose’s plan for another', async () => {
    const query = '{ customer(id: 5) { email } }';
    expect((await gateway.ask(query, { purpose: 'NEWS' })).body.data.customer.email).toBe('MAIL5');
    expect((await gateway.ask(query, { purpose: 'ADS' })).text).not.toContain('MAIL5');
  });

  it('does not get one operation’s plan for another, nor one of other conditions', async () => {
    const two = `query A { customer(id: 5) { id } } query B { customer(id: 5) { email } }`;
    const asks = { purpose: 'NEWS' };
    for (const operationName of ['A', 'B', 'A']) {
      const { body } = await gateway.ask(two, { ...asks, operationName });
      expect(body.data.customer).toEqual(operationName === 'A' ? { id: '5' } : { email: 'MAIL5' });
    }
    const one = 'query C($x: Boolean!) { customer(id: 5) { id email @include(if: $x) } }';
    for (const x of [true, false, true]) {
      const { body } = await gateway.ask(one, { ...asks, variables: { x } });
      expect(body.data.customer).toEqual(x ? { id: '5', email: 'MAIL5' } : { id: '5' });
    }
  });

  it('may not take for ever to send a request, whose beginning would stay in memory', () => {
    const { requestTimeout, headersTimeout } = gateway.app.server.server;
    for (const limit of [requestTimeout, headersTimeout]) {
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThanOrEqual(300_000);
    }
  });

  it.each(['', '[', 'a b', '%', 'x:y:z'])('may name any host: %j', async (host) => {
    const query = `{ products(first: 1) { nodes { id } } } # ${host}`;
    const { status, body } = await gateway.ask(query, { headers: { host } });
    expect(status).toBe(200);
    expect(body.data.products.nodes).toHaveLength(1);
  });

  it('does not hold the event loop by a great many wrong variables', async () => {
    const query = 'query ($p: [Category!]) { __typename }';
    const wrong = Array.from({ length: 20_000 }, (_, i) => `MAIK${i}`);
    const { status } = await gateway.ask(query, { variables: { p: wrong } });
    expect(status).toBe(400);
  });
});

describe('a hostile client of a gateway that compares nothing', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop, slow }, shadow: 0 });
  });
  afterAll(async () => {
    await gateway.close();
  });

  const deep = (first: number): string =>
    `{ products(first: ${String(first)}) { nodes { department { products { department { products { id } } } } } } }`;

  // A row that joins lead to again and again is loaded once: 40,603 objects for each of the first.
  it.each([7, 200])(
    'gets no answer of more objects than may be, by joins from %i',
    async (first) => {
      const { status, body } = await gateway.ask(deep(first));
      expect(status).toBe(400);
      expect(body.data).toBeUndefined();
      expect(body.errors[0].extensions.code).toBe('ANSWER_TOO_LARGE');
    },
  );

  it('gets one of just as many as may be', async () => {
    const { status, body } = await gateway.ask(deep(6));
    expect(status).toBe(200);
    expect(body.data.products.nodes).toHaveLength(6);
  });
});

describe('a no', () => {
  let gateway: TestGateway;
  let other: TestGateway['app'];
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop, slow } });
    const { startApp } = await import('../../src/app.ts');
    other = await startApp({ ...gateway.config, dataDir: `${gateway.config.dataDir}-other` });
  });
  afterAll(async () => {
    await other.close();
    await gateway.close();
  });

  const running = (): ReturnType<TestGateway['ask']> =>
    gateway.ask('{ customer(id: 5) { email } slows { nodes { n } } }', { purpose: 'TALK' });
  const yes = (): ReturnType<TestGateway['ask']> =>
    gateway.ask('mutation { giveConsent(purpose: TALK) { head } }', { subject: '5' });

  it('counts after the decision and before the answer', async () => {
    await yes();
    const answer = running();
    // Decided by now; the answer waits for the slow source.
    await sleep(400);
    const no = await gateway.ask('mutation { withdrawConsent(purpose: TALK) { head } }', {
      subject: '5',
    });
    const { text, body } = await answer;
    expect(text).not.toContain('MAIL5');
    expect(body.extensions.sayso.head).toBe(no.body.data.withdrawConsent.head);
  });

  it('counts there even when another gateway took it', async () => {
    await yes();
    const answer = running();
    await sleep(400);
    const token = await gateway.token({ subject: '5' });
    const no = await other.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${token}` },
      payload: { query: 'mutation { withdrawConsent(purpose: TALK) { head } }' },
    });
    expect(no.statusCode).toBe(200);
    expect((await answer).text).not.toContain('MAIL5');
  });

  it('is told as recorded when only its audit entry cannot be written', async () => {
    const { knex } = gateway.own;
    await knex.raw('alter table audit_entry rename to away');
    try {
      const { status, body } = await gateway.ask(
        'mutation { refuseConsent(purpose: TALK) { head } }',
        { subject: '6' },
      );
      expect(status).toBe(503);
      expect(body.errors[0].extensions).toMatchObject({
        code: 'AUDIT_UNAVAILABLE',
        recorded: true,
      });
    } finally {
      await knex.raw('alter table away rename to audit_entry');
    }
  });

  it('is not lost when the ledger was restored and has caught up since', async () => {
    const ask = async () => gateway.ask('{ customer(id: 5) { email } }', { purpose: 'TALK' });
    await yes();
    expect((await ask()).text).toContain('MAIL5');
    const { knex } = gateway.own;
    // Another history of the same length, whose last word is a no.
    await knex.raw(`alter table consent_event disable trigger consent_event_append_only`);
    await knex.raw(
      `update consent_event set kind = 'withdrawn', recorded_at = clock_timestamp()
       where position = (select position from ledger_head)`,
    );
    const refused = await ask();
    expect(refused.status).toBe(503);
    expect(refused.body.errors[0].extensions.code).toBe('LEDGER_ROLLED_BACK');
    expect((await ask()).body.data.customer.email).toBeNull();
  });
});

describe('a person’s id', () => {
  const two = (column: string): string => `
    create table customer (id int primary key, email text);
    create table note (id int primary key, customer_id ${column}, text text);
  `;
  const sdl = /* GraphQL */ `
    enum Category {
      MAIL @category
    }
    enum Purpose {
      NEWS @purpose(covers: [MAIL], basis: LEGITIMATE_INTEREST)
    }
    type Customer @table(source: "shop", name: "customer") @subject {
      id: ID! @open(because: "surrogate key")
      email: String @shield(category: MAIL)
    }
    type Note @table(source: "SOURCE", name: "note") @about(subject: "customer_id") {
      id: ID! @open(because: "surrogate key")
      text: String @shield(category: MAIL)
    }
  `;

  it.each([
    ['in another table', { shop: two('text') }, 'shop'],
    ['in another source', { shop: two('int'), crm: two('text') }, 'crm'],
  ])('of another kind %s stops the start', async (_where, sources, source) => {
    const start = startTestGateway({ schema: sdl.replace('SOURCE', source), sources });
    await expect(start).rejects.toThrow('one person could have two texts');
  });
});
