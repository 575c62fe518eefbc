import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type ClientRequest } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    MAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [MAIL])
  }
  type Customer @table(source: "shop", name: "customer") @subject {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: MAIL)
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    name: String
  }
  type Slow @table(source: "shop", name: "slow") {
    id: ID!
    n: Int
  }
`;
const shop = `
  create table customer (id int primary key, email text);
  create table product (id int primary key, name text);
  insert into product select n, 'product ' || n from generate_series(1, 10) n;
  create function slowly(x int) returns int language plpgsql volatile as
    $$ begin perform pg_sleep(1.5); return x; end $$;
  create view slow as select 1 as id, slowly(2) as n;
`;

const steady = 'query Steady($first: Int!) { products(first: $first) { nodes { id name } } }';
let never = 0;
/** A valid document that nobody has sent. */
const fresh = (): string => `{ products(first: 1) { nodes { a${(never += 1)}: id } } }`;

describe('a flood of documents that nobody has sent before', () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop }, gated: true });
    token = await gateway.token({ client: 'flood' });
  });
  afterAll(() => gateway.close());

  it('is bounded, and holds up neither what is known nor what another client sends', async () => {
    const known = (): ReturnType<TestGateway['ask']> =>
      gateway.ask(steady, { client: 'steady', variables: { first: 3 } });
    await known();
    let done = 0;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const flood = Array.from({ length: 200 }, async () => {
      const payload = JSON.stringify({ query: fresh() });
      const came = await gateway.app.server.inject({
        ...{ method: 'POST', url: '/graphql', headers, payload },
      });
      if (came.statusCode === 200) done += 1;
      return came;
    });
    const [seen, unseen] = await Promise.all([
      known().then((answer) => ({ answer, done })),
      gateway.ask(fresh(), { client: 'other' }).then((answer) => ({ answer, done })),
    ]);
    expect(seen.answer.body.data.products.nodes).toHaveLength(3);
    expect(unseen.answer.body.errors).toBeUndefined();
    // Far from its end: some 65 of the flood were let wait.
    expect(seen.done).toBeLessThan(20);
    expect(unseen.done).toBeLessThan(20);

    const answers = await Promise.all(flood);
    const refused = answers.filter(({ statusCode }) => statusCode !== 200);
    expect(refused.length).toBeGreaterThan(100);
    expect(refused.length).toBeLessThan(140);
    for (const one of refused) {
      expect(one.statusCode).toBe(429);
      expect(Number(one.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(one.headers['cache-control']).toBe('no-store');
      expect(JSON.parse(one.body)).toMatchObject({
        errors: [{ extensions: { code: 'TOO_MANY_NEW_DOCUMENTS' } }],
      });
    }
    // The steady document was parsed once: it was not pushed out.
    expect((await known()).status).toBe(200);
  });

  it('does not hold places for those who have gone', async () => {
    const { port } = gateway.app.server.server.address() as { port: number };
    const agent = new Agent({ maxSockets: Infinity });
    const send = (): ClientRequest => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const sent = request({ port, path: '/graphql', method: 'POST', agent, headers });
      sent.on('error', () => undefined);
      sent.end(JSON.stringify({ query: fresh() }));
      return sent;
    };
    // Somebody else asks all the time, so that the flood is slow.
    const asks = setInterval(() => void gateway.ask(steady, { variables: { first: 1 } }), 20);
    try {
      const flood = Array.from({ length: 100 }, send);
      // The last come when the places are taken, and are refused at once.
      await Promise.race(
        flood.map(async (sent) => {
          const [response] = (await once(sent, 'response')) as [{ statusCode: number }];
          if (response.statusCode !== 429) await new Promise(() => undefined);
        }),
      );
      for (const sent of flood) sent.destroy();
      let status = 429;
      for (let tries = 0; tries < 100 && status === 429; tries += 1)
        ({ status } = await gateway.ask(fresh(), { client: 'flood' }));
      expect(status).toBe(200);
    } finally {
      clearInterval(asks);
      agent.destroy();
    }
  });

  it('does not hold its turns by answers that cannot leave', async () => {
    const { port } = gateway.app.server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    // Whatever follows on a connection is told behind what was asked there before.
    const post = (body: string): string =>
      [
        'POST /graphql HTTP/1.1',
        'Host: sayso',
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n');
    const slow = '{ slows { nodes { n } } }';
    await gateway.ask(slow, { client: 'steady' });
    socket.write(post(JSON.stringify({ query: slow })));
    for (let n = 0; n < 20; n += 1)
      socket.write(post(JSON.stringify({ query: `{ nothing${(never += 1)} }` })));
    await sleep(100);
    const begin = performance.now();
    for (let n = 0; n < 5; n += 1) {
      const { status } = await gateway.ask(fresh(), { client: 'other' });
      expect(status).toBe(200);
    }
    const took = performance.now() - begin;
    socket.destroy();
    // A turn that is held lasts a second, and one comes before each of the five.
    expect(took).toBeLessThan(4_000);
  });

  it('is refused by the tokens of a document that has more than any may', async () => {
    const aliases = Array.from({ length: 10_000 }, (_, n) => `a${n}:__typename`).join(' ');
    const { status, body } = await gateway.ask(`{ ${aliases} }`, { client: 'aliases' });
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('2000 tokens');
  });

  /** How far a flood of 200 has come when another client's new document was answered. */
  const overtaken = async (body: () => unknown, token?: string): Promise<number> => {
    // Somebody has just asked, so that there are others to leave room for.
    await gateway.ask(steady, { client: 'steady', variables: { first: 1 } });
    let done = 0;
    const flood = Array.from({ length: 200 }, async () => {
      const headers = {
        'content-type': 'application/json',
        ...(token && { authorization: token }),
      };
      const payload = JSON.stringify(body());
      const { statusCode } = await gateway.app.server.inject({
        ...{ method: 'POST', url: '/graphql', headers, payload },
      });
      if (statusCode !== 429) done += 1;
    });
    const other = await gateway.ask(fresh(), { client: 'other' });
    const before = done;
    expect(other.body.errors).toBeUndefined();
    await Promise.all(flood);
    return before;
  };

  it('has no way around by sending hashes along', async () => {
    const body = () => {
      const query = fresh();
      const sha256Hash = createHash('sha256').update(query).digest('hex');
      return { query, extensions: { persistedQuery: { version: 1, sha256Hash } } };
    };
    expect(await overtaken(body, `Bearer ${token}`)).toBeLessThan(20);
  });

  it('has no way around by sending no token', async () => {
    let number = 0;
    const body = () => ({ query: `query P${(number += 1)} { processing { purposf } }` });
    expect(await overtaken(body)).toBeLessThan(20);
  });
});
