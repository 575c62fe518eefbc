import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishNotice } from '../../src/ledger/notice-store.ts';
import type { Asks, TestGateway } from '../setup/gateway.ts';
import { expectReceipts } from './check-receipts.ts';
import { startRightsShop } from './rights-shop.ts';

interface Step {
  readonly mutation: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly maxAge: number | null;
}
interface Choice {
  readonly purpose: string;
  readonly basis: string;
  readonly used: boolean;
  readonly askAgain: boolean;
  readonly notice: { readonly version: number } | null;
  readonly choices: readonly { category: string; origin: string; reason: string; used: boolean }[];
  readonly yes: Step | null;
  readonly no: Step | null;
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterAll(async () => {
  await expectReceipts(gateway);
  await gateway.close();
});

const choicesOf = async (subject: string, asks: Asks = {}): Promise<readonly Choice[]> => {
  const query = `{ me { purposes { purpose basis used askAgain notice { version }
    choices { category origin reason used }
    yes { mutation arguments maxAge } no { mutation arguments maxAge } } } }`;
  const { body } = await gateway.ask(query, { subject, ...asks });
  expect(body.errors).toBeUndefined();
  return body.data.me.purposes as Choice[];
};
const choiceOf = async (subject: string, purpose: string, asks: Asks = {}): Promise<Choice> => {
  const found = (await choicesOf(subject, asks)).find((one) => one.purpose === purpose);
  if (!found) throw new Error(`no choice for ${purpose}`);
  return found;
};

/** Enum values stand bare in a document, everything else as JSON has it, but for the keys. */
const written = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${key}: ${key === 'id' ? JSON.stringify(one) : written(one)}`)
      .join(', ')} }`;
  return String(value);
};
const take = async (subject: string, { mutation, arguments: given }: Step, asks: Asks = {}) => {
  const args = Object.entries(given).map(([name, value]) => `${name}: ${written(value)}`);
  const { body } = await gateway.ask(`mutation { ${mutation}(${args.join(', ')}) { head } }`, {
    subject,
    ...asks,
  });
  expect(body.errors, `${mutation}(${args.join(', ')})`).toBeUndefined();
};

const expected: Readonly<
  Record<string, readonly [atFirst: boolean, afterYes: boolean, afterNo: boolean]>
> = {
  NEWS: [false, true, false],
  SUGGEST: [false, true, false],
  SERVE: [true, true, true],
  TAX: [true, true, true],
  FRAUD: [true, true, false],
  ADS: [false, true, false],
  SELL: [true, true, false],
  CLUB: [true, true, false],
  PROFILE: [false, true, false],
  WISHING: [false, false, false],
  STAFF: [true, true, true],
  INNER: [false, true, false],
  OTHER: [false, true, false],
};

describe.each(['101', '103'])('the steps of person %s', (id) => {
  it('lead to yes and to no for every purpose, one step each', async () => {
    const before = await choicesOf(id);
    expect(before.map(({ purpose }) => purpose).sort()).toEqual(Object.keys(expected).sort());
    for (const { purpose, yes, no, used, basis } of before) {
      const [atFirst, afterYes, afterNo] = expected[purpose]!;
      expect([purpose, used]).toEqual([purpose, basis === 'OPT_OUT' ? true : atFirst]);
      if (yes) {
        await take(id, yes);
        expect([purpose, (await choiceOf(id, purpose)).used]).toEqual([purpose, afterYes]);
      }
      // No is never harder: where there is a yes there is a no, and it needs no fresh sign-in.
      if (yes) expect(no).not.toBeNull();
      if (!no) continue;
      expect(no.maxAge).toBeNull();
      await take(id, no, { authTime: 1 });
      expect([purpose, (await choiceOf(id, purpose)).used]).toEqual([purpose, afterNo]);
    }
  });

  it('lead back again from where they led, as they are shown then', async () => {
    for (const { purpose } of await choicesOf(id)) {
      const { yes } = await choiceOf(id, purpose);
      if (!yes) continue;
      await take(id, yes);
      const { no, used } = await choiceOf(id, purpose);
      expect([purpose, used]).toEqual([purpose, true]);
      await take(id, no!);
      expect([purpose, (await choiceOf(id, purpose)).used]).toEqual([purpose, false]);
    }
  });
});

describe('a choice', () => {
  it('has no steps where law or contract leave none', async () => {
    for (const purpose of ['SERVE', 'TAX', 'STAFF'])
      expect(await choiceOf('102', purpose)).toMatchObject({ yes: null, no: null, used: true });
  });

  it('names data that nobody volunteered only where there is nothing else to agree to', async () => {
    expect((await choiceOf('102', 'PROFILE')).yes?.arguments).toEqual({
      purpose: 'PROFILE',
      origins: ['THIRD_PARTY'],
    });
    await take('102', (await choiceOf('102', 'ADS')).yes!);
    const { choices } = await choiceOf('102', 'ADS');
    expect(choices.filter(({ used }) => used).map(({ origin }) => origin)).not.toContain(
      'THIRD_PARTY',
    );
  });

  it('is shown as the request’s signal has it', async () => {
    const asks = { headers: { 'sec-gpc': '1' } };
    expect(await choiceOf('104', 'SELL', asks)).toMatchObject({ used: false });
    expect((await choiceOf('104', 'SELL')).choices[0]).toMatchObject({ reason: 'GPC' });
    await gateway.ask('mutation { giveConsent(purpose: ADS, confirmed: true) { head } }', {
      subject: '104',
      ...asks,
    });
    expect(await choiceOf('104', 'ADS', asks)).toMatchObject({ used: true });
  });

  it('is asked again once a yes has ended', async () => {
    const until = new Date(Date.now() + 1_500).toISOString();
    await gateway.ask(`mutation { giveConsent(purpose: NEWS, validUntil: "${until}") { head } }`, {
      subject: '105',
    });
    expect(await choiceOf('105', 'NEWS')).toMatchObject({ used: true, askAgain: false });
    await new Promise((done) => setTimeout(done, 1_700));
    const ended = await choiceOf('105', 'NEWS');
    expect(ended).toMatchObject({
      used: false,
      askAgain: true,
      no: { mutation: 'withdrawConsent' },
    });
    await take('105', ended.yes!);
    expect(await choiceOf('105', 'NEWS')).toMatchObject({ used: true, askAgain: false });
  });

  it('is asked again once it was requested, and not once it was answered', async () => {
    await gateway.ask('mutation { requestConsent(purpose: NEWS, subject: {id: "106"}) { head } }', {
      scope: 'consent:write',
      subject: 'clerk',
    });
    expect(await choiceOf('106', 'NEWS')).toMatchObject({ used: false, askAgain: true });
    await take('106', (await choiceOf('106', 'NEWS')).no!);
    expect(await choiceOf('106', 'NEWS')).toMatchObject({ used: false, askAgain: false });
  });

  it('is asked again once the notice tells of more than the one that was agreed to', async () => {
    const publish = (categories: readonly string[]) =>
      publishNotice(gateway.own.knex, {
        id: 'home',
        contentHash: `sha256:${createHash('sha256').update(categories.join()).digest('hex')}`,
        meaningHash: `sha256:${categories.join('')}`,
        publishedBy: 'test',
        content: {
          purposes: [
            {
              purpose: 'SUGGEST',
              categories,
              origins: ['FIRST_PARTY', 'ZERO_PARTY'],
              recipients: [],
              bases: ['CONSENT'],
              retention: null,
            },
          ],
          languages: [
            { language: 'en', text: { title: 't', text: 't', gain: 'g', withdraw: 'w' } },
          ],
        },
      });
    await publish(['BUYS']);
    const first = await choiceOf('107', 'SUGGEST');
    expect(first).toMatchObject({ notice: { version: 1 }, askAgain: false });
    await take('107', first.yes!);
    const before = await choiceOf('107', 'SUGGEST');
    expect(before.used).toBe(true);
    expect(before.choices.find(({ category }) => category === 'TASTE')?.used).toBe(false);
    await publish(['BUYS', 'TASTE', 'FRIENDS']);
    const after = await choiceOf('107', 'SUGGEST');
    expect(after).toMatchObject({ notice: { version: 2 }, askAgain: true });
    await take('107', after.yes!);
    expect(await choiceOf('107', 'SUGGEST')).toMatchObject({ askAgain: false, used: true });
  });

  it('is never another person’s: what one says moves nobody else’s', async () => {
    const others = async () => [await choicesOf('108'), await choicesOf('109')];
    const before = await others();
    await take('101', (await choiceOf('101', 'NEWS')).yes!);
    await gateway.ask('mutation { refuseConsent { head } }', { subject: '102' });
    expect(await others()).toEqual(before);
  });
});
