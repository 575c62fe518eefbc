import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as AnswerBytesModule from '../../src/gateway/answer-bytes.ts';
import { NoticesInForce } from '../../src/ledger/notices-in-force.ts';
import { RowWriter } from '../../src/answer/write-rows.ts';
import { lastLogged } from '../setup/logged.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';

/** What went out in bytes. */
const seen = vi.hoisted(() => ({ answers: [] as Buffer[] }));

vi.mock('../../src/gateway/answer-bytes.ts', async (original) => {
  const real = await original<typeof AnswerBytesModule>();
  class Seen extends real.AnswerBytes {
    constructor(...made: ConstructorParameters<typeof real.AnswerBytes>) {
      super(...made);
      seen.answers.push(this.bytes);
    }
  }
  return { ...real, AnswerBytes: Seen };
});

const schema = /* GraphQL */ `
  enum Category {
    CONTACT @category
    TASTE @category
  }
  enum Purpose {
    NEWS @purpose(covers: [CONTACT])
    ADS @purpose(covers: [TASTE])
  }
  type Person @table(source: "shop", name: "person") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    secret: String @shield(category: CONTACT)
    taste: String @shield(category: TASTE)
    orders: [Order!] @shield(category: CONTACT) @join(on: "person_id")
    noted: [Order!] @shield(category: CONTACT) @join(from: "secret", on: "note")
    things: [Thing!] @shield(category: CONTACT) @join(on: "person_id")
  }
  type Order @table(source: "shop", name: "orders") @about(subject: "person_id") {
    id: ID! @open(because: "surrogate key")
    note: String @shield(category: CONTACT)
    lines: [Line!] @shield(category: CONTACT) @join(on: "order_id")
  }
  type Line @table(source: "shop", name: "line") @about(through: "order") {
    id: ID! @open(because: "surrogate key")
    order: Order @shield(category: CONTACT) @join(on: "order_id")
    item: Item @shield(category: CONTACT) @join(on: "item_id")
  }
  interface Thing {
    id: ID!
  }
  type Book implements Thing @table(source: "shop", name: "book") @about(subject: "person_id") {
    id: ID! @open(because: "surrogate key")
    person: Person @shield(category: CONTACT) @join(on: "person_id")
  }
  type Pen implements Thing @table(source: "shop", name: "book") @about(subject: "person_id") {
    id: ID! @open(because: "surrogate key")
  }
  type Item @table(source: "shop", name: "item") {
    id: ID!
    must: String! @column(name: "may")
    whole: Int! @column(name: "large")
    small: Int @column(name: "large")
    num: Decimal
    alike: [Item!]! @join(from: "num", on: "num")
    peers: [Item!]! @join(from: "all_one", on: "all_one")
    when: [Item!]! @join(from: "at", on: "at")
  }
`;

const shop = `
  create table person (id int primary key, secret text, taste text);
  create table orders (id int primary key, person_id int, note text);
  create table line (id int primary key, order_id int, item_id int);
  create table book (id int primary key, person_id int);
  create table item (id int primary key, may text, large int8, num numeric, all_one int, at timestamp);
  insert into person select i, 'SECRET' || i || repeat('s', 500), 'taste' || i from generate_series(1, 40) i;
  insert into orders select i, 41 - (i % 40) - 1, 'NOTE' || i from generate_series(1, 80) i;
  insert into line select i, 80 - (i % 80), i % 7 from generate_series(1, 160) i;
  insert into book values (1, 1);
  insert into item select i, case when i % 5 > 0 then 'm' end, case when i % 5 > 0 then 7 else 99999999999 end,
    case i % 3 when 0 then 1 when 1 then 1.0 else 1.00 end, 1, now() from generate_series(1, 520) i;
`;

let gateway: TestGateway;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  gateway = await startTestGateway({ schema, sources: { shop } });
});
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
  await gateway.close();
});
beforeEach(() => {
  seen.answers.length = 0;
  gateway.statements.length = 0;
});

const change = (name: string, subject: string, purpose = 'NEWS') =>
  gateway.ask(`mutation { ${name}(purpose: ${purpose}) { head } }`, { subject, purpose });
const news: Asks = { purpose: 'NEWS' };

describe('what an answer in bytes is made of', () => {
  it('never holds a withheld cell, not even where nobody looks', async () => {
    await change('giveConsent', '3');
    // Memory as it is found may hold anything: here it is empty, and holds what was written into it.
    const allocUnsafe = vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => Buffer.alloc(size)); // prettier-ignore
    try {
      const { body } = await gateway.ask(
        '{ persons(first: 40) { nodes { id secret taste orders { note } } edges { node { s: secret } } } }',
        news,
      );
      expect(body.data.persons.nodes[2].secret).toMatch(/^SECRET3s+$/);
    } finally {
      allocUnsafe.mockRestore();
    }
    const [bytes] = seen.answers;
    expect(seen.answers).toHaveLength(1);
    const whole = Buffer.from(bytes!.buffer).toString('latin1');
    expect(whole.match(/SECRET\d+/g)).toEqual(['SECRET3', 'SECRET3']);
    expect(whole).not.toMatch(/taste\d/);
    expect(whole.match(/NOTE\d+/g)).toHaveLength(2);
  });

  it('is sent up to its end and no further, with its length told', async () => {
    const query = JSON.stringify({ query: '{ items(first: 1) { nodes { id } } }' });
    const sent = request(`${gateway.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await gateway.token({})}`,
        'content-type': 'application/json',
      },
    });
    sent.end(query);
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { headers: Record<string, string> }]; // prettier-ignore
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    expect(seen.answers).toHaveLength(1);
    expect(body.equals(seen.answers[0]!)).toBe(true);
    expect(body.at(-1)).toBe(0x0a);
    expect(response.headers['content-length']).toBe(String(body.length));
    // Far more was made room for.
    expect(seen.answers[0]!.buffer.byteLength).toBeGreaterThan(10 * body.length);
  });
});

describe('an answer in bytes is not sent', () => {
  const inject = async (method: 'GET' | 'HEAD' | 'POST', headers: Record<string, string>) => {
    const query = '{ persons(first: 3) { nodes { id secret } } }';
    const {
      statusCode,
      body,
      headers: told,
    } = await gateway.app.server.inject({
      method,
      url: method === 'POST' ? '/graphql' : `/graphql?query=${encodeURIComponent(query)}`,
      headers: {
        authorization: `Bearer ${await gateway.token(news)}`,
        'sayso-purpose': 'NEWS',
        ...(method === 'POST'
          ? { 'content-type': 'application/json' }
          : { 'apollo-require-preflight': '1' }),
        ...headers,
      },
      ...(method === 'POST' && { payload: JSON.stringify({ query }) }),
    });
    return { statusCode, body, told };
  };

  it('to who takes no JSON', async () => {
    await change('giveConsent', '1');
    seen.answers.length = 0;
    const { statusCode, body } = await inject('POST', { accept: 'text/html' });
    expect(statusCode).toBe(406);
    expect(body).not.toMatch(/SECRET|sayso:|nodes/);
    expect((await inject('POST', { accept: 'application/json' })).body).toContain('SECRET1');
  });

  it('to who asks for the head only', async () => {
    const { statusCode, body, told } = await inject('HEAD', {});
    expect(body).toBe('');
    expect(JSON.stringify(told)).not.toMatch(/SECRET/);
    expect([200, 400, 405]).toContain(statusCode);
    const got = await inject('GET', {});
    expect([got.statusCode, got.body]).toEqual([200, expect.stringContaining('SECRET1')]);
  });

  it('as its token, whatever happens', async () => {
    for (const accept of [
      '*/*',
      'application/graphql-response+json',
      'multipart/mixed',
      'multipart/mixed;deferSpec=20220824, application/json',
      '',
    ]) {
      const { body, statusCode } = await inject('POST', { accept });
      expect(body).not.toMatch(/^"?sayso:/);
      expect(() => JSON.parse(body) as unknown).not.toThrow();
      if (statusCode === 200) expect(body).toContain('SECRET1');
      else expect(body).not.toContain('SECRET');
    }
  });

  it('to who has gone, and the gateway goes on', async () => {
    const gone = new AbortController();
    const token = await gateway.token(news);
    const asked = Array.from({ length: 8 }, () =>
      fetch(`${gateway.app.url}/graphql`, {
        method: 'POST',
        signal: gone.signal,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'sayso-purpose': 'NEWS',
        },
        body: JSON.stringify({ query: '{ persons(first: 40) { nodes { secret orders { lines { id } } } } }' }), // prettier-ignore
      }).catch((error: unknown) => error),
    );
    setImmediate(() => gone.abort());
    await Promise.all(asked);
    const { status } = await gateway.ask('{ items(first: 1) { nodes { id } } }');
    expect(status).toBe(200);
  });
});

describe('say-so that moves under an answer in bytes', () => {
  const query = '{ persons(first: 5) { nodes { id secret } } }';
  /** Lets somebody say something each time that a query was decided, and before that is settled. */
  const whenDecided = async <T>(
    at: (call: number) => boolean,
    say: () => Promise<unknown>,
    run: () => Promise<T>,
  ): Promise<T> => {
    // prettier-ignore
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right `this` below
    const telling = NoticesInForce.prototype.telling;
    let calls = 0;
    let busy = false;
    const spy = vi.spyOn(NoticesInForce.prototype, 'telling').mockImplementation(async function (
      this: NoticesInForce,
      ...of
    ) {
      if (!busy) {
        calls += 1;
        if (at(calls)) {
          busy = true;
          await say().finally(() => (busy = false));
        }
      }
      return telling.apply(this, of);
    });
    return run().finally(() => spy.mockRestore());
  };

  it('is not released after the no', async () => {
    await change('giveConsent', '2');
    const open = await gateway.ask(query, news);
    expect(open.body.data.persons.nodes[1].secret).toMatch(/^SECRET2/);
    const { body } = await whenDecided(
      (call) => call === 1,
      () => change('withdrawConsent', '2'),
      () => gateway.ask(query, news),
    );
    expect(body.data.persons.nodes[1].secret).toBeNull();
    expect(body.extensions.sayso.head).toBeGreaterThan(open.body.extensions.sayso.head as number);
    expect(seen.answers).toHaveLength(2);
    expect(seen.answers[1]!.toString()).not.toContain('SECRET2');
    expect((await lastLogged(gateway.own.knex)).head).toBe(body.extensions.sayso.head);
  });

  it('is refused when it keeps moving', async () => {
    await change('giveConsent', '2');
    let yes = true;
    const { body } = await whenDecided(
      () => true,
      () => {
        yes = !yes;
        return change(yes ? 'giveConsent' : 'withdrawConsent', '2');
      },
      () => gateway.ask(query, news),
    );
    expect(body.errors[0].extensions.code).toBe('CONSENT_MOVED');
    expect(body).not.toHaveProperty('data');
    expect(seen.answers).toEqual([]);
  });

  it('matters only where it is that of a person in the answer', async () => {
    const { body } = await whenDecided(
      (call) => call === 1,
      () => change('giveConsent', '30'),
      () => gateway.ask(query, news),
    );
    expect(body.errors).toBeUndefined();
    expect(seen.answers).toHaveLength(1);
  });
});

describe('what is not plain is answered by values, and read once', () => {
  const inBytes = 'persons(first: 3) { nodes { id secret } }';
  it.each<readonly [string, string, Asks, string | undefined, number]>([
    [
      'plain (so that the others prove something)',
      '{ items(first: 2) { nodes { id must } } }',
      {},
      undefined,
      1,
    ],
    [
      'introspection',
      '{ __schema { queryType { name } } items(first: 1) { nodes { id } } }',
      {},
      undefined,
      1,
    ],
    [
      'a field with a resolver',
      `{ me { id } ${inBytes} }`,
      { ...news, subject: '1' },
      undefined,
      2,
    ],
    [
      'a list that leaves rows out',
      '{ persons(first: 1) { nodes { noted { id } } } }',
      news,
      undefined,
      2,
    ],
    [
      'rows of several types',
      '{ persons(first: 1) { nodes { things { id } } } }',
      news,
      undefined,
      3,
    ],
    [
      'null in a place of a value',
      '{ items { nodes { id must } } }',
      {},
      'INTERNAL_SERVER_ERROR',
      1,
    ],
    [
      'a value that its type refuses',
      '{ items { nodes { small } } }',
      {},
      'INTERNAL_SERVER_ERROR',
      1,
    ],
    [
      'a value that may be neither',
      '{ items { edges { node { whole } } } }',
      {},
      'INTERNAL_SERVER_ERROR',
      1,
    ],
    ['a page of no such size', '{ items(first: 1001) { nodes { id } } }', {}, 'BAD_USER_INPUT', 0],
    ['a page of fewer than none', '{ items(first: -1) { nodes { id } } }', {}, 'BAD_USER_INPUT', 0],
    [
      'a list of fewer than none',
      '{ items(first: 1) { nodes { alike(first: -1) { id } } } }',
      {},
      'BAD_USER_INPUT',
      1,
    ],
    ['a cursor that is none', '{ items(after: "none") { nodes { id } } }', {}, 'CURSOR_INVALID', 0],
    ['rows found by an instant', '{ items(first: 2) { nodes { when { id } } } }', {}, undefined, 2],
    [
      'an argument that may not be null',
      'query ($id: ID = "1") { item(id: $id) { id } items(first: 1) { nodes { id } } }',
      { variables: { id: null } },
      'INTERNAL_SERVER_ERROR',
      1,
    ],
  ])('%s', async (what, query, asks, code, statements) => {
    // prettier-ignore
    const { body } = await gateway.ask(query, asks);
    expect(seen.answers).toHaveLength(what.startsWith('plain') ? 1 : 0);
    if (code === undefined) expect(body.errors).toBeUndefined();
    else expect(body.errors[0].extensions.code).toBe(code);
    expect(body).toHaveProperty('data');
    expect(gateway.statements).toHaveLength(statements);
  });

  it('objects beyond what an answer may hold, before any is written', async () => {
    const row = vi.spyOn(RowWriter.prototype, 'row');
    const { body, status } = await gateway.ask(
      '{ items(first: 60) { nodes { peers { peers { id } } } } }',
    );
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'ANSWER_TOO_LARGE']);
    expect(row).not.toHaveBeenCalled();
    row.mockRestore();
  });

  it('objects beyond what an answer may hold', async () => {
    const { body, status } = await gateway.ask('{ items(first: 520) { nodes { peers { id } } } }');
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'ANSWER_TOO_LARGE']);
    expect(body).not.toHaveProperty('data');
    expect(seen.answers).toEqual([]);
    expect(gateway.statements).toHaveLength(2);
    const fewer = await gateway.ask('{ items(first: 520) { nodes { peers(first: 100) { id } } } }');
    expect(fewer.body.data.items.nodes).toHaveLength(520);
    expect(seen.answers).toHaveLength(1);
  });
});

describe('rows that are read once', () => {
  it('are one statement for each level, compared with graphql-js or not', async () => {
    await gateway.own.knex.raw('select 1');
    for (const subject of ['1', '2', '3', '4', '5', '6', '7', '8']) await change('giveConsent', subject); // prettier-ignore
    gateway.statements.length = 0;
    // Rows of each level come in another order than those above them.
    const { body } = await gateway.ask(
      '{ persons(first: 9) { nodes { orders { lines { item { id } order { id } } } } } }',
      news,
    );
    expect(body.errors).toBeUndefined();
    expect(seen.answers).toHaveLength(1);
    expect(gateway.statements).toHaveLength(5);
  });

  it('are not read twice where one root gives up bytes while another still reads', async () => {
    await change('giveConsent', '1');
    gateway.statements.length = 0;
    const { body } = await gateway.ask(
      '{ items(first: -1) { nodes { id } } persons(first: 9) { nodes { orders { lines { item { id } } } } } }',
      news,
    );
    expect(body.data.items).toBeNull();
    expect(body.data.persons.nodes[0].orders).not.toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const about = (table: string) =>
      gateway.statements.filter((sql) => /from "public"\."(\w+)"/.exec(sql)?.[1] === table);
    expect(about('person')).toHaveLength(1);
    // Those that came along were wanted by nobody yet where values ask first.
    expect(about('orders').length).toBeLessThanOrEqual(2);
    expect(gateway.statements.length).toBeLessThanOrEqual(5);
  });

  it('go to their own value where several texts are one value', async () => {
    const { body } = await gateway.ask(
      '{ items(first: 3) { nodes { num alike(first: 4) { id num } all: alike { id } } } }',
    );
    for (const { num, alike, all } of body.data.items.nodes as {
      num: string;
      alike: { num: string }[];
      all: unknown[];
    }[]) {
      // prettier-ignore
      for (const one of alike) expect(one.num).toBe(num);
      expect(all.length).toBeGreaterThanOrEqual(alike.length);
    }
    expect(seen.answers).toHaveLength(1);
  });
});

describe('a source that fails', () => {
  const without = async <T>(table: string, run: () => Promise<T>): Promise<T> => {
    const { knex } = gateway.sources.get('shop')!;
    await knex.raw(`alter table ${table} rename to gone`);
    return run().finally(() => knex.raw(`alter table gone rename to ${table}`));
  };

  it('below the first level leaves null and an error there, asked once', async () => {
    await change('giveConsent', '1');
    gateway.statements.length = 0;
    const { body } = await without('line', () =>
      gateway.ask('{ persons(first: 2) { nodes { id orders { id lines { id } } } } }', news),
    );
    expect(seen.answers).toEqual([]);
    expect(body.errors[0].extensions.code).toBe('SOURCE_UNAVAILABLE');
    expect(body.data.persons.nodes[0].orders[0]).toEqual({ id: expect.any(String), lines: null });
    expect(gateway.statements).toHaveLength(3);
  });

  it('under one of several roots leaves the others as they are', async () => {
    const { body } = await without('item', () =>
      gateway.ask(
        '{ a: persons(first: 2) { nodes { orders { id } } } items { nodes { id } } i: item(id: 1) { id } b: persons(first: 1) { nodes { id } } }',
        news,
      ),
    );
    expect(body.data).toMatchObject({ items: null, i: null, b: { nodes: [{ id: '1' }] } });
    expect(body.errors).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled).toEqual([]);
  });

  it('under all roots leaves nothing unhandled', async () => {
    const { body } = await without(
      'item',
      () =>
      gateway.ask('{ a: items { nodes { id } } b: items { nodes { id num } } c: item(id: 1) { id } d: item(id: 2) { id } }'), // prettier-ignore
    );
    expect(body.data).toEqual({ a: null, b: null, c: null, d: null });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled).toEqual([]);
  });
});
