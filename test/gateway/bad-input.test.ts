import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, testLimits, type Asks, type TestGateway } from '../setup/gateway.ts';
import { captureOutput } from './canary/log-capture.ts';
import { numberOfPerson } from '../setup/subjects.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
    PURCHASES @category
    HEALTH @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL])
    FULFILMENT @purpose(covers: [EMAIL, PURCHASES], basis: CONTRACT)
    CARE @purpose(covers: [HEALTH], basis: CONTRACT)
  }
  enum Mood {
    SUNNY
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
    constructor: String @shield(category: EMAIL) @column(name: "nickname")
    mood: Mood @shield(category: HEALTH)
    steps: Int @shield(category: HEALTH)
    orders: [Order!] @shield(category: PURCHASES) @join(on: "customer_id")
  }
  type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    total: Float @shield(category: PURCHASES)
    customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    name: String
  }
`;
const shop = `
  create table customer (id text primary key, email text, nickname text, mood text, steps bigint);
  create table orders (id int primary key, customer_id text, total float8);
  create table product (id int primary key, name text);
  insert into customer values
    ('1', 'one@example.com', 'uno', 'MELANCHOLY-771', 99999999771), ('2', 'two@example.com', 'due', null, 5),
    ('__proto__', 'proto@example.com', 'p', null, 1), ('constructor', 'maker@example.com', 'c', null, 1);
  insert into orders values (10, '1', 12.5), (11, '__proto__', 3), (12, 'constructor', 99);
  insert into product values (1, 'lamp');
`;

let gateway: TestGateway;
let output: ReturnType<typeof captureOutput>;

beforeAll(async () => {
  output = captureOutput();
  gateway = await startTestGateway({
    schema,
    sources: { shop },
    introspection: false,
    logLevel: 'debug',
    limits: { maxPageSize: 50, maxBodyBytes: 100_000 },
  });
});
afterAll(async () => {
  output.stop();
  await gateway.close();
});

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    readonly data?: unknown;
    readonly errors?: readonly {
      readonly message: string;
      readonly extensions: Readonly<Record<string, unknown>>;
    }[];
  };
}

/** A request over the network, as it is written. */
const send = async (init: RequestInit & { readonly query?: string } = {}): Promise<Sent> => {
  const { query = '', ...rest } = init;
  const response = await fetch(`${gateway.app.url}/graphql${query}`, { method: 'POST', ...rest });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
};

const json = { 'content-type': 'application/json' };
const bearer = async (asks: Asks): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await gateway.token(asks)}`,
});
const post = async (payload: unknown, asks: Asks = { purpose: 'NEWS' }): Promise<Sent> =>
  send({
    headers: {
      ...json,
      ...(await bearer(asks)),
      ...(asks.purpose !== undefined && { 'sayso-purpose': asks.purpose }),
    },
    body: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

const refusal = ({ status, body }: Sent) => ({
  status,
  data: body.data ?? null,
  code: body.errors?.[0]?.extensions['code'],
});

describe('who cannot be identified', () => {
  const claims = { client_id: 'test', scope: 'purpose:NEWS' };
  const sign = async (
    change: (token: SignJWT) => SignJWT,
    key?: Awaited<ReturnType<typeof importJWK>>,
  ): Promise<string> => {
    const file = join(gateway.config.dataDir, 'demo-key.json');
    const jwk = JSON.parse(await readFile(file, 'utf8')) as JWK;
    const own = await importJWK(jwk, 'EdDSA');
    const token = new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .setIssuer('sayso-demo')
      .setAudience('sayso')
      .setSubject('client:test')
      .setIssuedAt()
      .setExpirationTime('1h');
    return change(token).sign(key ?? own);
  };
  const anHourAgo = (): number => Math.floor(Date.now() / 1000) - 3_600;
  const cases: readonly (readonly [string, () => Promise<string | undefined>])[] = [
    ['without a token', () => Promise.resolve(undefined)],
    ['with another scheme', () => Promise.resolve('Basic dXNlcjpwYXNz')],
    ['with a malformed token', () => Promise.resolve('Bearer a.b.c')],
    ['with two dots and nothing else', () => Promise.resolve('Bearer ..')],
    [
      'with an expired token',
      async () => `Bearer ${await sign((t) => t.setExpirationTime(anHourAgo()))}`,
    ],
    [
      'with a token for another audience',
      async () => `Bearer ${await sign((t) => t.setAudience('elsewhere'))}`,
    ],
    [
      'with a token of another issuer',
      async () => `Bearer ${await sign((t) => t.setIssuer('elsewhere'))}`,
    ],
    [
      'with a token signed by another key',
      async () =>
        `Bearer ${await sign((t) => t, (await generateKeyPair('EdDSA', { crv: 'Ed25519' })).privateKey)}`,
    ],
  ];
  it.each(cases)('%s is told 401, whatever the body', async (_name, make) => {
    const authorization = await make();
    const headers = { ...json, ...(authorization !== undefined && { authorization }) };
    const good = JSON.stringify({ query: '{ products { nodes { name } } }' });
    // A body that is no JSON, and one that is too large, are not even read.
    for (const body of [good, '{{{', `"${'x'.repeat(200_000)}"`]) {
      const sent = await send({ headers, body });
      expect(refusal(sent)).toEqual({ status: 401, data: null, code: 'UNAUTHENTICATED' });
      expect(sent.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it('is told apart from who signed with the right key', async () => {
    const sent = await send({
      headers: { ...json, authorization: `Bearer ${await sign((t) => t)}` },
      body: JSON.stringify({ query: '{ products { nodes { name } } }' }),
    });
    expect(sent.body).toMatchObject({ data: { products: { nodes: [{ name: 'lamp' }] } } });
  });
});

describe('a purpose', () => {
  const personal = '{ customers { nodes { id } } }';
  const scope = 'purpose:NEWS purpose:FULFILMENT purpose:GONE';
  const ask = async (query: string, header?: string): Promise<Sent> =>
    send({
      headers: {
        ...json,
        ...(await bearer({ scope })),
        ...(header !== undefined && { 'sayso-purpose': header }),
      },
      body: JSON.stringify({ query }),
    });
  const cases = [
    ['missing', personal, undefined, 400, 'PURPOSE_MISSING'],
    ['empty', personal, ' ', 400, 'PURPOSE_MISSING'],
    ['unknown in the header', personal, 'NEWZ', 400, 'PURPOSE_UNKNOWN'],
    ['in scope and gone from the policy', personal, 'GONE', 400, 'PURPOSE_UNKNOWN'],
    ['a name of every object', personal, '__proto__', 400, 'PURPOSE_UNKNOWN'],
    [
      'misspelt in the directive',
      `query @for(purpose: NEWZ) ${personal}`,
      undefined,
      400,
      'PURPOSE_UNKNOWN',
    ],
    ['not in scope', personal, 'CARE', 403, 'PURPOSE_NOT_ALLOWED'],
    [
      'not in scope, in the directive',
      `query @for(purpose: CARE) ${personal}`,
      undefined,
      403,
      'PURPOSE_NOT_ALLOWED',
    ],
    [
      'another in header and directive',
      `query @for(purpose: NEWS) ${personal}`,
      'FULFILMENT',
      400,
      'PURPOSE_CONFLICT',
    ],
    ['named twice in the header', personal, 'NEWS, FULFILMENT', 400, 'PURPOSE_CONFLICT'],
  ] as const;
  it.each(cases)('%s', async (_name, query, header, status, code) => {
    const sent = await ask(query, header);
    expect(refusal(sent)).toEqual({ status, data: null, code });
    expect(sent.body.errors?.[0]?.extensions['allowedPurposes']).toEqual(['FULFILMENT', 'NEWS']);
  });

  it('by a variable counts, and by one of the wrong value does not', async () => {
    const query = `query ($p: Purpose!) @for(purpose: $p) ${personal}`;
    const asks = { scope };
    expect((await post({ query, variables: { p: 'NEWS' } }, asks)).status).toBe(200);
    for (const p of ['NEWZ', '__proto__']) {
      const wrong = await post({ query, variables: { p } }, asks);
      expect(refusal(wrong)).toEqual({ status: 400, data: null, code: 'PURPOSE_UNKNOWN' });
      expect(wrong.body.errors?.[0]?.extensions['allowedPurposes']).toEqual(['FULFILMENT', 'NEWS']);
    }
    for (const variables of [{ p: 7 }, { p: null }, { p: ['NEWS'] }, {}]) {
      const wrong = await post({ query, variables }, asks);
      expect(wrong.status).toBe(400);
      expect(wrong.body.data ?? null).toBeNull();
    }
  });

  it('in the directive counts also where another variable is wrong, which is then what is told', async () => {
    const query = `query ($v: Int!) @for(purpose: NEWS) { customers(first: $v) { nodes { id } } }`;
    const sent = await post({ query, variables: { v: 'x' } }, { scope });
    expect(refusal(sent)).toEqual({ status: 400, data: null, code: 'BAD_USER_INPUT' });
  });

  it('is not needed where no person is touched', async () => {
    const sent = await ask('{ products { nodes { name } } }');
    expect(sent.body.errors).toBeUndefined();
  });
});

describe('a body', () => {
  it.each([
    '{',
    '{"query": "{ products { nodes { name } } }"',
    'null',
    '"text"',
    '7',
    '',
    '{"query": 7}',
    '{"query": "{__typename}", "variables": "x"}',
    '{"query": "{__typename}", "operationName": {}}',
    '{"query": "{__typename}", "extensions": 3}',
    '{"query": ""}',
    '{}',
  ])('that cannot be read is a 400 without a trace: %s', async (body) => {
    const sent = await post(body);
    expect(sent.status).toBe(400);
    expect(sent.body.errors).toHaveLength(1);
    expect(sent.text).not.toMatch(/stack|node_modules|\.ts:|at Object|SyntaxError/);
  });

  it('with several operations at once is refused', async () => {
    const sent = await post([{ query: '{ __typename }' }, { query: '{ __typename }' }]);
    expect(sent.status).toBe(400);
    expect(sent.text).not.toContain('"data"');
    expect((await post([])).status).toBe(400);
  });

  it('over the limit is a 413', async () => {
    const sent = await post({ query: '{ __typename }', variables: { x: 'x'.repeat(100_000) } });
    expect(refusal(sent)).toMatchObject({ status: 413, data: null });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'that a form on any site could send is refused: %s',
    async (type) => {
      const sent = await send({
        headers: { 'content-type': type, ...(await bearer({ purpose: 'NEWS' })) },
        body: JSON.stringify({ query: '{ products { nodes { name } } }' }),
      });
      expect([400, 415]).toContain(sent.status);
      expect(sent.text).not.toContain('lamp');
    },
  );
});

describe('a GET', () => {
  const query = `?query=${encodeURIComponent('{ products { nodes { name } } }')}`;
  it('is refused unless it shows that no other site has sent it', async () => {
    const headers = await bearer({ purpose: 'NEWS' });
    const sent = await send({ method: 'GET', query, headers });
    expect(sent.status).toBe(400);
    expect(sent.text).not.toContain('lamp');
    const shown = await send({
      method: 'GET',
      query,
      headers: { ...headers, 'apollo-require-preflight': '1' },
    });
    expect(shown.text).toContain('lamp');
    // What is kept on the way would outlive a withdrawal.
    expect(shown.headers.get('cache-control')).toBe('no-store');
  });

  it('changes nothing', async () => {
    const mutation = 'mutation { giveConsent(purpose: NEWS) { head } }';
    const sent = await send({
      method: 'GET',
      query: `?query=${encodeURIComponent(mutation)}`,
      headers: {
        ...(await bearer({ purpose: 'NEWS', subject: '2' })),
        'apollo-require-preflight': '1',
        'sayso-purpose': 'NEWS',
      },
    });
    expect(sent.status).toBe(405);
    const { rows } = await gateway.own.knex.raw('select position::int from ledger_head');
    expect(rows).toEqual([{ position: 0 }]);
  });
});

describe('an operation', () => {
  const code = async (query: string, more: object = {}) => refusal(await post({ query, ...more }));
  const invalid = { status: 400, data: null, code: 'GRAPHQL_VALIDATION_FAILED' };

  it('with 31 aliases is refused, also of __typename; with 30 it is not', async () => {
    const aliases = (n: number): string =>
      `{ ${Array.from({ length: n }, (_, i) => `a${i}: __typename`).join(' ')} }`;
    expect(await code(aliases(testLimits.maxAliases + 1))).toEqual(invalid);
    expect((await post({ query: aliases(testLimits.maxAliases) })).status).toBe(200);
  });

  it('that hides aliases in fragments is refused', async () => {
    const spread = Array.from({ length: 6 }, () => '...F').join(' ');
    const fragment = `fragment F on Query { ${Array.from({ length: 6 }, (_, i) => `a${i}: __typename`).join(' ')} }`;
    const wide = Array.from(
      { length: 6 },
      (_, i) => `c${i}: customers { ${spread.replaceAll('F', 'G')} }`,
    );
    const inner = `fragment G on CustomerConnection { ${Array.from({ length: 6 }, (_, i) => `n${i}: __typename`).join(' ')} }`;
    expect((await post({ query: `{ ${spread} } ${fragment}` })).status).toBe(400);
    expect((await post({ query: `{ ${wide.join(' ')} } ${inner}` })).status).toBe(400);
  });

  it('that is too deep is refused, also by fragments', async () => {
    const nest = (n: number): string => (n === 0 ? 'id' : `orders { customer { ${nest(n - 1)} } }`);
    expect(await code(`{ customers { nodes { ${nest(6)} } } }`)).toEqual(invalid);
    expect(
      await code(`{ customers { nodes { ...A } } }
        fragment A on Customer { orders { customer { ...B } } }
        fragment B on Customer { ${nest(5)} }`),
    ).toEqual(invalid);
  });

  it('with a fragment that contains itself is refused', async () => {
    const query =
      '{ customers { nodes { ...A } } } fragment A on Customer { orders { customer { ...A } } }';
    expect((await post({ query })).status).toBe(400);
  });

  it('of too many tokens is refused', async () => {
    const query = `{ ${'__typename '.repeat(testLimits.maxTokens)} }`;
    expect(await code(query)).toMatchObject({ status: 400, data: null });
  });

  it.each([
    ['negative', 'customers(first: -1) { nodes { id } }'],
    ['over the most of one page', 'customers(first: 51) { nodes { id } }'],
    ['no Int', 'customers(first: 99999999999) { nodes { id } }'],
    ['negative below a row', 'customers { nodes { orders(first: -1) { id } } }'],
  ])('whose `first` is %s', async (_name, query) => {
    const sent = await post({ query: `{ ${query} }` }, { purpose: 'FULFILMENT' });
    const codes = sent.body.errors?.map(({ extensions }) => extensions['code']) ?? [];
    expect(codes.length).toBeGreaterThan(0);
    for (const one of codes) expect(['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED']).toContain(one);
    expect(sent.text).not.toContain('example.com');
  });

  it('whose cursor is none of this list', async () => {
    const page = (list: string) =>
      post(
        { query: `{ ${list}(first: 1) { pageInfo { endCursor } } }` },
        { purpose: 'FULFILMENT' },
      );
    const cursorIn = ({ text }: Sent): string =>
      JSON.parse(/"endCursor":("[^"]+")/.exec(text)?.[1] ?? '""') as string;
    const own = cursorIn(await page('customers'));
    const others = cursorIn(await page('orders'));
    const flipped = own.slice(0, -4) + (own.at(-4) === 'A' ? 'B' : 'A') + own.slice(-3);
    const after = async (cursor: string) =>
      post(
        {
          query: 'query ($after: String) { customers(after: $after) { nodes { email } } }',
          variables: { after: cursor },
        },
        { purpose: 'FULFILMENT' },
      );
    expect((await after(own)).body.errors).toBeUndefined();
    for (const bad of [others, flipped, '', 'garbage', '1', 'x'.repeat(10_000), '\0', '💥']) {
      const sent = await after(bad);
      expect(sent.body).toMatchObject({
        data: { customers: null },
        errors: [{ extensions: { code: 'CURSOR_INVALID' } }],
      });
      expect(sent.text.length).toBeLessThan(2_000);
    }
  });

  it('learns nothing of the schema where introspection is off', async () => {
    expect((await post({ query: '{ __schema { types { name } } }' })).status).toBe(400);
    expect((await post({ query: '{ __type(name: "Customer") { name } }' })).status).toBe(400);
    const { text } = await post({ query: '{ customers { nodes { emial } } }' });
    expect(text).not.toMatch(/did you mean|\bemail\b/i);
    const argument = await post({ query: '{ customers(frist: 1) { nodes { id } } }' });
    expect(argument.text).not.toMatch(/did you mean|"first"/i);
    const variable = await post({
      query: 'query ($p: Purpose!) @for(purpose: $p) { customers { nodes { id } } }',
      variables: { p: 'NEW' },
    });
    expect(variable.text).not.toMatch(/did you mean/i);
    expect(
      (await post({ query: '{ customers { __typename nodes { __typename } } }' })).status,
    ).toBe(200);
  });

  it('that is not in the document, or one of several and not said which', async () => {
    const query = 'query A { __typename } query B { __typename }';
    expect((await post({ query, operationName: 'C' })).status).toBe(400);
    expect((await post({ query })).status).toBe(400);
    expect((await post({ query, operationName: '__proto__' })).status).toBe(400);
    expect((await post({ query, operationName: 'B' })).status).toBe(200);
  });

  it.each([
    ['String', { v: 'x' }],
    ['nothing', {}],
    ['an object', { v: { toString: 1 } }],
    ['a float', { v: 1.5 }],
  ])('whose variable is %s instead of Int!', async (_name, variables) => {
    const query = 'query ($v: Int!) { customers(first: $v) { nodes { email } } }';
    const sent = await post({ query, variables });
    expect(refusal(sent)).toEqual({ status: 400, data: null, code: 'BAD_USER_INPUT' });
  });

  it('whose directive is given null by a variable with a default', async () => {
    for (const [head, field] of [
      ['query ($v: Purpose = NEWS) @for(purpose: $v)', 'id'],
      ['query ($v: Boolean = true)', 'id @skip(if: $v)'],
      ['query ($v: Boolean = true)', 'id ... @include(if: $v) { email }'],
    ]) {
      const query = `${head} { customers { nodes { ${field} } } }`;
      const refused = async (): Promise<void> => {
        const sent = await post({ query, variables: { v: null } });
        expect(refusal(sent), query).toEqual({ status: 400, data: null, code: 'PLAN_REFUSED' });
      };
      await refused();
      expect((await post({ query })).body.errors, query).toBeUndefined();
      // Whatever was planned before.
      await refused();
      if (head?.includes('Boolean') === false) continue;
      const other = await post({ query, variables: { v: false } });
      expect(other.body.errors, query).toBeUndefined();
      await refused();
    }
  });

  it('whose directive hangs on a variable that does not fit is told so, whatever was planned', async () => {
    const query =
      'query ($v: Boolean! = false) { customers { nodes { id ... @include(if: $v) { email } } } }';
    for (const variables of [{ v: null }, {}, { v: null }, { v: true }, { v: null }, { v: 1 }]) {
      const sent = await post({ query, variables });
      if (variables.v === null || variables.v === 1)
        expect(refusal(sent)).toEqual({ status: 400, data: null, code: 'BAD_USER_INPUT' });
      else expect(sent.body.errors).toBeUndefined();
    }
  });

  it('whose document holds half a character is not taken for another one', async () => {
    const of = (id: string) => `{ customer(id: "${id}") { id } }`;
    const halved = async (): Promise<void> => {
      const sent = await post({ query: of('\ud800') });
      expect(refusal(sent)).toEqual({ status: 400, data: null, code: 'BAD_REQUEST' });
    };
    await halved();
    expect((await post({ query: of('\ufffd') })).body.errors).toBeUndefined();
    await halved();
  });

  it('with @defer or @stream, and a subscription, is refused', async () => {
    const deferred = '{ customers { ... @defer { nodes { id } } } }';
    expect((await post({ query: deferred })).status).toBe(400);
    expect((await post({ query: '{ customers { nodes @stream { id } } }' })).status).toBe(400);
    expect((await post({ query: 'subscription { customers { nodes { id } } }' })).status).toBe(400);
  });
});

describe('names that every object has', () => {
  it('are fields, aliases, variables and ids like others', async () => {
    const query = `query ($constructor: ID!) {
      __proto__: customer(id: $constructor) { id constructor __proto__: email toString: id }
      hasOwnProperty: customer(id: "__proto__") { valueOf: constructor }
      customers { nodes { id constructor } }
    }`;
    const { text } = await post(
      { query, variables: { constructor: 'constructor' } },
      { purpose: 'FULFILMENT' },
    );
    expect(text).toContain(
      '"__proto__":{"id":"constructor","constructor":"c","__proto__":"maker@example.com","toString":"constructor"}',
    );
    expect(text).toContain('"hasOwnProperty":{"valueOf":"p"}');
    expect(({} as Record<string, unknown>)['email']).toBeUndefined();
  });

  it('say yes and no each for themself', async () => {
    const query = '{ customers { nodes { id email } } }';
    const shown = async (): Promise<string[]> => {
      const { body } = await gateway.ask(query, { purpose: 'NEWS' });
      const nodes = body.data.customers.nodes as { id: string; email: string | null }[];
      return nodes.filter(({ email }) => email !== null).map(({ id }) => id);
    };
    expect(await shown()).toEqual([]);
    const say = (subject: string, field: string) =>
      gateway.ask(`mutation { ${field}(purpose: NEWS) { head } }`, { subject, purpose: 'NEWS' });
    await say('__proto__', 'giveConsent');
    expect(await shown()).toEqual(['__proto__']);
    await say('constructor', 'giveConsent');
    await say('__proto__', 'withdrawConsent');
    expect(await shown()).toEqual(['constructor']);
    await say('constructor', 'withdrawConsent');
  });
});

describe('a change of consent', () => {
  const give = (argument: string) =>
    `mutation { giveConsent(purpose: NEWS${argument}) { head customer { id email } } }`;
  const newest = async () => {
    const { rows } = await gateway.own.knex.raw<{
      rows: { kind: string; actor: string | null; subject: number }[];
    }>('select kind, actor, subject from consent_event order by position desc limit 1');
    return rows[0];
  };
  const head = async (): Promise<unknown> => {
    const { rows } = await gateway.own.knex.raw<{ rows: unknown[] }>(
      'select position::int from ledger_head',
    );
    return rows[0];
  };

  it('for another is refused without the scope, and nothing is recorded', async () => {
    const before = await head();
    const asks = { purpose: 'NEWS', subject: '1' };
    const other = await post({ query: give(', subject: { id: "2" }') }, asks);
    expect(other.body.errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
    const self = await post({ query: give(', subject: { id: "1" }') }, asks);
    expect(self.body.errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
    // A client stands for nobody.
    const client = await post({ query: give(', subject: { id: "1" }') });
    expect(refusal(client)).toEqual({ status: 403, data: null, code: 'FORBIDDEN' });
    expect(await head()).toEqual(before);
  });

  it('by an agent needs the subject, and names the agent', async () => {
    const asks = { purpose: 'NEWS', scope: 'purpose:NEWS consent:write', client: 'call-centre' };
    const before = await head();
    const nobody = await post({ query: give('') }, asks);
    expect(nobody.body.errors?.[0]?.extensions['code']).toBe('CONSENT_INVALID');
    const wrong = await post({ query: give(', subject: { type: "Order", id: "10" }') }, asks);
    expect(wrong.body.errors?.[0]?.extensions['code']).toBe('CONSENT_INVALID');
    const empty = await post({ query: give(', subject: { id: "" }') }, asks);
    expect(empty.body.errors?.[0]?.extensions['code']).toBe('CONSENT_INVALID');
    expect(await head()).toEqual(before);
    const given = await post({ query: give(', subject: { id: "2" }') }, asks);
    expect(given.body.data).toMatchObject({
      giveConsent: { customer: { email: 'two@example.com' } },
    });
    expect(await newest()).toEqual({
      kind: 'given',
      actor: 'client:call-centre',
      subject: await numberOfPerson(gateway.own.knex, '2'),
    });
    await post(
      { query: 'mutation { withdrawConsent(purpose: NEWS) { head } }' },
      { purpose: 'NEWS', subject: '2' },
    );
    expect(await newest()).toEqual({
      kind: 'withdrawn',
      actor: null,
      subject: await numberOfPerson(gateway.own.knex, '2'),
    });
  });

  it('for no purpose or category that there is is refused', async () => {
    const asks = { purpose: 'NEWS', subject: '2' };
    for (const mutation of [
      'giveConsent(purpose: NEWZ)',
      'giveConsent(purpose: NEWS, categories: [SHOES])',
      'giveConsent(purpose: NEWS, categories: [HEALTH])',
      'giveConsent(purpose: NEWS, categories: [])',
      'giveConsent(purpose: NEWS, validUntil: "2001-01-01T00:00:00Z")',
      'giveConsent(purpose: NEWS, validUntil: "tomorrow")',
    ]) {
      const sent = await post({ query: `mutation { ${mutation} { head } }` }, asks);
      expect(sent.body.errors, mutation).toHaveLength(1);
      expect(sent.text, mutation).not.toContain('"giveConsent":{');
    }
  });
});

describe('a value that its type cannot show', () => {
  it('stands neither in the answer nor in the log', async () => {
    const sent = await post(
      { query: '{ customers { nodes { id mood steps } } }' },
      { purpose: 'CARE' },
    );
    const codes = sent.body.errors?.map(({ extensions }) => extensions['code']);
    expect(codes).toEqual(['INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR']);
    expect(sent.text).not.toMatch(/MELANCHOLY|99999999771/);
    expect(sent.text).toContain('"steps":5');
    expect(output.text()).not.toMatch(/MELANCHOLY|99999999771/);
    const id = sent.body.errors?.[0]?.extensions['id'] as string;
    expect(output.text()).toContain(id);
  });
});

describe('the audit log', () => {
  it('is for `audit:read` only', async () => {
    const query = '{ auditEntries(first: 1) { nodes { id } } }';
    expect(refusal(await post({ query }))).toEqual({ status: 403, data: null, code: 'FORBIDDEN' });
    const read = await post({ query }, { scope: 'audit:read' });
    expect(read.body.errors).toBeUndefined();
    for (const first of [-1, 51]) {
      const wrong = await post(
        { query: `{ auditEntries(first: ${first}) { nodes { id } } }` },
        { scope: 'audit:read' },
      );
      expect(wrong.body.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    }
  });
});
