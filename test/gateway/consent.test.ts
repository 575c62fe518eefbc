import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';
import { loggedOperations } from '../setup/logged.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
    PHONE @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL])
    CALLS @purpose(covers: [PHONE], basis: LEGITIMATE_INTEREST)
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id", signIn: true) {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
    phone: String @shield(category: PHONE)
  }
  type Member @table(source: "club", name: "member") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
  }
`;
const shop = `
  create table customer (id int primary key, email text, phone text);
  insert into customer select n, n || '@example.com', '555-' || n from generate_series(1, 9) n;
`;
const uuid = 'aaaaaaaa-0000-4000-8000-00000000000b';
const club = `
  create table member (id uuid primary key, email text);
  insert into member values ('${uuid}', 'member@example.com');
`;

describe('say-so through the gateway', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ schema, sources: { shop, club } });
  });
  afterAll(async () => {
    await gateway.close();
  });

  const agent = { scope: 'consent:write purpose:NEWS purpose:CALLS', subject: 'clerk-7' };
  const phoneOf = async (id: string): Promise<string | null> =>
    (await gateway.ask(`{ customer(id: "${id}") { phone } }`, { purpose: 'CALLS' })).body.data
      .customer.phone as string | null;
  const say = async (field: string, args: string, asks: object = agent) =>
    gateway.ask(`mutation { ${field}(${args}) { head kind categories } }`, asks);

  it.each(['05', '+5', ' 5', '5.0', '005'])(
    'a no under %j counts for person 5 or is refused, never lost',
    async (id) => {
      await say('giveConsent', 'purpose: CALLS, subject: { id: "5" }');
      expect(await phoneOf('5')).toBe('555-5');
      const { body } = await say('withdrawConsent', `purpose: CALLS, subject: { id: "${id}" }`);
      if (body.errors) {
        expect(body.errors[0].extensions.code).toBe('CONSENT_INVALID');
        expect(await phoneOf('5')).toBe('555-5');
      } else {
        expect(await phoneOf('5')).toBeNull();
      }
    },
  );

  it('a yes under an upper-case UUID counts for that person', async () => {
    const subject = `{ type: "Member", id: "${uuid.toUpperCase()}" }`;
    const { body } = await say('giveConsent', `purpose: NEWS, subject: ${subject}`);
    expect(body.errors).toBeUndefined();
    const { body: after } = await gateway.ask(`{ member(id: "${uuid}") { email } }`, {
      purpose: 'NEWS',
    });
    expect(after.data.member.email).toBe('member@example.com');
  });

  it('is refused for somebody whom the source does not have', async () => {
    for (const id of ['404', '', 'x', '__proto__', 'a'.repeat(10_000)]) {
      const { body } = await say('refuseConsent', `purpose: CALLS, subject: { id: "${id}" }`);
      expect(body.errors[0].extensions.code).toBe('CONSENT_INVALID');
    }
  });

  it('is a person’s own, whatever else their token may do', async () => {
    const own = { scope: 'consent:write purpose:CALLS', subject: '3' };
    expect((await say('refuseConsent', 'purpose: CALLS', own)).body.errors).toBeUndefined();
    expect(await phoneOf('3')).toBeNull();
    const other = { scope: 'purpose:CALLS', subject: '3' };
    const { body } = await say('refuseConsent', 'purpose: CALLS, subject: { id: "4" }', other);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
    expect(await phoneOf('4')).toBe('555-4');
  });

  it('counts under the exact id of the token only: another text is another account', async () => {
    const own = { scope: 'purpose:CALLS', subject: '002' };
    const yes = await say('giveConsent', 'purpose: CALLS', own);
    expect(yes.body.errors[0].extensions.code).toBe('CONSENT_INVALID');
    const no = await say('refuseConsent', 'purpose: CALLS', own);
    expect(no.body.errors[0].extensions.code).toBe('CONSENT_INVALID');
    const { body } = await gateway.ask('query { __typename }', {
      ...own,
      headers: { 'sec-gpc': '1' },
    });
    expect(body.data).toEqual({ __typename: 'Query' });
    const number = await gateway.own.knex('subject').where({ external_id: '002' });
    expect(number).toEqual([]);
  });

  it('is nobody’s when the token stands for its client', async () => {
    const client = { scope: 'purpose:CALLS', client: 'app' };
    const { status, body } = await say('refuseConsent', 'purpose: CALLS', client);
    expect(status).toBe(403);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
  });

  it('records the agent who acts for another, and persons by number', async () => {
    await say('refuseConsent', 'purpose: CALLS, subject: { id: "6" }');
    await say('refuseConsent', 'purpose: CALLS', { subject: '6', scope: 'none' });
    const events = await gateway.own
      .knex('consent_event')
      .orderBy('position', 'desc')
      .limit(2)
      .select('actor', 'method');
    expect(events).toEqual([
      { actor: null, method: 'graphql' },
      { actor: 'clerk-7', method: 'graphql' },
    ]);
    const [{ number }] = await gateway.own
      .knex('subject')
      .where({ type: 'Customer', external_id: '6' });
    const actors = (await loggedOperations(gateway.own.knex)).slice(-2).map(({ actor }) => actor);
    expect(actors).toEqual(['clerk-7', `subject:${number}`]);
  });

  it('a no is taken while its source is down, for whoever was seen before', async () => {
    expect(await phoneOf('8')).toBe('555-8');
    await gateway.sources.get('shop')!.knex.raw('alter table customer rename to away');
    try {
      const no = await say('refuseConsent', 'purpose: CALLS', { subject: '8', scope: 'none' });
      expect(no.body.errors).toBeUndefined();
      const yes = await say('giveConsent', 'purpose: CALLS', { subject: '8', scope: 'none' });
      expect(yes.body.errors[0].extensions.code).toBe('SOURCE_UNAVAILABLE');
    } finally {
      await gateway.sources.get('shop')!.knex.raw('alter table away rename to customer');
    }
    expect(await phoneOf('8')).toBeNull();
  });

  it('shows an auditor who saw a person, by the id that the source knows', async () => {
    await phoneOf('7');
    const audit = (args: string) =>
      gateway.ask(`{ auditEntries(first: 1, ${args}) { decisions { coordinate count } } }`, {
        scope: 'audit:read',
      });
    const { body } = await audit('person: { id: "7" }');
    expect(body.data.auditEntries[0].decisions).toContainEqual({
      coordinate: 'Customer.phone',
      count: 1,
    });
    expect((await audit('person: { id: "404" }')).body.data.auditEntries).toEqual([]);
    const wrong = await audit('person: { id: "7", type: "Nobody" }');
    expect(wrong.body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('refuses two changes with a person’s data in one operation', async () => {
    const { status, body } = await gateway.ask(
      `mutation @for(purpose: CALLS) {
         a: refuseConsent(purpose: CALLS) { customer { phone } }
         b: giveConsent(purpose: CALLS) { head }
       }`,
      { subject: '9', scope: 'purpose:CALLS' },
    );
    expect(status).toBe(400);
    expect(body.errors[0].extensions.code).toBe('PLAN_REFUSED');
    expect(await phoneOf('9')).toBe('555-9');
  });
});
