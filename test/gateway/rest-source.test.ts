import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RestSourceConfig } from '../../src/config/config.ts';
import { GovernedReader } from '../../src/decision/governed-reader.ts';
import { DecisionRecorder } from '../../src/decision/recorder.ts';
import type { DecisionContext } from '../../src/decision/release-rows.ts';
import type { JoinPlan, ReadPlan } from '../../src/policy/plan.ts';
import type { RequestSignals, Source } from '../../src/sources/source.ts';
import { row, rowPlan } from '../decision/plans.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';
import { startJsonServer, type JsonServer } from '../sources/json-server.ts';

const schema = /* GraphQL */ `
  enum Category {
    CLUB @category
    INCOME @category
  }
  enum Purpose {
    OFFERS @purpose(covers: [CLUB])
    SERVICE @purpose(covers: [CLUB, INCOME], basis: CONTRACT)
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    loyalty: Loyalty @shield(category: CLUB) @join(from: "id", on: "customer_id")
    visits: [Visit!] @shield(category: CLUB) @join(on: "customer_id")
  }
  type Loyalty
    @table(source: "crm", name: "loyalty_members", key: ["customer_id"], root: false)
    @about(subject: "customer_id") {
    tier: Tier @shield(category: CLUB)
    memberSince: Date @shield(category: CLUB) @column(name: "joined_on")
    income: Int @shield(category: INCOME)
  }
  type Visit @table(source: "crm", name: "visits", root: false) @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    shop: String @shield(category: CLUB)
  }
  enum Tier {
    GOLD
    SILVER
  }
`;
const shop = `
  create table customer (id int primary key);
  insert into customer select generate_series(1, 5);
`;
const query = /* GraphQL */ `
  {
    customers(first: 3) {
      nodes {
        id
        loyalty {
          tier
          memberSince
          income
        }
        visits(first: 2) {
          id
          shop
        }
      }
    }
  }
`;

const crmAt = (url: string): RestSourceConfig => {
  const table = {
    by: new Map([['customer_id', 'customer_ids']]),
    values: 'comma',
    batch: 100,
    columns: new Map([['joined_on', ['joined', 'on']]]),
    fields: 'fields',
    ids: 'number',
  } as const;
  return {
    name: 'crm',
    kind: 'rest',
    url,
    headers: new Map(),
    poolSize: 2,
    timeoutMs: 1_000,
    maxBytes: 100_000,
    tables: new Map([
      ['loyalty_members', { ...table, path: '/members', rows: ['items'] }],
      ['visits', { ...table, path: '/visits', rows: [] }],
    ]),
  };
};

/** Tells of everybody, whoever is asked about. */
const everything: JsonServer['answer'] = ({ url }) =>
  url.pathname === '/members'
    ? {
        items: [1, 2, 3, 4, 5].map((id) => ({
          customer_id: id,
          tier: id % 2 ? 'GOLD' : 'SILVER',
          joined: { on: `2020-01-0${id}` },
          income: id * 1_000,
          secret: 'never planned',
        })),
      }
    : [1, 2, 3, 1, 1].map((id, i) => ({ id: `v${i}`, customer_id: `${id}`, shop: `shop ${i}` }));

describe('a type that comes from an API', () => {
  let server: JsonServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    server = await startJsonServer(everything);
    gateway = await startTestGateway({ schema, sources: { shop, crm: crmAt(server.url) } });
    for (const id of ['1', '3']) {
      await gateway.ask('mutation { giveConsent(purpose: OFFERS) { head } }', { subject: id });
    }
  });
  afterAll(async () => {
    await gateway.close();
    await server.close();
  });
  beforeEach(() => {
    server.answer = everything;
    server.seen.length = 0;
  });

  it('is withheld without say-so and released with it, whatever the API sends', async () => {
    const { body, text } = await gateway.ask(query, { purpose: 'OFFERS' });
    expect(body.errors).toBeUndefined();
    expect(body.data.customers.nodes).toEqual([
      {
        id: '1',
        loyalty: { tier: 'GOLD', memberSince: '2020-01-01', income: null },
        visits: [
          { id: 'v0', shop: 'shop 0' },
          { id: 'v3', shop: 'shop 3' },
        ],
      },
      { id: '2', loyalty: null, visits: null },
      {
        id: '3',
        loyalty: { tier: 'GOLD', memberSince: '2020-01-03', income: null },
        visits: [{ id: 'v2', shop: 'shop 2' }],
      },
    ]);
    expect(text).not.toMatch(/never planned|SILVER|1000|3000/);
    const withheld = body.extensions.sayso.withheld as { field: string; reason: string }[];
    const reasons = withheld.map(({ field, reason }) => `${field} ${reason}`);
    expect(reasons.toSorted()).toEqual([
      'Customer.loyalty NOT_CONSENTED',
      'Customer.visits NOT_CONSENTED',
      'Loyalty.income NOT_COVERED',
    ]);
  });

  it('is asked once for all rows, for those whose field is released, and for planned members', async () => {
    await gateway.ask(query, { purpose: 'OFFERS' });
    expect(server.seen.map(({ target }) => target).toSorted()).toEqual([
      '/members?fields=tier,joined,customer_id&customer_ids=1,3',
      '/visits?fields=id,shop,customer_id&customer_ids=1,3',
    ]);
  });

  it('is read for a purpose that needs no say-so', async () => {
    const { body } = await gateway.ask(query, { purpose: 'SERVICE' });
    expect(body.errors).toBeUndefined();
    expect(body.data.customers.nodes[1].loyalty).toEqual({
      tier: 'SILVER',
      memberSince: '2020-01-02',
      income: 2000,
    });
  });

  it('decides by the person that each row names, not by the one it was found for', async () => {
    server.answer = ({ url }) =>
      url.pathname === '/members'
        ? { items: [{ customer_id: 2, tier: 'SILVER' }] }
        : [{ id: 'v1', customer_id: 2, shop: 'of 2' }];
    const { body, text } = await gateway.ask(query, { purpose: 'OFFERS' });
    expect(text).not.toMatch(/SILVER|of 2/);
    expect(body.data.customers.nodes[0]).toEqual({ id: '1', loyalty: null, visits: [] });
  });

  it('hears of Global Privacy Control from requests that carry it, and from no others', async () => {
    const heard = async (headers: Readonly<Record<string, string>>) => {
      server.seen.length = 0;
      await gateway.ask(query, { purpose: 'SERVICE', headers });
      return server.seen.map(({ headers: sent }) => sent['sec-gpc']);
    };
    expect(await heard({})).toEqual([undefined, undefined]);
    expect(await heard({ 'sec-gpc': '1' })).toEqual(['1', '1']);
    expect(await heard({ 'sec-gpc': '0' })).toEqual([undefined, undefined]);
  });

  it('takes its own fields along when it fails, and nothing else', async () => {
    server.answer = (_request, response) => void response.writeHead(500).end('Ada Lovelace');
    const { body, text } = await gateway.ask(query, { purpose: 'SERVICE' });
    expect(text).not.toContain('Ada');
    expect(body.data.customers.nodes[0]).toEqual({ id: '1', loyalty: null, visits: null });
    for (const { message, extensions } of body.errors) {
      expect(message).toBe('source `crm` cannot be read');
      expect(extensions).toMatchObject({ code: 'SOURCE_UNAVAILABLE', source: 'crm' });
    }
  });
});

it('an API that cannot be asked so stops the start, up or not', async () => {
  const crm = crmAt('http://127.0.0.1:1');
  const lacking = { ...crm, tables: new Map([...crm.tables].slice(0, 1)) };
  await expect(startTestGateway({ schema, sources: { shop, crm: lacking } })).rejects.toMatchObject(
    {
      code: 'SCHEMA_INVALID',
      message: expect.stringContaining('source `crm` has no table `visits`') as string,
    },
  );
});

it.each([true, false, undefined])('sources hear of the signal of a request: %s', async (gpc) => {
  const heard: (RequestSignals | undefined)[] = [];
  const source: Source = {
    name: 'shop',
    maxRows: 10,
    fetch: (_read, _find, signals) => {
      heard.push(signals);
      return Promise.resolve([row('x')]);
    },
    erase: () => Promise.resolve([]),
    check: () => Promise.resolve([]),
    subjectKind: () => undefined,
    close: () => Promise.resolve(),
  };
  const read: ReadPlan = { type: 'T', source: 'shop', table: 't', key: ['id'], columns: [] };
  const plan = rowPlan([], [], { personal: false });
  const join: JoinPlan = {
    field: 'ts',
    list: true,
    members: [{ read, row: plan, on: 'id', closed: false }],
  };
  // Nothing of a plain type is decided, so nothing else of the context is touched.
  const context = { recorder: new DecisionRecorder(), onFault: () => undefined, gpc };
  const reader = new GovernedReader(
    new Map([['shop', source]]),
    context as unknown as DecisionContext,
  );
  await reader.one(read, plan, ['1']);
  await reader.page(read, 1, undefined);
  await reader.join(join, 'x', undefined);
  expect(heard).toEqual([1, 2, 3].map(() => ({ gpc: gpc === true })));
});
