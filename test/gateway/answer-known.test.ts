import { ApolloServer } from '@apollo/server';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { documentSha256 } from '../../src/operations/document-sha256.ts';
import { registerOperations, removeOperations } from '../../src/operations/operation-store.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const apollo = vi.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest');

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL])
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    must: String! @column(name: "may")
  }
`;
const shop = `
  create table customer (id int primary key, email text);
  create table product (id int primary key, may text);
  insert into customer values (1, 'one@example.com');
  insert into product values (1, null), (2, 'Tea');
`;
const query = 'query One { customer(id: 1) { id email } }';

let gateway: TestGateway;
let authorization: string;
beforeAll(async () => {
  gateway = await startTestGateway({ schema, sources: { shop }, shadow: 0 });
  authorization = `Bearer ${await gateway.token({ purpose: 'NEWS' })}`;
});
afterAll(async () => {
  apollo.mockRestore();
  await gateway.close();
});

interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
}

const send = async ({ body = { query }, headers = {}, token = authorization }: Sent = {}) => {
  const response = await fetch(`${gateway.app.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'sayso-purpose': 'NEWS',
      ...(token && { authorization: token }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const entry = /"entry":"([^"]+)"/.exec(text)?.[1];
  const shown = Object.fromEntries(
    [...response.headers].filter(([name]) => name !== 'date' && name !== 'content-length'),
  );
  return {
    status: response.status,
    headers: shown,
    text: text.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID'),
    entry,
  };
};

const entriesWritten = async (): Promise<number> => {
  const { rows } = await gateway.own.knex.raw<{ rows: { count: number }[] }>(
    'select count(*)::int as count from audit_entry',
  );
  return rows[0]?.count ?? -1;
};

/** The same request twice, the second time when its document is known; and whether Apollo saw it. */
const twice = async (sent: Sent = {}) => {
  const first = await send(sent);
  apollo.mockClear();
  const second = await send(sent);
  return { first, second, asked: apollo.mock.calls.length };
};

beforeEach(async () => {
  await send();
});

describe('a document that is known', () => {
  it('is answered without Apollo Server, as Apollo Server would', async () => {
    const { first, second, asked } = await twice({ body: { query: `${query} # asked twice` } });
    expect(asked).toBe(0);
    expect(first.entry).not.toBe(second.entry);
    expect({ ...second, entry: '' }).toEqual({ ...first, entry: '' });
    expect(second.headers['cache-control']).toBe('no-store');
    expect(second.text).toMatch(/^\{"data":\{"customer":\{"id":"1","email":null\}\},"extensions"/);
  });

  it.each<readonly [string, unknown]>([
    ['null for what may be left out', { query, variables: null, operationName: null, extensions: null }], // prettier-ignore
    ['a name', { query, operationName: 'One', variables: {} }],
    ['extensions of others', { query, extensions: { trace: { on: true } } }],
  ])('may be sent with %s', async (_what, body) => {
    const { first, second, asked } = await twice({ body });
    expect(asked).toBe(0);
    expect(second.text).toBe(first.text);
    expect(second.status).toBe(200);
  });

  it.each<readonly [string, Sent]>([
    ['no operation of that name', { body: { query, operationName: 'Two' } }],
    ['an empty name', { body: { query, operationName: '' } }],
    ['a name that is none', { body: { query, operationName: 1 } }],
    ['variables in a list', { body: { query, variables: [1] } }],
    ['variables as a text', { body: { query, variables: '{}' } }],
    ['extensions as a text', { body: { query, extensions: '{}' } }],
    ['a hash that is not its own', { body: { query, documentId: `sha256:${'0'.repeat(64)}` } }],
    ['a list of requests', { body: [{ query }] }],
    ['a type that is not ours', { headers: { accept: 'text/csv' } }],
  ])('is Apollo Server’s to answer with %s', async (_what, sent) => {
    const { first, second, asked } = await twice(sent);
    expect(asked).toBe(1);
    expect({ ...second, entry: '' }).toEqual({ ...first, entry: '' });
  });

  it('says which operation is missing', async () => {
    const two = 'query A { __typename } query B { __typename }';
    expect((await send({ body: { query: two } })).text).toContain('say which by `operationName`');
    const none = await send({ body: { query: two, operationName: 'C' } });
    expect(none.text).toContain('the document has no such operation');
  });

  it('is sent as the type that Apollo Server has chosen for the same `Accept`', async () => {
    const accept = 'application/graphql-response+json, application/json;q=0.9';
    const { first, second, asked } = await twice({ headers: { accept } });
    expect(asked).toBe(0);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect((await send()).headers['content-type']).toMatch(/^application\/json/);
  });

  it('is for nobody who is not known', async () => {
    const { second, asked } = await twice({ token: '' });
    expect([second.status, asked]).toEqual([401, 0]);
    const changed = authorization.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await send({ token: changed })).status).toBe(401);
  });

  it('is decided on each time it is sent', async () => {
    const say = (text: string) =>
      gateway.ask(text, { scope: 'consent:write purpose:NEWS', purpose: 'NEWS', subject: '1' });
    expect((await send()).text).toContain('"email":null');
    await say('mutation { giveConsent(purpose: NEWS, categories: [EMAIL]) { head } }');
    expect((await send()).text).toContain('"email":"one@example.com"');
    await say('mutation { withdrawConsent(purpose: NEWS) { head } }');
    expect((await send()).text).toContain('"email":null');
  });
});

describe('what is made of values', () => {
  it.each<readonly [string, Sent]>([
    [
      'an error below',
      { body: { query: '{ a: product(id: 1) { must } b: product(id: 2) { must } }' } },
    ],
    [
      'variables that do not fit',
      { body: { query: 'query ($id: ID!) { product(id: $id) { id } }' } },
    ],
    ['a purpose that nobody has', { headers: { 'sayso-purpose': 'NEVER' } }],
  ])('is carried out once and told by Apollo Server: %s', async (_what, sent) => {
    await send(sent);
    apollo.mockClear();
    const before = await entriesWritten();
    gateway.statements.length = 0;
    const first = await send(sent);
    expect(apollo).toHaveBeenCalledTimes(1);
    expect((await entriesWritten()) - before).toBe(1);
    const statements = gateway.statements.length;
    gateway.statements.length = 0;
    const again = await send(sent);
    expect(gateway.statements.length).toBe(statements);
    expect({ ...again, entry: '' }).toEqual({ ...first, entry: '' });
  });
});

describe('a registered operation', () => {
  it('goes the short way by its hash, until it is removed', async () => {
    const document = 'query Listed { customer(id: 1) { id } }';
    const sha256 = documentSha256(document);
    const draft = { sha256, document, operation: undefined, purpose: 'NEWS' };
    const change = { client: 'test-client', by: 'test' };
    const { knex } = gateway.own;
    await registerOperations(knex, change, gateway.app.policy.id, [draft], () => undefined);
    const body = { documentId: `sha256:${sha256}` };
    const { second, asked } = await twice({ body });
    expect([second.status, asked]).toEqual([200, 0]);
    await removeOperations(knex, change, [sha256]);
    const { text } = await send({ body });
    expect(text).toContain('OPERATION_NOT_REGISTERED');
  });
});
