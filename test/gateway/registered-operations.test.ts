import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentSha256 } from '../../src/operations/document-sha256.ts';
import { registerOperations, removeOperations } from '../../src/operations/operation-store.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';
import { lastLogged } from '../setup/logged.ts';

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
  const accept = () => undefined;
  await registerOperations(gateway.own.knex, change, gateway.app.policy.id, [draft], accept);
  return sha256;
};
const remove = (gateway: TestGateway, sha256: string, client = 'test-client') =>
  removeOperations(gateway.own.knex, { client, by: 'test' }, [sha256]);

const apollo = (sha256Hash: unknown, more: object = {}) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash } },
  ...more,
});

const headersOf = async (gateway: TestGateway, { headers, purpose, ...asks }: Asks) => ({
  authorization: `Bearer ${await gateway.token({ ...(purpose !== undefined && { purpose }), ...asks })}`,
  ...headers,
});

const post = async (gateway: TestGateway, body: unknown, asks: Asks = {}) => {
  const sent = await gateway.app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', ...(await headersOf(gateway, asks)) },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: sent.statusCode, body: JSON.parse(sent.body), text: sent.body };
};

const get = async (gateway: TestGateway, search: string, asks: Asks = {}) => {
  const sent = await gateway.app.server.inject({
    method: 'GET',
    url: `/graphql?${search}`,
    headers: { 'apollo-require-preflight': 'true', ...(await headersOf(gateway, asks)) },
  });
  return { status: sent.statusCode, body: JSON.parse(sent.body), text: sent.body };
};
const inSearch = (parameters: Readonly<Record<string, unknown>>): string =>
  new URLSearchParams(
    Object.entries(parameters).map(([key, value]): [string, string] => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ).toString();

const codeOf = ({ body }: { readonly body: { readonly errors?: readonly never[] } }): unknown =>
  (body.errors as readonly { extensions: { code: string } }[] | undefined)?.[0]?.extensions.code;
const expectRefused = (
  sent: Awaited<ReturnType<typeof post>>,
  status: number,
  code: string,
): void => {
  expect({ status: sent.status, code: codeOf(sent) }).toEqual({ status, code });
  expect(sent.body.data ?? null).toBeNull();
};

const tea = { products: { nodes: [{ name: 'Tea' }] } };
const products = '{ products { nodes { name } } }';
const emails = 'query Emails { customers { nodes { id email } } }';
const nobodyHas = 'f'.repeat(64);

describe('a registered operation', () => {
  it('is asked by its hash, in both forms, by POST and by GET', async () => {
    const sha256 = await register(open, products);
    const documentId = `sha256:${sha256}`;
    for (const sent of [
      await post(open, apollo(sha256)),
      await post(open, apollo(sha256, { query: null, variables: {}, operationName: null })),
      await post(open, apollo(sha256, { query: products })),
      await post(open, { documentId }),
      await post(open, { documentId: sha256 }),
      await post(open, { documentId, query: products, ...apollo(sha256) }),
      await get(open, inSearch(apollo(sha256))),
      await get(open, inSearch({ documentId })),
    ])
      expect({ status: sent.status, data: sent.body.data }).toEqual({ status: 200, data: tea });
  });

  it('takes variables, and leaves the entry that its text would leave', async () => {
    const text = 'query One($id: ID!) { product(id: $id) { name } }';
    const sha256 = await register(open, text);
    const sent = await post(open, apollo(sha256, { variables: { id: '1' }, operationName: 'One' }));
    expect(sent.body.data).toEqual({ product: { name: 'Tea' } });
    const logged = await lastLogged(open.own.knex);
    await post(open, { query: text, variables: { id: '1' } });
    const free = await lastLogged(open.own.knex);
    expect(logged.id).not.toBe(free.id);
    expect(logged).toMatchObject({ operation: 'One', documentHash: free.documentHash });
  });

  it('is found by nobody else, in the very words of one that nobody has', async () => {
    const sha256 = await register(open, `${products} # whose`);
    await post(open, apollo(sha256));
    const others = await post(open, apollo(sha256), { client: 'other' });
    expectRefused(others, 404, 'OPERATION_NOT_REGISTERED');
    const none = await post(open, apollo(nobodyHas), { client: 'other' });
    expect(others.body.errors).toEqual(none.body.errors);
    expect(await lastLogged(open.own.knex)).toMatchObject({
      client: 'other',
      outcome: 'OPERATION_NOT_REGISTERED',
      documentHash: '',
      decisions: [],
    });
    expect(none.body.extensions.sayso.entry).toBe((await lastLogged(open.own.knex)).id);
  });

  it('is gone with the next request once it is removed, and can come back', async () => {
    const sha256 = await register(open, `${products} # gone`);
    expect((await post(open, apollo(sha256))).status).toBe(200);
    expect(await remove(open, sha256)).toEqual([]);
    expectRefused(await post(open, apollo(sha256)), 404, 'OPERATION_NOT_REGISTERED');
    await register(open, `${products} # gone`, { purpose: 'NEWS' });
    expectRefused(await post(open, apollo(sha256)), 403, 'PURPOSE_NOT_ALLOWED');
    expect((await post(open, apollo(sha256), { purpose: 'NEWS' })).status).toBe(200);
  });

  it('is refused where its hash is that of another text', async () => {
    const sha256 = await register(open, products);
    const sent = await post(open, apollo(sha256, { query: `${products} ` }));
    expectRefused(sent, 400, 'BAD_REQUEST');
    expectRefused(await post(open, apollo(sha256, { query: '' })), 400, 'BAD_REQUEST');
    expectRefused(
      await post(open, { documentId: `sha256:${sha256}`, query: '{ __typename }' }),
      400,
      'BAD_REQUEST',
    );
  });

  it('cannot be registered by asking', async () => {
    const text = '{ products { nodes { id } } }';
    const sha256 = documentSha256(text);
    expectRefused(await post(open, apollo(sha256)), 404, 'OPERATION_NOT_REGISTERED');
    // Its hash is no more than a checksum then.
    expect((await post(open, apollo(sha256, { query: text }))).status).toBe(200);
    expectRefused(await post(open, apollo(sha256)), 404, 'OPERATION_NOT_REGISTERED');
  });

  it.each([
    [
      'a version that is not 1',
      { extensions: { persistedQuery: { version: 2, sha256Hash: 'a' } } },
    ],
    ['no hash', { extensions: { persistedQuery: { version: 1 } } }],
    ['a hash that is no text', apollo(7)],
    ['a hash in a list', apollo([nobodyHas])],
    ['no object', { extensions: { persistedQuery: true } }],
    ['a list', { extensions: { persistedQuery: [] } }],
    [
      'only a prototype',
      '{"extensions":{"persistedQuery":{"__proto__":{"version":1,"sha256Hash":"a"}}}}',
    ],
    ['an id that is no text', { documentId: { toString: 'x' } }],
    ['two names', { ...apollo(nobodyHas), documentId: `sha256:${'e'.repeat(64)}` }],
  ])('is not looked for under %s', async (_name, body) => {
    expectRefused(await post(open, body), 400, 'BAD_REQUEST');
  });

  it.each([
    ['__proto__'],
    ['constructor'],
    [''],
    ['F'.repeat(64)],
    [`${'f'.repeat(64)}x`],
    [`${'f'.repeat(64)}\n`],
    [`sha256:sha256:${'f'.repeat(64)}`],
    [`x-other:${'f'.repeat(64)}`],
    ["' or true --"],
    ['\0'],
  ])('is not found under %j', async (id) => {
    expectRefused(await post(open, { documentId: id }), 404, 'OPERATION_NOT_REGISTERED');
    expectRefused(await post(open, apollo(id)), 404, 'OPERATION_NOT_REGISTERED');
  });

  it('is named once in an address', async () => {
    const id = `documentId=sha256:${await register(open, products)}`;
    expectRefused(await get(open, `${id}&${id}`), 400, 'BAD_REQUEST');
  });

  it('belongs to clients of any name', async () => {
    for (const client of ['__proto__', 'constructor', 'a\\', "o'hara"]) {
      const sha256 = await register(open, products, { client });
      expect((await post(open, apollo(sha256), { client })).body.data).toEqual(tea);
    }
    const none = await post(open, apollo(documentSha256(products)), { client: 'toString' });
    expectRefused(none, 404, 'OPERATION_NOT_REGISTERED');
  });

  it('changes nothing by GET', async () => {
    const sha256 = await register(open, 'mutation { withdrawConsent(purpose: NEWS) { kind } }');
    const sent = await get(open, inSearch({ documentId: `sha256:${sha256}` }), { subject: '1' });
    expectRefused(sent, 405, 'BAD_REQUEST');
  });

  it('is held against the schema, the limits and the grammar that run now', async () => {
    const deep = `{ products { nodes { name ${'a: name '.repeat(40)} } } }`;
    for (const text of [
      '{ products { nodes { price } } }',
      deep,
      '{ __schema { types { nme } } }',
    ]) {
      const sent = await post(open, apollo(await register(open, text)));
      expectRefused(sent, 400, 'GRAPHQL_VALIDATION_FAILED');
      expectRefused(
        await post(open, apollo(documentSha256(text))),
        400,
        'GRAPHQL_VALIDATION_FAILED',
      );
    }
    const broken = await register(open, '{ products { ');
    expectRefused(await post(open, apollo(broken)), 400, 'GRAPHQL_PARSE_FAILED');
    const long = await register(open, `{ products { nodes { ${'name '.repeat(3_000)} } } }`);
    expectRefused(await post(open, apollo(long)), 400, 'GRAPHQL_PARSE_FAILED');
  });

  it('is not served while operations cannot be read', async () => {
    const sha256 = await register(open, products);
    await open.own.knex.raw('alter table registered_operation rename to away');
    try {
      expectRefused(await post(open, apollo(sha256)), 503, 'LEDGER_UNAVAILABLE');
      expect((await post(open, { query: products })).status).toBe(200);
    } finally {
      await open.own.knex.raw('alter table away rename to registered_operation');
    }
    expect((await post(open, apollo(sha256))).status).toBe(200);
  });
});

describe('the purpose of a registered operation', () => {
  const both = { scope: 'purpose:NEWS purpose:ADS' };

  it('is the registered one', async () => {
    const sha256 = await register(open, emails, { purpose: 'NEWS' });
    for (const headers of [{}, { 'sayso-purpose': 'NEWS' }, { 'sayso-purpose': '' }]) {
      const sent = await post(open, apollo(sha256), { ...both, headers });
      expect(sent.body.extensions.sayso.purpose).toBe('NEWS');
      expect(await lastLogged(open.own.knex)).toMatchObject({ purpose: 'NEWS' });
    }
  });

  it('cannot be another by a header', async () => {
    const sha256 = await register(open, emails, { purpose: 'NEWS' });
    for (const purpose of ['ADS', 'NEWS, ADS', 'news', 'NOTHING']) {
      const headers = { 'sayso-purpose': purpose };
      expectRefused(
        await post(open, apollo(sha256), { ...both, headers }),
        400,
        'PURPOSE_CONFLICT',
      );
      const search = inSearch({ documentId: `sha256:${sha256}` });
      expectRefused(await get(open, search, { ...both, headers }), 400, 'PURPOSE_CONFLICT');
      const text = apollo(sha256, { query: emails });
      expectRefused(await post(open, text, { ...both, headers }), 400, 'PURPOSE_CONFLICT');
    }
  });

  it('cannot be another by `@for`, a variable or its default', async () => {
    const text = 'query ($p: Purpose = ADS) @for(purpose: $p) { customers { nodes { email } } }';
    const sha256 = await register(open, text, { purpose: 'NEWS' });
    const sent = (variables: object) => post(open, apollo(sha256, { variables }), both);
    expect((await sent({ p: 'NEWS' })).status).toBe(200);
    expectRefused(await sent({}), 400, 'PURPOSE_CONFLICT');
    expectRefused(await sent({ p: 'ADS' }), 400, 'PURPOSE_CONFLICT');
    const search = inSearch({ documentId: sha256, variables: { p: 'ADS' } });
    expectRefused(await get(open, search, both), 400, 'PURPOSE_CONFLICT');
    const named = await register(open, `query @for(purpose: ADS) ${products}`, { purpose: 'NEWS' });
    expectRefused(await post(open, apollo(named), both), 400, 'PURPOSE_CONFLICT');
  });

  it('stays none where it was registered for none', async () => {
    const sha256 = await register(open, `${emails} # none`);
    expectRefused(await post(open, apollo(sha256), both), 400, 'PURPOSE_MISSING');
    const headers = { 'sayso-purpose': 'NEWS' };
    expectRefused(await post(open, apollo(sha256), { ...both, headers }), 400, 'PURPOSE_CONFLICT');
  });

  it('must be among the scopes of the token, and in the policy', async () => {
    const sha256 = await register(open, emails, { purpose: 'NEWS' });
    expectRefused(await post(open, apollo(sha256)), 403, 'PURPOSE_NOT_ALLOWED');
    expectRefused(await post(open, apollo(sha256), { purpose: 'ADS' }), 403, 'PURPOSE_NOT_ALLOWED');
    const old = await register(open, `${emails} # old`, { purpose: 'GONE' });
    expectRefused(await post(open, apollo(old), { purpose: 'GONE' }), 400, 'PURPOSE_UNKNOWN');
  });
});

describe('where only registered operations are answered', () => {
  it('a text is, if it is registered to the last byte', async () => {
    await register(closed, products);
    expect((await post(closed, { query: products })).body.data).toEqual(tea);
    for (const query of [
      `${products} `,
      products.replace(' ', '\n'),
      `\uFEFF${products}`,
      `query ${products}`,
    ])
      expectRefused(await post(closed, { query }), 403, 'OPERATION_NOT_REGISTERED');
    expectRefused(
      await post(closed, { query: products }, { client: 'other' }),
      403,
      'OPERATION_NOT_REGISTERED',
    );
    expectRefused(
      await get(closed, inSearch({ query: '{ products { nodes { id } } }' })),
      403,
      'OPERATION_NOT_REGISTERED',
    );
  });

  it('a text that is sent in full has its purpose pinned, too', async () => {
    await register(closed, emails, { purpose: 'NEWS' });
    const asks = { scope: 'purpose:NEWS purpose:ADS' };
    expect((await post(closed, { query: emails }, asks)).body.extensions.sayso.purpose).toBe(
      'NEWS',
    );
    const headers = { 'sayso-purpose': 'ADS' };
    expectRefused(
      await post(closed, { query: emails }, { ...asks, headers }),
      400,
      'PURPOSE_CONFLICT',
    );
  });

  it('nothing else is, and none of it is parsed', async () => {
    closed.statements.length = 0;
    const hidden = `query Allowed ${products} query Other { customers { nodes { email } } }`;
    for (const body of [
      { query: '{ __schema { types { name } } }', operationName: 'IntrospectionQuery' },
      { query: '{ __typename }' },
      { query: hidden, operationName: 'Allowed' },
      { query: '}} no GraphQL at all' },
      { query: `{ ${'a '.repeat(10_000)} }` },
      { query: '{ a '.repeat(5_000) },
      apollo(documentSha256(hidden), { query: hidden }),
    ])
      expectRefused(await post(closed, body), 403, 'OPERATION_NOT_REGISTERED');
    expectRefused(await post(closed, apollo(nobodyHas)), 404, 'OPERATION_NOT_REGISTERED');
    expect(await lastLogged(closed.own.knex)).toMatchObject({
      client: 'test-client',
      outcome: 'OPERATION_NOT_REGISTERED',
      documentHash: '',
    });
    expect(closed.statements).toEqual([]);
  });

  it('no other operation of a document is, by whatever name', async () => {
    const sha256 = await register(closed, `query Tea ${products}`);
    expectRefused(
      await post(closed, apollo(sha256, { operationName: 'Other' })),
      400,
      'PLAN_REFUSED',
    );
    const sent = await post(closed, { query: '{ __typename }', operationName: 'Tea' });
    expectRefused(sent, 403, 'OPERATION_NOT_REGISTERED');
  });

  it.each([
    ['several at once', [{ query: products }, { query: products }]],
    ['an empty list', []],
    ['an empty body', {}],
    ['an empty text', { query: '' }],
    ['nothing', { query: null }],
    ['a list of texts', { query: [products] }],
    ['a parsed document', { query: { kind: 'Document', definitions: [] } }],
  ])('%s is not', async (_name, body) => {
    const { status, body: answer } = await post(closed, body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(answer.data ?? null).toBeNull();
  });

  it('the register is not, without a token', async () => {
    const sent = await closed.app.server.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query: '{ processing { purpose } }' },
    });
    expect(sent.statusCode).toBe(401);
  });

  it('says to the page what to do', async () => {
    const { body } = await post(closed, { query: '{ __schema { types { name } } }' });
    expect(body.errors[0].message).toBe(
      'only registered operations are answered here, and this text is none; register it with `sayso operations push`',
    );
  });
});

describe('the table of operations', () => {
  it('takes no hash of another text, no change but an end, and no end twice', async () => {
    const { knex } = open.own;
    const sha256 = await register(open, `${products} # table`);
    await expect(
      knex.raw(
        `insert into registered_operation (client, sha256, document, policy, registered_by)
         select client, ?, document, policy, registered_by from registered_operation limit 1`,
        [nobodyHas],
      ),
    ).rejects.toMatchObject({ code: '23514' });
    for (const change of [
      `update registered_operation set purpose = 'ADS'`,
      `update registered_operation set document = document || ' ', removed_at = now(), removed_by = 'x'`,
      `update registered_operation set client = 'other'`,
      'delete from registered_operation',
      'truncate registered_operation',
    ])
      await expect(knex.raw(change), change).rejects.toMatchObject({ code: '55000' });
    expect(await remove(open, sha256)).toEqual([]);
    expect(await remove(open, sha256)).toEqual([sha256]);
    await expect(
      knex.raw(
        'update registered_operation set removed_at = null, removed_by = null where removed_at is not null',
      ),
    ).rejects.toMatchObject({ code: '55000' });
  });
});
