import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asks, TestGateway } from '../setup/gateway.ts';
import { expectReceipts } from './check-receipts.ts';
import { countEvents, longAgo, startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterAll(async () => {
  await expectReceipts(gateway);
  await gateway.close();
});

const say = (subject: string, call: string, asks: Asks = {}) =>
  gateway.ask(`mutation { ${call} { head record } }`, { subject, ...asks });
const codeOf = ({ body }: { readonly body: { errors?: { extensions: { code: string } }[] } }) =>
  body.errors?.[0]?.extensions.code;

describe('a change that is refused', () => {
  it('carries its status: a yes to what was shown before a no', async () => {
    const yes = await say('101', 'giveConsent(purpose: NEWS)');
    const { head } = yes.body.data.giveConsent as { head: number };
    await say('101', 'withdrawConsent(purpose: NEWS)');
    const events = await countEvents(gateway);
    const stale = await say('101', `giveConsent(purpose: NEWS, seen: ${head})`);
    expect([stale.status, codeOf(stale), stale.body.data]).toEqual([409, 'CONSENT_CONFLICT', null]);
    expect(stale.body.errors[0].extensions.head).toBe(head + 1);
    expect(await countEvents(gateway)).toBe(events);
    const fresh = await say('101', `giveConsent(purpose: NEWS, seen: ${head + 1})`);
    expect(fresh.status).toBe(200);
    const ahead = await say('101', `giveConsent(purpose: NEWS, seen: ${head + 1_000})`);
    expect([ahead.status, codeOf(ahead)]).toEqual([400, 'CONSENT_INVALID']);
  });

  it('is not refused for a no to something else, nor a no ever', async () => {
    const { head } = (await say('102', 'giveConsent(purpose: NEWS)')).body.data.giveConsent as {
      head: number;
    };
    await say('102', 'withdrawConsent(purpose: SUGGEST)');
    expect((await say('102', `giveConsent(purpose: NEWS, seen: ${head})`)).status).toBe(200);
    expect((await say('102', 'withdrawConsent(purpose: NEWS)')).status).toBe(200);
  });

  it('carries its status: another statement under the same key', async () => {
    const first = await say('103', 'giveConsent(purpose: NEWS, idempotencyKey: "k")');
    const again = await say('103', 'giveConsent(purpose: NEWS, idempotencyKey: "k")');
    expect(again.body.data).toEqual(first.body.data);
    const events = await countEvents(gateway);
    const other = await say('103', 'giveConsent(purpose: SUGGEST, idempotencyKey: "k")');
    expect([other.status, codeOf(other), other.body.data]).toEqual([
      ...[409, 'IDEMPOTENCY_CONFLICT', null],
    ]);
    const no = await say('103', 'withdrawConsent(purpose: NEWS, idempotencyKey: "k")');
    expect(no.status).toBe(409);
    expect(await countEvents(gateway)).toBe(events);
    const another = await say('104', 'giveConsent(purpose: SUGGEST, idempotencyKey: "k")');
    expect(another.status).toBe(200);
  });

  it('sent again after a no, is answered as it was then and lifts nothing', async () => {
    const call = 'giveConsent(purpose: NEWS, idempotencyKey: "retry")';
    const first = await say('105', call);
    await say('105', 'withdrawConsent(purpose: NEWS)');
    expect((await say('105', call)).body.data).toEqual(first.body.data);
    const query = '{ customer(id: 105) { email } }';
    const { body } = await gateway.ask(query, { purpose: 'NEWS' });
    expect(body.data.customer.email).toBeNull();
  });

  it('is recorded once though it is sent many times at once', async () => {
    const events = await countEvents(gateway);
    const call = 'giveConsent(purpose: NEWS, idempotencyKey: "many")';
    const answers = await Promise.all(Array.from({ length: 10 }, () => say('106', call)));
    const records = answers.map(({ body }) => body.data.giveConsent.record as string);
    expect(new Set(records).size).toBe(1);
    expect(await countEvents(gateway)).toBe(events + 1);
  });

  it('keeps what went well beside it, and its 200', async () => {
    const both = await gateway.ask(
      `mutation { a: refuseConsent(purpose: NEWS) { head }
        b: giveConsent(purpose: NEWS, seen: 99999) { head } }`,
      { subject: '107' },
    );
    // Both are non-null, so that nothing is left of the answer; the no is recorded all the same.
    expect(codeOf(both)).toBe('CONSENT_INVALID');
    const { body } = await gateway.ask('{ me { history { kind } } }', { subject: '107' });
    expect(body.data.me.history).toEqual([{ kind: 'REFUSED' }]);
  });
});

describe('a yes', () => {
  it.each(['giveConsent(purpose: NEWS)', 'renewConsent(purpose: NEWS)'])(
    'needs a recent sign-in, also under a key that is known: %s',
    async (call) => {
      await say('108', 'giveConsent(purpose: NEWS, idempotencyKey: "k")');
      const events = await countEvents(gateway);
      const keyed = call.replace(')', ', idempotencyKey: "k")');
      for (const one of [call, keyed]) {
        const { status, body } = await say('108', one, { authTime: longAgo() });
        expect([status, body.data]).toEqual([401, null]);
        expect(body.errors[0].extensions).toMatchObject({
          code: 'INSUFFICIENT_USER_AUTHENTICATION',
          maxAge: 900,
        });
      }
      expect(await countEvents(gateway)).toBe(events);
    },
  );

  it('needs none where an agent records it, and a no never does', async () => {
    const stale = { authTime: longAgo() };
    const call = 'giveConsent(purpose: NEWS, subject: { id: "109" })';
    expect((await say('clerk', call, { scope: 'consent:write', ...stale })).status).toBe(200);
    for (const no of ['withdrawConsent', 'refuseConsent', 'objectToProcessing'])
      expect((await say('109', `${no}(purpose: NEWS)`, stale)).status).toBe(200);
    expect((await say('109', 'deferConsent(purpose: NEWS)', stale)).status).toBe(200);
  });
});
