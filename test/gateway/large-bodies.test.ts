import { once, setMaxListeners } from 'node:events';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TooManyNewDocumentsError } from '../../src/core/errors.ts';
import { admitNewDocuments } from '../../src/gateway/admit-new-documents.ts';
import { createKnownDocuments } from '../../src/gateway/known-documents.ts';
import { readLargeBodies } from '../../src/gateway/large-bodies.ts';
import {
  createNewDocumentGate,
  type NewDocumentGate,
} from '../../src/gateway/new-document-gate.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const stays = new AbortController().signal;
setMaxListeners(0, stays);

/** A gate whose time stands still until it is moved on, and whose turns last until they are ended. */
const stage = () => {
  let now = 0;
  let timers: { readonly at: number; readonly then: () => void }[] = [];
  const gate = createNewDocumentGate({
    now: () => now,
    after: (ms, then) => {
      const timer = { at: now + ms, then };
      timers.push(timer);
      return () => (timers = timers.filter((one) => one !== timer));
    },
    settled: (then) => then(),
  });
  const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const pass = async (ms: number): Promise<void> => {
    await idle();
    now += ms;
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    for (const { then } of due) then();
    await idle();
  };
  const leaves: (() => void)[] = [];
  /** A new document, whose turn lasts until one of `leaves` is called. */
  const enter = (client: string, signal = stays, spent = 0): Promise<void> =>
    gate.enter(client, signal, { held: (leave) => leaves.push(leave), spent });
  const judged: (() => void)[] = [];
  const read = (client: string, signal = stays): Promise<void> =>
    gate.mayRead(client, signal).then((one) => void judged.push(one));
  return { gate, pass, enter, leaves, read, judged };
};

describe('large bodies', () => {
  it('are read as they come while no new document of the client waits', async () => {
    const { gate, enter, pass, leaves } = stage();
    expect(gate.readsFreely('flood')).toBe(true);
    for (let n = 0; n < 2; n += 1) void enter('flood');
    await pass(0);
    expect(gate.readsFreely('flood')).toBe(false);
    expect(gate.readsFreely('other')).toBe(true);
    for (let n = 0; n < 2; n += 1) {
      leaves[n]?.();
      await pass(0);
    }
    expect(gate.readsFreely('flood')).toBe(true);
  });

  it('stay unread but for four of a client, and go on when there is room', async () => {
    const { gate, enter, read, pass, leaves, judged } = stage();
    // One has its turn, two wait.
    for (let n = 0; n < 3; n += 1) void enter('flood');
    for (let n = 0; n < 6; n += 1) void read('flood');
    await pass(0);
    expect([judged.length, gate.waiting]).toEqual([2, 6]);
    // One of them holds what is known, so that it does not come to wait.
    judged[0]?.();
    judged[0]?.();
    await pass(0);
    expect(judged).toHaveLength(3);
    // A document has its turn.
    leaves[0]?.();
    await pass(0);
    expect(judged).toHaveLength(4);
    expect(gate.waiting).toBe(1 + 2);
  });

  it('of which nobody knows after a second what they hold, keep nobody waiting', async () => {
    const { enter, read, pass, judged } = stage();
    for (let n = 0; n < 4; n += 1) void enter('slow');
    for (let n = 0; n < 3; n += 1) void read('slow');
    await pass(0);
    expect(judged).toHaveLength(1);
    await pass(999);
    expect(judged).toHaveLength(1);
    await pass(1);
    expect(judged.length).toBeGreaterThan(1);
  });

  it('are refused when 64 of the client wait, and leave their place when their sender goes', async () => {
    const { gate, enter, read, pass } = stage();
    for (let n = 0; n < 5; n += 1) void enter('flood');
    const gone = new AbortController();
    setMaxListeners(0, gone.signal);
    const all = Array.from({ length: 60 }, () => read('flood', gone.signal).catch(() => 'gone'));
    await pass(0);
    expect(gate.waiting).toBe(64);
    await expect(read('flood')).rejects.toBeInstanceOf(TooManyNewDocumentsError);
    await expect(enter('flood')).rejects.toBeInstanceOf(TooManyNewDocumentsError);
    gone.abort();
    expect(await Promise.all(all)).toEqual(Array.from({ length: 60 }, () => 'gone'));
    expect(gate.waiting).toBe(4);
  });

  it('are not read for nothing: whoever comes meanwhile has not their place', async () => {
    const { gate, enter, read, pass, leaves, judged } = stage();
    for (let n = 0; n < 5; n += 1) void enter('flood');
    for (let n = 0; n < 60; n += 1) void read('flood');
    await pass(0);
    leaves[0]?.();
    await pass(0);
    // One is read now, of 63 that wait.
    expect([judged.length, gate.waiting]).toEqual([1, 62]);
    const meanwhile = Array.from({ length: 3 }, () => read('flood').catch(() => 'refused'));
    await pass(0);
    expect(gate.waiting).toBe(63);
    expect(await Promise.race(meanwhile)).toBe('refused');
    void gate.enter('flood', stays, { held: (leave) => leaves.push(leave), keepsPlace: true });
    judged[0]?.();
    await pass(0);
    expect(gate.waiting).toBe(64);
    await expect(read('flood')).rejects.toBeInstanceOf(TooManyNewDocumentsError);
  });

  it('count for the pause after their documents by what reading them took', async () => {
    const waits = async (spent: number): Promise<number> => {
      const { gate, enter, pass, leaves } = stage();
      gate.noteRequest('other');
      void enter('flood', stays, spent);
      void enter('flood');
      await pass(1);
      leaves[0]?.();
      let waited = 0;
      for (; leaves.length < 2 && waited < 1_000; waited += 1) {
        gate.noteRequest('other');
        await pass(1);
      }
      return waited;
    };
    const short = await waits(0);
    expect(await waits(5)).toBeGreaterThan(short * 10);
  });

  it('do not let a client off its pause by going away', async () => {
    const { gate, enter, pass, leaves } = stage();
    const gone = new AbortController();
    gate.noteRequest('other');
    void enter('flood', stays, 10);
    void enter('flood', gone.signal).catch(() => undefined);
    await pass(1);
    gone.abort();
    leaves[0]?.();
    void enter('flood');
    await pass(0);
    // A pause for all that are new is over by then, its client's own is not.
    gate.noteRequest('other');
    await pass(60);
    expect(leaves).toHaveLength(1);
  });
});

describe('reading a large body', () => {
  const raw = { once: () => raw, off: () => raw };
  // Of a request and a reply the hooks look at no more.
  const requestOf = (over: object): FastifyRequest =>
    ({
      method: 'POST',
      headers: {},
      caller: { client: 'c' },
      ...over,
    }) as unknown as FastifyRequest;
  const reply = { raw } as unknown as FastifyReply;

  it('is timed from its last byte on, however long it took to come', async () => {
    const { gate } = stage();
    const request = requestOf({ headers: { 'content-length': '20000' } });
    const payload = new PassThrough();
    let went = false;
    readLargeBodies(gate)(request, reply, payload, () => (went = true));
    expect(went).toBe(true);
    payload.write('half');
    await sleep(30);
    expect(request.largeBody?.spent()).toBe(0);
    payload.resume().end();
    await once(payload, 'end');
    expect(request.largeBody?.spent()).toBeGreaterThan(0);
    expect(request.largeBody?.spent()).toBeLessThan(30);
  });

  it('is not told of bodies that say that they are small', () => {
    const { gate } = stage();
    const isLarge = (over: object): boolean => {
      const request = requestOf(over);
      readLargeBodies(gate)(request, reply, new PassThrough(), () => undefined);
      return 'largeBody' in request;
    };
    expect(isLarge({ headers: { 'content-length': '16384' } })).toBe(false);
    expect(isLarge({ method: 'GET' })).toBe(false);
    expect(isLarge({ headers: { 'transfer-encoding': 'chunked' } })).toBe(true);
    expect(isLarge({ headers: { 'content-length': '16385' } })).toBe(true);
  });

  it('does not begin, nor keep a place, for whoever had gone before', async () => {
    const { gate, enter, pass } = stage();
    for (let n = 0; n < 5; n += 1) void enter('c');
    await pass(0);
    const before = gate.waiting;
    let hijacked = 0;
    const left = {
      raw: { ...raw, closed: true },
      hijack: () => (hijacked += 1),
    } as unknown as FastifyReply;
    const fail = (): never => {
      throw new Error('nobody is there to be answered');
    };
    readLargeBodies(gate)(requestOf({}), left, new PassThrough(), fail);
    const documents = createKnownDocuments();
    admitNewDocuments({ documents, gate })(requestOf({ body: { query: '{ a }' } }), left, fail);
    await pass(0);
    expect([gate.waiting, hijacked]).toEqual([before, 2]);
  });

  it('counts for the turn of its document, which has its place before the next is read', () => {
    const told: unknown[] = [];
    const gate: NewDocumentGate = {
      ...stage().gate,
      enter: (_client, _signal, turn) => {
        told.push(turn?.spent, turn?.keepsPlace);
        return Promise.resolve();
      },
    };
    const documents = createKnownDocuments();
    const largeBody = { spent: () => 7, judged: () => told.push('judged'), waited: true };
    const admit = admitNewDocuments({ documents, gate });
    admit(requestOf({ body: { query: '{ a }' }, largeBody }), reply, () => undefined);
    expect(told).toEqual([7, true, 'judged']);
    admit(requestOf({ body: { query: 1 }, largeBody }), reply, () => undefined);
    expect(told).toEqual([7, true, 'judged', 'judged']);
  });
});

const schema = /* GraphQL */ `
  enum Category {
    MAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [MAIL])
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
  }
`;
const shop = 'create table product (id int primary key); insert into product values (1)';

describe('a client whose new documents wait', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop }, gated: true });
  });
  afterAll(() => gateway.close());

  const ask = async (client: string, payload: string): Promise<number> => {
    const token = await gateway.token({ client });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = { method: 'POST', url: '/graphql', headers, payload } as const;
    return (await gateway.app.server.inject(request)).statusCode;
  };

  it('has its small bodies read at once and its large ones later, unlike others', async () => {
    let answered = 0;
    const askOther = () =>
      gateway.ask('{ products(first: 1) { nodes { id } } }', { client: 'other' });
    await askOther();
    const flood = Array.from({ length: 40 }, async (_, n) => {
      const query = `{ products(first: 1) { nodes { a${n}: id } } }`;
      await ask('flood', JSON.stringify({ query }));
      answered += 1;
    });
    // No JSON: answered as soon as it was read.
    const [small, large] = ['{', `{${' '.repeat(20_000)}`];
    // The first was answered, so the others wait.
    await Promise.race(flood);
    const when = async (client: string, body: string) => ({
      status: await ask(client, body),
      answered,
    });
    // New documents pause while others ask, however slow the machine is: they are answered meanwhile.
    const others = setInterval(() => void askOther(), 100);
    const [theirs, own, late] = await Promise.all([
      when('other', large),
      when('flood', small),
      when('flood', large),
    ]);
    await Promise.all(flood);
    clearInterval(others);
    await askOther();
    for (const { status } of [theirs, own, late]) expect(status).toBe(400);
    expect(theirs.answered).toBeLessThan(20);
    expect(own.answered).toBeLessThan(20);
    // But for four, the documents have had their turns.
    expect(late.answered).toBeGreaterThanOrEqual(30);
  });
});
