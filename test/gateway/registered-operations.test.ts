import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentSha256 } from '../../src/operations/document-sha256.ts';
import { registerOperations, removeOperations } from '../../src/operations/operation-store.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL], gain: "You know first")
    ADS @purpose(covers: [EMAIL], gain: "Less noise")
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    name: String!
  }
`;
const shop = `create table customer (id int primary key, email text);
  create table product (id int primary key, name text not null);
  insert into customer values (1, 'one@example.com');
  insert into product values (1, 'Tea');`;

let open: TestGateway;
let closed: TestGateway;
beforeAll(async () => {
  open = await startTestGateway({ schema, sources: { shop } });
  closed = await startTestGateway({ schema, sources: { shop }, operations: 'REGISTERED_ONLY' });
});
afterAll(async () => {
  await open.close();
  await closed.close();
});

interface Registers {
  readonly client?: string;
  readonly purpose?: string;
}

/** Registers without any check: what is wrong must be found by the gateway. */
const register = async (
  gateway: TestGateway,
  document: string,
  { client = 'test-client', purpose }: Registers = {},
): Promise<string> => {
  const sha256 = documentSha256(document);
  const draft = { sha256, document, operation: undefined, purpose };
  const change = { client, by: 'test' };
  await registerOperations(
    gateway.own.knex,
    change,
    gateway.app.policy.id,
    [draft],
    () => undefined,
  );
  return sha256;
};

const apollo = (sha256Hash: unknown) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash } },
});

const post = async (gateway: TestGateway, body: unknown, asks: Asks = {}) => {
  const sent = await gateway.app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: {
      authorization: `Bearer ${await gateway.token(asks)}`,
      'content-type': 'application/json',
      ...asks.headers,
    },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: sent.statusCode, body: JSON.parse(sent.body) };
};

const tea = { products: { nodes: [{ name: 'Tea' }] } };
const products = '{ products { nodes { name } } }';

describe('a registered operation', () => {
  it('is asked by its hash', async () => {
    const sha256 = await register(open, products);
    expect((await post(open, apollo(sha256))).body.data).toEqual(tea);
    expect((await post(open, { documentId: `sha256:${sha256}` })).body.data).toEqual(tea);
  });
});
describe('only', () => {
  it('works', async () => {
    expect(await post(closed, { query: products })).toMatchObject({ status: 403 });
    await register(closed, products);
    expect(await post(closed, { query: products })).toMatchObject({ status: 200 });
    await removeOperations(closed.own.knex, { client: 'test-client', by: 'x' }, [
      documentSha256(products),
    ]);
    expect(await post(closed, apollo(documentSha256(products)))).toMatchObject({ status: 404 });
  });
});
