import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicCaller } from '../../src/gateway/public-operations.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category(dpv: "dpv-pd:EmailAddress")
  }
  enum Purpose {
    "Send you news"
    NEWS @purpose(covers: [EMAIL], gain: "You know first")
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
  create table product (id int primary key, name text not null);`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ schema, sources: { shop } });
});
afterAll(async () => {
  await gateway.close();
});

const register = '{ processing { purpose } }';
const news = { data: { processing: [{ purpose: 'NEWS' }] } };

interface Sends {
  readonly method?: 'GET' | 'POST' | 'HEAD' | 'OPTIONS';
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string;
}

const send = async ({ method = 'POST', url = '/graphql', headers = {}, payload }: Sends) => {
  const sent = await gateway.app.server.inject({
    method,
    url,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(payload !== undefined && { payload }),
  });
  return { status: sent.statusCode, headers: sent.headers, text: sent.body };
};
const post = (body: unknown, headers?: Sends['headers']) =>
  send({ payload: JSON.stringify(body), ...(headers && { headers }) });
const get = (parameters: Readonly<Record<string, string>>) =>
  send({
    method: 'GET',
    url: `/graphql?${new URLSearchParams(parameters).toString()}`,
    headers: { 'apollo-require-preflight': 'true' },
  });

/** What is told to whom is not let through: the same to the letter, whatever was asked. */
const refusal =
  '{"errors":[{"message":"no token: send `Authorization: Bearer …`","extensions":{"code":"UNAUTHENTICATED"}}]}';
const expectRefused = (sent: Awaited<ReturnType<typeof send>>): void => {
  expect(sent).toMatchObject({
    status: 401,
    text: refusal,
    headers: { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' },
  });
};

describe('without a token, the register', () => {
  const asked: readonly (readonly [string, unknown])[] = [
    ['by itself', { query: register }],
    ['under another name', { query: '{ customer: processing { purpose } }' }],
    ['with __typename', { query: '{ __typename processing { __typename purpose } }' }],
    [
      'through fragments',
      {
        query:
          '{ ...A } fragment A on Query { ... { ...B } } fragment B on Query { processing { purpose } }',
      },
    ],
    [
      'by the name of its operation',
      { query: `query A ${register} query B { __typename }`, operationName: 'A' },
    ],
    [
      'as Apollo Client asks',
      { query: register, variables: {}, extensions: { clientLibrary: { name: 'x' } } },
    ],
    [
      'with a variable',
      {
        query: 'query ($s: Boolean!) { processing { purpose gain @include(if: $s) } }',
        variables: { s: false },
      },
    ],
  ];
  it.each(asked)('is answered %s', async (_name, body) => {
    const sent = await post(body);
    expect(sent.status).toBe(200);
    expect(JSON.stringify(JSON.parse(sent.text).data)).toContain('"NEWS"');
  });

  it('says everything', async () => {
    const sent = await post({
      query: `{ processing {
        purpose description under gain basis places { basis places } sale directMarketing origins
        recipients retention since deprecated replacedBy dpv subjects
        categories { category description dpv fields { coordinate origin basis namedYes } }
      } }`,
    });
    expect(JSON.parse(sent.text).data.processing).toEqual([
      {
        purpose: 'NEWS',
        description: 'Send you news',
        under: [],
        gain: 'You know first',
        basis: 'CONSENT',
        places: [],
        sale: false,
        directMarketing: false,
        origins: ['ZERO_PARTY', 'FIRST_PARTY', 'SECOND_PARTY', 'THIRD_PARTY'],
        recipients: [],
        retention: null,
        since: null,
        deprecated: null,
        replacedBy: null,
        dpv: null,
        subjects: ['Customer'],
        categories: [
          {
            category: 'EMAIL',
            description: null,
            dpv: 'dpv-pd:EmailAddress',
            fields: [
              {
                coordinate: 'Customer.email',
                origin: 'FIRST_PARTY',
                basis: 'CONSENT',
                namedYes: false,
              },
            ],
          },
        ],
      },
    ]);
  });

  it('is answered by GET', async () => {
    expect(JSON.parse((await get({ query: register })).text)).toMatchObject(news);
  });

  it('leaves an entry of the public caller, and asks no source', async () => {
    gateway.statements.length = 0;
    const { entry } = JSON.parse((await post({ query: `query Page ${register}` })).text).extensions
      .sayso;
    const { body } = await gateway.ask(
      '{ auditEntries(first: 1) { nodes { id client actor purpose operation outcome decisions { count } } } }',
      { scope: 'audit:read' },
    );
    expect(body.data.auditEntries.nodes).toEqual([
      {
        id: entry,
        client: 'public',
        actor: 'public',
        purpose: null,
        operation: 'Page',
        outcome: 'ANSWERED',
        decisions: [],
      },
    ]);
    expect(gateway.statements).toEqual([]);
  });

  it('is answered soon, however fragments fold', async () => {
    const folds = Array.from(
      { length: 60 },
      (_, i) => `fragment F${i} on Processing { ...F${i + 1} ...F${i + 1} purpose }`,
    );
    const started = Date.now();
    const sent = await post({
      query: `{ processing { ...F0 } } ${folds.join(' ')} fragment F60 on Processing { purpose }`,
    });
    expect(sent.status).toBeLessThan(500);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  it('is the same for who has a token, of whatever kind', async () => {
    for (const asks of [{}, { purpose: 'NEWS' }, { scope: 'audit:read' }, { subject: '1' }])
      expect((await gateway.ask(register, asks)).body).toMatchObject(news);
    const beside = await gateway.ask('{ processing { purpose } products { nodes { id } } }');
    expect(beside.body.data.products).toEqual({ nodes: [] });
  });
});

it('the public caller may nothing, and stays so', () => {
  expect(publicCaller.purposes.size + publicCaller.scopes.size).toBe(0);
  expect(publicCaller.subject).toBeUndefined();
  expect(() => (publicCaller.purposes as Set<string>).add('NEWS')).toThrow(TypeError);
  expect(() => ((publicCaller as { mayReadAudit: boolean }).mayReadAudit = true)).toThrow();
});

describe('without a token, is told 401 and nothing else, whoever sends', () => {
  const fragment = 'fragment F on Query { products { nodes { id } } }';
  const queries: readonly (readonly [string, string])[] = [
    ['data', '{ products { nodes { id } } }'],
    ['data beside the register', `{ processing { purpose } products { nodes { id } } }`],
    ['data named like the register', '{ processing: products { nodes { id } } }'],
    ['data behind @skip', '{ processing { purpose } products @skip(if: true) { nodes { id } } }'],
    ['data in a fragment', `{ processing { purpose } ...F } ${fragment}`],
    ['data in an inline fragment', '{ ... on Query { products { nodes { id } } } }'],
    [
      'data in an inline fragment of no type',
      '{ ... @include(if: false) { products { nodes { id } } } }',
    ],
    ['data in a fragment of a fragment', `{ ...E } fragment E on Query { ...F } ${fragment}`],
    ['fragments in a circle', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }'],
    ['a fragment that is not there', '{ processing { purpose } ...Gone }'],
    ['a fragment on another type', '{ processing { ... on Customer { email } } }'],
    ['a fragment that is not used', `${register} fragment F on Customer { email }`],
    ['the schema', '{ __schema { types { name } } }'],
    ['the schema beside the register', '{ processing { purpose } __schema { types { name } } }'],
    ['a type', '{ __type(name: "Customer") { name } }'],
    ['a change', 'mutation { giveConsent(purpose: NEWS) { head } }'],
    ['a change that looks like the register', 'mutation { processing { purpose } }'],
    ['a change of nothing', 'mutation { __typename }'],
    ['a subscription', 'subscription { processing { purpose } }'],
    ['the log', '{ auditEntries { nodes { id } } }'],
    ['for a purpose', `query @for(purpose: NEWS) ${register}`],
    ['for a purpose that is not there', `query @for(purpose: NEWZ) ${register}`],
    ['a field that is not there', '{ processing { nothing } }'],
    ['a root field that is not there', '{ processings { purpose } }'],
    ['a variable of a type that is not there', `query ($a: Custommer) ${register}`],
    ['a variable of a type that is there', `query ($a: SubjectInput) ${register}`],
    ['an argument', '{ processing(first: 1) { purpose } }'],
    [
      'many times over',
      `{ ${['a', 'b', 'c', 'd', 'e'].map((a) => `${a}: processing { purpose }`).join(' ')} }`,
    ],
    ['with types', `${register} type Query { processing: Int }`],
    ['syntax', '{ processing { purpose }'],
    [
      'too many tokens',
      `{ processing { ${'...A '.repeat(1_100)} } } fragment A on Processing { purpose }`,
    ],
    ['nothing', ''],
  ];
  it.each(queries)('%s', async (_name, query) => {
    expectRefused(await post({ query }));
    expectRefused(await get({ query }));
  });

  const bodies: readonly (readonly [string, unknown])[] = [
    [
      'another operation of the document',
      { query: `query A ${register} query B { products { nodes { id } } }`, operationName: 'B' },
    ],
    [
      'the register with another operation in the document',
      { query: `query A ${register} query B { products { nodes { id } } }`, operationName: 'A' },
    ],
    [
      'the register with a change in the document',
      {
        query: `query A ${register} mutation B { giveConsent(purpose: NEWS) { head } }`,
        operationName: 'A',
      },
    ],
    ['one of two operations, unnamed', { query: `query A ${register} query B ${register}` }],
    ['an operation that is not there', { query: register, operationName: 'B' }],
    ['an operation of another kind of name', { query: register, operationName: ['A'] }],
    ['a batch', [{ query: register }, { query: register }]],
    ['a batch of one', [{ query: register }]],
    ['no query', {}],
    ['a query that is no text', { query: { kind: 'Document', definitions: [] } }],
    [
      'a persisted query',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
    ],
    [
      'a persisted query with its text',
      {
        query: register,
        extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } },
      },
    ],
    ['extensions that are none', { query: register, extensions: 'x' }],
    ['variables that are none', { query: register, variables: '{}' }],
    ['more than GraphQL has', { query: register, id: 1 }],
    ['null', null],
    ['text', register],
  ];
  it.each(bodies)('%s', async (_name, body) => {
    expectRefused(await post(body));
  });

  const raw: readonly (readonly [string, Sends])[] = [
    ['no JSON', { payload: '{{{' }],
    ['nothing', { payload: '' }],
    ['no body', {}],
    ['keys of the prototype', { payload: `{"query":"${register}","__proto__":{"query":"x"}}` }],
    [
      'a key twice, the last one counting',
      { payload: `{"query":"${register}","query":"{ products { nodes { id } } }"}` },
    ],
    [
      'bytes that are no UTF-8',
      { payload: Buffer.from(`{"query":"${register}#\xff"}`, 'latin1') as never },
    ],
    ['a mark of byte order', { payload: `\ufeff{"query":"${register}"}` }],
    ['more than is read', { payload: JSON.stringify({ query: register + ' '.repeat(9_000) }) }],
    ['very much more', { payload: JSON.stringify({ query: register + ' '.repeat(1_000_000) }) }],
    [
      'another type',
      { payload: JSON.stringify({ query: register }), headers: { 'content-type': 'text/plain' } },
    ],
    [
      'a form',
      {
        payload: `query=${encodeURIComponent(register)}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ],
    [
      'something packed',
      { payload: JSON.stringify({ query: register }), headers: { 'content-encoding': 'gzip' } },
    ],
    [
      'a purpose in the header',
      { payload: JSON.stringify({ query: register }), headers: { 'sayso-purpose': 'NEWS' } },
    ],
    [
      'a query in the address and a body',
      {
        url: `/graphql?query=${encodeURIComponent('{ products { nodes { id } } }')}`,
        payload: JSON.stringify({ query: register }),
      },
    ],
    [
      'a parameter twice',
      { method: 'GET', url: `/graphql?query=${encodeURIComponent(register)}&query=x` },
    ],
    [
      'another parameter',
      { method: 'GET', url: `/graphql?query=${encodeURIComponent(register)}&x=1` },
    ],
    [
      'variables that are no JSON',
      { method: 'GET', url: `/graphql?query=${encodeURIComponent(register)}&variables={` },
    ],
    [
      'a long address',
      { method: 'GET', url: `/graphql?query=${encodeURIComponent(register + '#'.repeat(9_000))}` },
    ],
    ['no parameter', { method: 'GET' }],
    ['HEAD', { method: 'HEAD', url: `/graphql?query=${encodeURIComponent(register)}` }],
  ];
  it.each(raw)('%s', async (name, sends) => {
    const sent = await send(sends);
    if (name === 'HEAD') expect(sent.status).toBe(401);
    else expectRefused(sent);
  });

  it('leaves no entry', async () => {
    const count = async () => Number((await gateway.own.knex('audit_entry').count())[0]?.['count']);
    const before = await count();
    await post({ query: '{ products { nodes { id } } }' });
    await post({ query: '{{{' });
    expect(await count()).toBe(before);
  });
});

describe('a token that is not good', () => {
  it.each(['Bearer a.b.c', 'Bearer ..', 'Basic dXNlcjpwYXNz', 'Bearer', ' ', ''])(
    'is not made up for by asking for the register: `%s`',
    async (authorization) => {
      for (const sent of [
        await post({ query: register }, { authorization }),
        await send({
          method: 'GET',
          url: `/graphql?query=${encodeURIComponent(register)}`,
          headers: { authorization },
        }),
      ]) {
        expect(sent.status).toBe(401);
        expect(JSON.parse(sent.text).errors[0].extensions.code).toBe('UNAUTHENTICATED');
      }
    },
  );
});

describe('over a socket', () => {
  const open = (headers: Readonly<Record<string, string | number>>) => {
    const request = httpRequest(`${gateway.app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.on('error', () => undefined);
    const answered = new Promise<number>((resolve) =>
      request.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }),
    );
    return { request, answered };
  };

  it('answers a body that comes in pieces', async () => {
    const { request, answered } = open({});
    for (const one of JSON.stringify({ query: register })) request.write(one);
    request.end();
    expect(await answered).toBe(200);
  });

  it('refuses a body that never ends, once it is too long', async () => {
    const { request, answered } = open({});
    request.write(`{"query":"${'x'.repeat(20_000)}`);
    expect(await answered).toBe(401);
    request.destroy();
  });

  it('refuses a body that is announced as too long, before it comes', async () => {
    const { request, answered } = open({ 'content-length': 10_000_000 });
    request.flushHeaders();
    expect(await answered).toBe(401);
    request.destroy();
  });

  it('waits for a body only so long', async () => {
    const { request, answered } = open({ 'content-length': 50 });
    request.write('{');
    expect(await answered).toBe(401);
    request.destroy();
  }, 10_000);

  it('goes on when somebody breaks off', async () => {
    const { request } = open({ 'content-length': 50 });
    request.write('{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    request.destroy();
    expect((await post({ query: register })).status).toBe(200);
  });
});
