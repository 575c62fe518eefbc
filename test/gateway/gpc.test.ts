import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import type { Asks, TestGateway } from '../setup/gateway.ts';
import { lastLogged } from '../setup/logged.ts';
import { expectReceipts } from './check-receipts.ts';
import { askReplica, countEvents, numberOf, startReplica, startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
let replica: App;
beforeAll(async () => {
  gateway = await startRightsShop();
  replica = await startReplica(gateway);
});
afterAll(async () => {
  await expectReceipts(gateway);
  await replica.close();
  await gateway.close();
});

const signal = { headers: { 'sec-gpc': '1' } };
const nameOf = async (id: string, asks: Asks = {}) =>
  (await gateway.ask(`{ customer(id: "${id}") { name } }`, { purpose: 'SELL', ...asks })).body.data
    .customer.name as string | null;
const eventsOf = async (id: string) =>
  (await gateway.own
    .knex('consent_event')
    .where({ subject: (await numberOf(gateway, id)) ?? -1 })
    .orderBy('position')) as { kind: string; signal: string | null; purposes: string[] }[];
const say = (subject: string, call: string, asks: Asks = {}) =>
  gateway.ask(`mutation { ${call} { head } }`, { subject, ...asks });
const codeOf = ({ body }: { readonly body: { errors?: { extensions: { code: string } }[] } }) =>
  body.errors?.[0]?.extensions.code;
const newestEntry = () => lastLogged(gateway.own.knex);

/** Two fields of one name, which no client library sends. */
const rawSignals = async (fields: readonly string[], token: string): Promise<string> => {
  const { hostname, port } = new URL(gateway.app.url);
  const body = JSON.stringify({ query: '{ customer(id: 109) { name } }' });
  const head = [
    ...['POST /graphql HTTP/1.1', `host: ${hostname}`, 'connection: close'],
    ...[`authorization: Bearer ${token}`, 'sayso-purpose: SELL', 'content-type: application/json'],
    ...[...fields, `content-length: ${Buffer.byteLength(body)}`],
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    });
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
};

describe('Global Privacy Control', () => {
  it.each([
    ['1', true],
    [' 1', true],
    ['1, 1', true],
    ['0, 1', true],
    ['0', false],
    ['', false],
    ['true', false],
    ['1;x', false],
    ['1.0', false],
    ['11', false],
    ['"1"', false],
  ])('as %j holds for the request: %s', async (value, holds) => {
    const asked = { headers: { 'sec-gpc': value } };
    expect(await nameOf('109', asked)).toBe(holds ? null : 'name c109z');
    expect((await newestEntry()).signals).toEqual(holds ? ['GPC'] : []);
    expect(await eventsOf('109')).toEqual([]);
  });

  it('is heard in the second of two header fields', async () => {
    const token = await gateway.token({ purpose: 'SELL' });
    expect(await rawSignals(['sec-gpc: 0', 'Sec-GPC: 1'], token)).not.toContain('c109z');
    expect(await rawSignals(['sec-gpc: 1', 'sec-gpc: 1'], token)).not.toContain('c109z');
    expect(await rawSignals(['sec-gpc: 0', 'sec-gpc: 0'], token)).toContain('c109z');
  });

  it('is published as supported', async () => {
    const answer = await gateway.app.server.inject({ url: '/.well-known/gpc.json' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json()).toEqual({
      gpc: true,
      lastUpdate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as unknown,
    });
  });

  it('of a client is nobody’s word: it holds for the request, which the audit log notes', async () => {
    const events = await countEvents(gateway);
    expect(await nameOf('101', { client: 'app', ...signal })).toBeNull();
    const { signals, decisions } = await newestEntry();
    expect(signals).toEqual(['GPC']);
    expect(decisions).toContainEqual(
      expect.objectContaining({
        coordinates: ['Customer.name'],
        released: false,
        reason: 'GPC',
        count: 1,
      }),
    );
    expect(await countEvents(gateway)).toBe(events);
    expect(await nameOf('101')).toBe('name c101z');
  });
});

describe('the signal of a person', () => {
  it('is recorded once for every sale purpose, however many requests come at once', async () => {
    const both = (i: number) =>
      i % 2 === 0
        ? gateway.ask('{ me { id } }', { subject: '102', ...signal })
        : askReplica(gateway, replica, '{ me { id } }', { subject: '102', ...signal });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => both(i)));
    for (const { body } of answers) expect(body.data.me.id).toBe('102');
    const events = await eventsOf('102');
    expect(events.map(({ purposes }) => purposes)).toEqual([['ADS'], ['SELL']]);
    for (const event of events) expect(event).toMatchObject({ kind: 'refused', signal: 'GPC' });
    expect(await nameOf('102')).toBeNull();
    expect((await newestEntry()).decisions).toEqual([
      expect.objectContaining({ coordinates: ['Customer.name'], released: false, reason: 'GPC' }),
    ]);
    await gateway.ask('{ me { id } }', { subject: '102', ...signal });
    expect(await eventsOf('102')).toHaveLength(2);
  });

  it('leaves everything that is no sale as it was', async () => {
    await gateway.ask('{ me { id } }', { subject: '101', ...signal });
    const query = '{ customer(id: 101) { name email } }';
    const { body } = await gateway.ask(query, { purpose: 'FRAUD', ...signal });
    expect(body.data.customer).toEqual({ name: 'name c101z', email: 'mail c101z' });
  });

  it('is seen by other gateways at once, whether they knew the person or not', async () => {
    const query = '{ customer(id: 103) { email } two: customer(id: 104) { name } }';
    const purpose = { purpose: 'ADS' };
    const warm = await askReplica(gateway, replica, query, purpose);
    expect(warm.body.data.customer.email).toBe('mail c103z');
    await gateway.ask('{ me { id } }', { subject: '103', ...signal });
    const after = await askReplica(gateway, replica, query, purpose);
    expect(after.body.data.customer.email).toBeNull();
    const cold = await startReplica(gateway);
    try {
      expect((await askReplica(gateway, cold, query, purpose)).body.data.customer.email).toBeNull();
    } finally {
      await cold.close();
    }
  });

  it('is not lifted by an ordinary yes, be it said or imported', async () => {
    await gateway.ask('{ me { id } }', { subject: '105', ...signal });
    const yes = await say('105', 'giveConsent(purpose: SELL)');
    expect([codeOf(yes), yes.status]).toEqual(['CONSENT_CONFLICT', 409]);
    const { knex } = gateway.own;
    const store = new ConsentStore(knex, new SubjectDirectory(knex, 10), gateway.app.policy);
    const subject = { type: 'Customer', id: '105' };
    const at = new Date();
    const imported = { subject, kind: 'given', purpose: 'SELL', method: 'import', at } as const;
    await store.append([imported]);
    expect(await nameOf('105')).toBeNull();
    expect(await nameOf('105', { subject: '105' })).toBeNull();
  });

  it('is lifted by a confirmed yes, which further signals leave standing, until a no', async () => {
    await gateway.ask('{ me { id } }', { subject: '106', ...signal });
    const yes = await say('106', 'giveConsent(purpose: ADS, confirmed: true)', signal);
    expect(codeOf(yes)).toBeUndefined();
    const emailOf = async (asks: Asks) =>
      (await gateway.ask('{ customer(id: 106) { email } }', { purpose: 'ADS', ...asks })).body.data
        .customer.email as string | null;
    for (const asks of [{}, signal, { subject: '106', ...signal }])
      expect(await emailOf(asks)).toBe('mail c106z');
    expect(await eventsOf('106')).toHaveLength(3);
    await say('106', 'withdrawConsent(purpose: ADS)', signal);
    for (const asks of [{}, signal]) expect(await emailOf(asks)).toBeNull();
    expect((await newestEntry()).decisions[0]?.reason).toBe('WITHDRAWN');
    expect(codeOf(await say('106', 'giveConsent(purpose: ADS)'))).toBe('CONSENT_CONFLICT');
  });

  it('comes first where the yes comes with it', async () => {
    const yes = await say('107', 'giveConsent(purpose: SELL)', signal);
    expect(codeOf(yes)).toBe('CONSENT_CONFLICT');
    expect(await eventsOf('107')).toHaveLength(2);
    expect(await nameOf('107')).toBeNull();
  });

  it('of somebody whom the source does not have is nobody’s, and answers all the same', async () => {
    const events = await countEvents(gateway);
    for (const subject of ['404', '__proto__', 'x']) {
      const { status } = await gateway.ask('{ customer(id: 101) { id } }', {
        ...{ purpose: 'SERVE', subject, ...signal },
      });
      expect(status).toBe(200);
      expect(await numberOf(gateway, subject)).toBeUndefined();
    }
    expect(await countEvents(gateway)).toBe(events);
  });

  it('is recorded though its key was taken before by a statement of the person’s own', async () => {
    await gateway.ask('{ me { id } }', { subject: '101', ...signal });
    const keys = await gateway.own.knex('consent_key').distinct('key').select('key');
    for (const { key } of keys as { key: string }[])
      await say('108', `refuseConsent(purpose: NEWS, idempotencyKey: "${key}")`);
    const answer = await gateway.ask('{ me { id } }', { subject: '108', ...signal });
    expect([answer.status, codeOf(answer)]).toEqual([200, undefined]);
    expect(await nameOf('108')).toBeNull();
  });

  it('is lost to no outage: the request is decided by it, and the next one records it', async () => {
    const shop = gateway.sources.get('shop')!;
    await shop.knex.raw(`insert into customer values (110, 'name c110z', null, 'BE', null)`);
    await shop.knex.raw('alter table customer rename to away');
    const { status } = await gateway.ask('mutation { refuseConsent(purpose: NEWS) { head } }', {
      ...{ subject: '110', ...signal },
    });
    expect(status).toBe(502);
    await shop.knex.raw('alter table away rename to customer');
    expect(await eventsOf('110')).toEqual([]);
    expect(await nameOf('110', { subject: '110', ...signal })).toBeNull();
    expect(await nameOf('110')).toBeNull();
  });
});
