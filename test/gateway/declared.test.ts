import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asks, TestGateway } from '../setup/gateway.ts';
import { expectReceipts } from './check-receipts.ts';
import { countEvents, longAgo, numberOf, startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterAll(async () => {
  await expectReceipts(gateway);
  await gateway.close();
});

const declare = (subject: string, args: string, asks: Asks = {}) =>
  gateway.ask(`mutation { declare(${args}) { head records } }`, { subject, ...asks });
const say = (subject: string, call: string, asks: Asks = {}) =>
  gateway.ask(`mutation { ${call} { head } }`, { subject, ...asks });
const wishesOf = async (id: string, purpose: string, asks: Asks = {}) =>
  (
    await gateway.ask(`{ customer(id: "${id}") { wishes { interests size } } }`, {
      purpose,
      ...asks,
    })
  ).body.data.customer.wishes as { interests: string[] | null; size: string | null };
const valuesOf = async (id: string) =>
  gateway.own
    .knex('declared_value')
    .where({ subject: (await numberOf(gateway, id)) ?? -1 })
    .orderBy('coordinate')
    .select('coordinate', 'value');
const codeOf = ({ body }: { readonly body: { errors?: { extensions: { code: string } }[] } }) =>
  body.errors?.[0]?.extensions.code;
const nothing = { interests: null, size: null };

describe('what a person declares', () => {
  it('is shared for the purposes chosen with it, and for no other', async () => {
    const { body } = await declare(
      '101',
      'for: [SUGGEST], wishes: { interests: ["A"], size: "S" }',
    );
    expect(body.errors).toBeUndefined();
    expect(body.data.declare.records).toHaveLength(3);
    expect(await wishesOf('101', 'SUGGEST')).toEqual({ interests: ['A'], size: 'S' });
    for (const purpose of ['INNER', 'ADS', 'SERVE', 'TAX', 'WISHING'])
      expect(await wishesOf('101', purpose)).toEqual(nothing);
  });

  it('is shared by no general yes to the purpose, whatever origins it names', async () => {
    await declare('102', 'for: [], wishes: { interests: ["A"], size: "S" }');
    await say('102', 'giveConsent(purpose: SUGGEST)');
    await say('102', 'giveConsent(purpose: SUGGEST, origins: [ZERO_PARTY, FIRST_PARTY])');
    expect(await wishesOf('102', 'SUGGEST')).toEqual(nothing);
    const all = await say('102', 'giveConsent(purpose: WISHING)');
    expect(codeOf(all)).toBe('CONSENT_INVALID');
    expect(await wishesOf('102', 'WISHING')).toEqual(nothing);
  });

  it('loses purposes that an edit does not name, field by field', async () => {
    await declare('103', 'for: [SUGGEST], wishes: { interests: ["A"], size: "S" }');
    await declare('103', 'for: [WISHING], wishes: { size: "M" }');
    expect(await wishesOf('103', 'SUGGEST')).toEqual({ interests: ['A'], size: null });
    expect(await wishesOf('103', 'WISHING')).toEqual({ interests: null, size: 'M' });
    await declare('103', 'for: [], wishes: { size: "L" }');
    expect(await wishesOf('103', 'WISHING')).toEqual(nothing);
  });

  it('is removed by null with its sharing, which a later value does not take up again', async () => {
    await declare('104', 'for: [SUGGEST], wishes: { interests: ["A"], size: "S" }');
    await declare('104', 'for: [SUGGEST], wishes: { size: null }');
    expect(await valuesOf('104')).toHaveLength(1);
    expect(await wishesOf('104', 'SUGGEST')).toEqual({ interests: ['A'], size: null });
    await declare('104', 'for: [], wishes: { size: "S" }');
    expect(await wishesOf('104', 'SUGGEST')).toEqual({ interests: ['A'], size: null });
    await say('104', 'removeDeclared(fields: [Wishes_interests])');
    expect(await valuesOf('104')).toEqual([{ coordinate: 'Wishes.size', value: 'S' }]);
    await say('104', 'removeDeclared');
    expect(await valuesOf('104')).toEqual([]);
    expect(await wishesOf('104', 'SUGGEST')).toEqual(nothing);
  });

  it.each([
    ['withdrawConsent(purpose: SUGGEST)', '105'],
    ['withdrawConsent', '106'],
    ['withdrawConsent(origins: [ZERO_PARTY])', '107'],
    ['refuseConsent(purpose: SUGGEST)', '108'],
  ])('is no longer shared after %s', async (no, id) => {
    await declare(id, 'for: [SUGGEST], wishes: { interests: ["A"], size: "S" }');
    expect(await wishesOf(id, 'SUGGEST')).toEqual({ interests: ['A'], size: 'S' });
    await say(id, no);
    expect(await wishesOf(id, 'SUGGEST')).toEqual(nothing);
    await say(id, 'giveConsent(purpose: SUGGEST)');
    expect(await wishesOf(id, 'SUGGEST')).toEqual(nothing);
  });

  it.each([
    ['a purpose that does not cover the field', 'for: [SUGGEST, NEWS], wishes: { size: "bad" }'],
    [
      'a purpose of one field and not of the other',
      'for: [WISHING], wishes: { size: "bad", interests: ["bad"] }',
    ],
    ['an inner purpose', 'for: [GROUP], wishes: { interests: ["bad"] }'],
    ['nothing at all', 'for: [SUGGEST]'],
    ['nothing within the type', 'for: [SUGGEST], wishes: {}'],
    [
      'a value of more than 10,000 characters',
      `for: [SUGGEST], wishes: { size: "${'x'.repeat(10_001)}" }`,
    ],
    [
      'text that no database keeps',
      String.raw`for: [SUGGEST], wishes: { interests: ["a", "b\u0000"] }`,
    ],
  ])('is refused with nothing stored and nothing said: %s', async (_what, args) => {
    await declare('109', 'for: [SUGGEST], wishes: { interests: ["A"], size: "S" }');
    const [values, events] = [await valuesOf('109'), await countEvents(gateway)];
    const answer = await declare('109', args);
    expect(codeOf(answer)).toBe('CONSENT_INVALID');
    expect(answer.status).toBe(400);
    expect(await valuesOf('109')).toEqual(values);
    expect(await countEvents(gateway)).toBe(events);
    expect(await wishesOf('109', 'SUGGEST')).toEqual({ interests: ['A'], size: 'S' });
  });

  it('is refused where it is no text', async () => {
    const query = 'mutation ($size: String) { declare(for: [], wishes: { size: $size }) { head } }';
    const answer = await gateway.ask(query, { subject: '109', variables: { size: '\ud800' } });
    expect(codeOf(answer)).toBe('CONSENT_INVALID');
  });

  it.each(['size: 5', 'size: ["S"]', 'interests: [5]', 'day: "tomorrow"', '__proto__: "x"'])(
    'is refused where its type is wrong: %s',
    async (value) => {
      const events = await countEvents(gateway);
      expect((await declare('101', `for: [], wishes: { ${value} }`)).status).toBe(400);
      expect(await countEvents(gateway)).toBe(events);
    },
  );

  it('may be any text, `__proto__` and a date too, and comes back as it was', async () => {
    const odd = ['__proto__', 'constructor', '', "'; drop table customer; --", '\u{1f600}', '?'];
    const variables = { wishes: { interests: odd, size: '__proto__', day: '2026-02-28' } };
    const query =
      'mutation ($wishes: WishesInput) { declare(for: [SUGGEST], wishes: $wishes) { head } }';
    const { body } = await gateway.ask(query, { subject: '101', variables });
    expect(body.errors).toBeUndefined();
    expect(await wishesOf('101', 'SUGGEST')).toEqual({ interests: odd, size: '__proto__' });
    const day = await gateway.ask('{ customer(id: 101) { wishes { day } } }', {
      purpose: 'SUGGEST',
    });
    expect(day.body.data.customer.wishes.day).toBe('2026-02-28');
  });

  it('looks the same withheld and empty, and for whoever never declared', async () => {
    await declare('102', 'for: [WISHING], wishes: { size: "secret" }');
    const asked = async (id: string) => {
      const query = 'query ($id: ID!) { customer(id: $id) { wishes { interests size } } }';
      const { body } = await gateway.ask(query, { purpose: 'SUGGEST', variables: { id } });
      const { entry, head, ...sayso } = body.extensions.sayso;
      expect([typeof entry, typeof head]).toEqual(['string', 'number']);
      return JSON.stringify({ data: body.data, sayso });
    };
    const withheld = await asked('102');
    expect(withheld).not.toContain('secret');
    await say('102', 'removeDeclared');
    expect(await asked('102')).toBe(withheld);
    await gateway.sources
      .get('shop')!
      .knex.raw(`insert into customer (id, lives) values (150, 'BE') on conflict do nothing`);
    expect(await asked('150')).toBe(withheld);
  });

  it('changes no byte for a purpose that may not see it', async () => {
    const bytes = async (purpose: string) => {
      const query = `{ customers(first: 20) { nodes { id name wishes { interests size day } } } }`;
      const { text } = await gateway.ask(query, { purpose });
      return text.replace(/"entry":"[^"]+"/, '').replace(/"head":\d+/, '');
    };
    await declare('105', 'for: [WISHING], wishes: { interests: ["A"], size: "S" }').catch(() => 0);
    await declare('105', 'for: [WISHING], wishes: { size: "S" }');
    const before = await Promise.all(['SUGGEST', 'SERVE', 'ADS', 'INNER'].map(bytes));
    await declare('105', 'for: [WISHING], wishes: { size: "XXL" }');
    await declare('105', 'for: [], wishes: { interests: ["B", "C"] }');
    expect(await Promise.all(['SUGGEST', 'SERVE', 'ADS', 'INNER'].map(bytes))).toEqual(before);
    await declare('105', 'for: [SUGGEST], wishes: { interests: ["seen"] }');
    expect((await bytes('SUGGEST')) === before[0]).toBe(false);
  });
});

describe('declaring', () => {
  it('needs a recent sign-in only where something is shared', async () => {
    const stale = { authTime: longAgo() };
    for (const [args, shared] of [
      ['for: [SUGGEST], wishes: { size: "S" }', true],
      ['for: [], wishes: { size: "S" }', false],
      ['for: [SUGGEST], wishes: { size: null }', false],
    ] as const) {
      const answer = await declare('106', args, stale);
      expect(codeOf(answer)).toBe(shared ? 'INSUFFICIENT_USER_AUTHENTICATION' : undefined);
      expect(answer.status).toBe(shared ? 401 : 200);
    }
    expect((await say('106', 'removeDeclared', stale)).status).toBe(200);
  });

  it('of somebody else needs `consent:write`, and is recorded under the agent', async () => {
    const args = 'for: [SUGGEST], wishes: { size: "S" }, subject: { id: "107" }';
    expect(codeOf(await declare('108', args))).toBe('FORBIDDEN');
    const agent = { scope: 'consent:write', authTime: 1 };
    expect(codeOf(await declare('clerk', args, agent))).toBeUndefined();
    expect(await wishesOf('107', 'SUGGEST')).toMatchObject({ size: 'S' });
    const [event] = await gateway.own.knex('consent_event').orderBy('position', 'desc').limit(1);
    expect(event).toMatchObject({ actor: 'clerk', method: 'declare', declared: ['Wishes.size'] });
    const remove = 'removeDeclared(subject: { id: "107" })';
    expect(codeOf(await say('108', remove))).toBe('FORBIDDEN');
    expect(codeOf(await say('clerk', remove, agent))).toBeUndefined();
    expect(await valuesOf('107')).toEqual([]);
  });

  it('is nobody’s with a token of a client', async () => {
    const asks = { client: 'app', scope: 'purpose:SUGGEST' };
    const { status } = await gateway.ask('mutation { removeDeclared { head } }', asks);
    expect(status).toBe(403);
  });

  it('never writes to another person who is found under another spelling of the id', async () => {
    await declare('108', 'for: [SUGGEST], wishes: { size: "mine" }');
    for (const id of ['0108', '+108', ' 108', '108.0'])
      for (const args of [
        'for: [], wishes: { size: "theirs" }',
        'for: [SUGGEST], wishes: { size: "theirs" }',
        'for: [], wishes: { size: null }',
      ])
        expect(codeOf(await declare(id, args))).toBe('CONSENT_INVALID');
    expect(codeOf(await say('0108', 'removeDeclared'))).toBe('CONSENT_INVALID');
    expect(await wishesOf('108', 'SUGGEST')).toMatchObject({ size: 'mine' });
  });

  it('is refused for somebody whom the source does not have, and leaves no number', async () => {
    for (const id of ['404', '__proto__', 'x'])
      expect(codeOf(await declare(id, 'for: [], wishes: { size: "S" }'))).toBe('CONSENT_INVALID');
    expect(await numberOf(gateway, '404')).toBeUndefined();
  });

  it('mixes no two persons in one answer', async () => {
    const ids = ['101', '103', '104', '109'];
    for (const id of ids) await declare(id, `for: [SUGGEST], wishes: { size: "w${id}" }`);
    const query = `{ ${ids.map((id) => `p${id}: customer(id: ${id}) { wishes { size } }`).join(' ')}
      customers(first: 20) { nodes { id wishes { size } } } }`;
    const { data } = (await gateway.ask(query, { purpose: 'SUGGEST' })).body;
    for (const id of ids) expect(data[`p${id}`].wishes.size).toBe(`w${id}`);
    for (const { id, wishes } of data.customers.nodes as {
      id: string;
      wishes: { size: unknown };
    }[])
      expect(String(wishes.size)).toMatch(ids.includes(id) ? `w${id}` : /^(?!w1)/);
  });

  it('for a sale needs `confirmed` once the person’s signal is known', async () => {
    const asks = { headers: { 'sec-gpc': '1' } };
    const args = 'for: [ADS], wishes: { interests: ["A"] }';
    const refused = await declare('104', args, asks);
    expect([codeOf(refused), refused.status]).toEqual(['CONSENT_CONFLICT', 409]);
    expect(codeOf(await declare('104', args))).toBe('CONSENT_CONFLICT');
    expect(await wishesOf('104', 'ADS')).toEqual(nothing);
    expect(codeOf(await declare('104', `${args}, confirmed: true`, asks))).toBeUndefined();
    const shared = { interests: ['A'], size: null };
    expect(await wishesOf('104', 'ADS')).toEqual(shared);
    expect(await wishesOf('104', 'ADS', { subject: '104', ...asks })).toEqual(shared);
  });

  it('at once leaves the value and the purposes of one and the same', async () => {
    for (let round = 0; round < 8; round += 1) {
      const tries = ['SUGGEST', 'WISHING', 'SELL'].map((purpose) =>
        declare('102', `for: [${purpose}], wishes: { size: "${purpose}" }`),
      );
      for (const answer of await Promise.all(tries)) expect(codeOf(answer)).toBeUndefined();
      const [{ value }] = (await valuesOf('102')) as [{ value: string }];
      for (const purpose of ['SUGGEST', 'WISHING', 'SELL'])
        expect((await wishesOf('102', purpose)).size).toBe(purpose === value ? value : null);
    }
  });

  it('is never seen in part: a value under the purposes of the one before', async () => {
    const seen: unknown[] = [];
    await say('103', 'removeDeclared');
    const write = async () => {
      for (let i = 0; i < 12; i += 1) {
        const purpose = i % 2 === 0 ? 'SUGGEST' : 'WISHING';
        await declare('103', `for: [${purpose}], wishes: { size: "${purpose}" }`);
      }
    };
    const read = async (purpose: string) => {
      for (let i = 0; i < 25; i += 1) {
        const query = '{ customer(id: 103) { wishes { size } } }';
        const { body } = await gateway.ask(query, { purpose });
        const size = body.data?.customer.wishes.size as unknown;
        if (size !== undefined && size !== null && size !== purpose) seen.push(size);
      }
    };
    await Promise.all([write(), read('SUGGEST'), read('WISHING')]);
    expect(seen).toEqual([]);
  });
});
