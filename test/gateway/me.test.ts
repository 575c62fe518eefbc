import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asks, TestGateway } from '../setup/gateway.ts';
import { lastLogged } from '../setup/logged.ts';
import { expectReceipts } from './check-receipts.ts';
import { longAgo, numberOf, startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
  for (const [id, size] of [
    ['101', 'size c101z'],
    ['102', 'size c102z'],
  ] as const)
    await gateway.ask(
      `mutation { declare(for: [SUGGEST], wishes: { size: "${size}", interests: ["${size}"] }) { head } }`,
      { subject: id },
    );
  // Everybody is looked at, and says something.
  const all = '{ customers(first: 20) { nodes { name orders { what } referredBy { name } } } }';
  await gateway.ask(all, { purpose: 'TAX' });
  for (let id = 101; id <= 109; id += 1)
    await gateway.ask('mutation { giveConsent(purpose: NEWS) { head } }', { subject: String(id) });
});
afterAll(async () => {
  await expectReceipts(gateway);
  await gateway.close();
});

const me = (subject: string, fields: string, asks: Asks = {}) =>
  gateway.ask(`{ me { ${fields} } }`, { subject, ...asks });
const codeOf = ({ body }: { readonly body: { errors?: { extensions: { code: string } }[] } }) =>
  body.errors?.[0]?.extensions.code;
const newestEntry = () => lastLogged(gateway.own.knex);

const everything = `type id place
  held { category source origins fields values purposes }
  history { position record kind purposes declared actor method }
  reads { nodes { client purpose operation self fields { field released reason } } next }
  purposes { purpose basis used choices { category declared reason } yes { arguments } no { arguments } }
  portable: export all: export(scope: ALL)`;

describe('`me`', () => {
  it.each([
    ['a client', { client: 'app' }],
    ['a client with every scope', { client: 'app', scope: 'consent:write audit:read purpose:TAX' }],
  ])('is refused to %s', async (_who, asks) => {
    const answer = await gateway.ask('{ me { id } }', asks);
    expect([answer.status, codeOf(answer)]).toEqual([403, 'FORBIDDEN']);
  });

  it('of an agent is the agent themself, and nobody where they are no person', async () => {
    const asks = { scope: 'consent:write audit:read' };
    expect(codeOf(await me('clerk-7', 'id', asks))).toBe('NOT_FOUND');
    expect((await me('101', 'id held { source }', asks)).body.data.me.id).toBe('101');
    const arg = await gateway.ask('{ me(subject: { id: "102" }) { id } }', { subject: '101' });
    expect(arg.status).toBe(400);
  });

  it.each(['0101', '+101', ' 101', '101.0', '404', '__proto__'])(
    'is nobody under the id %j',
    async (id) => {
      const answer = await me(id, everything);
      expect(codeOf(answer)).toBe('NOT_FOUND');
      expect(answer.text).not.toMatch(/c\d+z/);
      expect(await numberOf(gateway, id)).toBeUndefined();
    },
  );

  it('shows every cell of the person, and none of anybody else, nor who they are', async () => {
    const answer = await me('101', everything);
    const { body } = answer;
    const text = answer.text.replaceAll(/"exportedAt":"[^"]+"/g, '');
    expect(body.errors).toBeUndefined();
    const whose = new Set([...text.matchAll(/c(\d+)z/g)].map(([, id]) => id));
    expect([...whose]).toEqual(['101']);
    const { data } = body.data.me.all as { data: Record<string, Record<string, unknown>[]> };
    expect(Object.keys(data).sort()).toEqual(
      ['Customer', 'Line', 'Order', 'Profile', 'Review', 'Wishes'].sort(),
    );
    for (const rows of Object.values(data)) expect(rows).toHaveLength(1);
    expect(data['Line']).toEqual([{ id: '80101', order: '70101', text: 'line c101z' }]);
    // Friends and their orders, rows of others: not even by id, nor by number.
    for (let other = 102; other <= 109; other += 1)
      expect(text).not.toMatch(new RegExp(String.raw`\b[789]?0?0?${other}\b`));
    const numbers = await gateway.own.knex('subject').whereNot({ external_id: '101' });
    for (const { number } of numbers as { number: number }[])
      expect(text).not.toContain(`subject:${number}`);
  });

  it('holds only what is there: no bought data where there are none', async () => {
    const held = async (id: string) =>
      (
        (await me(id, 'held { category source fields values }')).body.data.me.held as {
          category: string;
          source: string;
        }[]
      ).map(({ category, source }) => `${category} ${source}`);
    expect(await held('108')).toEqual([
      ...['NAME shop', 'EMAIL shop', 'BUYS shop', 'TASTE shop', 'INCOME crm', 'NOTES shop'],
    ]);
    expect(await held('109')).not.toContainEqual(expect.stringContaining('INCOME'));
    expect(await held('101')).toContain('SIZE sayso:declared');
  });

  it('leaves out of an export what a rule guards, and says so', async () => {
    const { body, text } = await me('101', 'all: export(scope: ALL)', { roles: ['staff'] });
    expect(text).not.toContain('staff c101z');
    expect(body.data.me.all.leftOut).toContainEqual({
      field: 'Order.staffNote',
      because: expect.stringContaining('isStaff') as unknown,
    });
  });

  it('takes along what was given under consent or contract, and in full all that is held', async () => {
    const { portable, all } = (await me('101', 'portable: export all: export(scope: ALL)')).body
      .data.me as Record<
      string,
      { data: Record<string, Record<string, unknown>[]>; leftOut: object[] }
    >;
    expect(portable!.data['Profile']).toBeUndefined();
    expect(portable!.leftOut).toContainEqual({
      field: 'Profile.income',
      because: expect.stringContaining('THIRD_PARTY') as unknown,
    });
    expect(portable!.data['Customer']).toEqual([
      { id: '101', name: 'name c101z', email: 'mail c101z' },
    ]);
    expect(all!.data['Profile']).toEqual([{ income: 'income c101z' }]);
    expect(portable!.data['Wishes']).toMatchObject([{ size: 'size c101z' }]);
  });

  it('exports after a recent sign-in only', async () => {
    const answer = await me('101', 'id export', { authTime: longAgo() });
    expect(codeOf(answer)).toBe('INSUFFICIENT_USER_AUTHENTICATION');
    expect(answer.body.data.me).toEqual({ id: '101', export: null });
    expect(answer.text).not.toMatch(/c101z/);
    const entry = await newestEntry();
    expect(entry.decisions).toEqual([]);
    expect((await me('101', 'held { source }', { authTime: longAgo() })).status).toBe(200);
  });

  it('is in the audit log as the person’s own look at what was shown', async () => {
    const number = await numberOf(gateway, '101');
    for (const [fields, shown] of [
      ['held { category }', ['Customer.name', 'Line.text', 'Order.staffNote', 'Profile.income']],
      ['export', ['Customer.name', 'Line.text', 'Wishes.size']],
      ['export(scope: ALL)', ['Customer.email', 'Profile.income']],
    ] as const) {
      await me('101', fields);
      const { decisions, actor } = await newestEntry();
      expect(actor).toBe(`subject:${number}`);
      expect(decisions).toEqual([
        {
          coordinates: expect.arrayContaining([...shown]),
          released: true,
          reason: 'SUBJECT_ACCESS',
          count: 1,
          subjects: String(number),
        },
      ]);
    }
    const { reads } = (await me('101', 'reads(first: 1) { nodes { self fields { reason } } }')).body
      .data.me;
    expect(reads.nodes[0]).toMatchObject({ self: true });
    expect(reads.nodes[0].fields[0]).toEqual({ reason: 'SUBJECT_ACCESS' });
  });

  it('tells agents by name in the history, and of other persons not even the number', async () => {
    const agents = { scope: 'consent:write' };
    const no = 'mutation { refuseConsent(purpose: NEWS, subject: { id: "103" }) { record } }';
    await gateway.ask(no, { subject: 'clerk-7', ...agents });
    const { body: done } = await gateway.ask(no, { subject: '104', ...agents });
    const { text, body } = await me('103', 'history(first: 2) { actor record }');
    expect((body.data.me.history as { actor: string }[]).map(({ actor }) => actor)).toEqual([
      ...['another person', 'clerk-7'],
    ]);
    const number = await numberOf(gateway, '104');
    expect(text).not.toContain(String(number));
    const { record } = done.data.refuseConsent as { record: string };
    for (const format of ['ISO_27560', 'KANTARA']) {
      const receipt = await me('103', `receipt(record: "${record}", format: ${format})`);
      expect(codeOf(receipt)).toBeUndefined();
      expect(receipt.text).not.toContain(`subject:${number}`);
    }
  });

  it('pages through history and reads without gap or repetition', async () => {
    const whole = (await me('103', 'history(first: 100) { position }')).body.data.me.history as {
      position: number;
    }[];
    const paged: { position: number }[] = [];
    for (let before = 2 ** 31 - 1; ; before = paged.at(-1)!.position) {
      const { body } = await me('103', `history(first: 1, before: ${before}) { position }`);
      if (body.data.me.history.length === 0) break;
      paged.push(...(body.data.me.history as { position: number }[]));
    }
    expect(paged).toEqual(whole);
    for (const bad of ['first: -1', 'first: 1001']) {
      expect(codeOf(await me('103', `history(${bad}) { position }`))).toBe('BAD_USER_INPUT');
      expect(codeOf(await me('103', `reads(${bad}) { next }`))).toBe('BAD_USER_INPUT');
    }
  });
});

describe('a receipt', () => {
  it('of somebody else’s record is none, as of one that nobody has', async () => {
    const { body } = await me('102', 'history(first: 1) { record }');
    const { record } = body.data.me.history[0] as { record: string };
    expect((await me('102', `receipt(record: "${record}")`)).body.data.me.receipt).not.toBeNull();
    const answers = [];
    for (const id of [record, '0190a5b2-7c1e-7d3a-9f10-1b2c3d4e5f60', 'x', '', '__proto__']) {
      const answer = await me('101', `receipt(record: "${id}")`);
      expect(codeOf(answer)).toBe('RECORD_NOT_FOUND');
      answers.push(answer.body.errors[0].message);
    }
    expect(new Set(answers).size).toBe(1);
  });
});
