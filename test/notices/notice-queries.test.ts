import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishContent } from '../../src/notices/publish-content.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';
import { contentOf, domainSdl, offersYaml, usualOffers } from './notice-policy.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    schema: domainSdl(usualOffers),
    sources: {
      shop: `create table customer (id integer primary key, email text, mobile text, device text,
        bought text, income text);
        insert into customer (id, email, mobile) values (1, 'a@example.com', '1')`,
    },
  });
  const german = '  de: { title: Angebote, text: Wir nutzen es., gain: Geld, withdraw: Sagen. }\n';
  for (const categories of ['MAIL', 'MAIL, SMS'])
    await publishContent(
      gateway.own.knex,
      { id: 'club', content: contentOf(offersYaml(categories) + german) },
      'test',
    );
  const ads = contentOf(offersYaml('MAIL').replace('OFFERS', 'ADS'));
  await publishContent(gateway.own.knex, { id: 'ads', content: ads }, 'test');
});
afterAll(() => gateway.close());

it('tells the current notices to any token, without a purpose', async () => {
  const { status, body } = await gateway.ask(`{
    notices { id version current languages purposes {
      purpose categories origins recipients bases retention
    } }
  }`);
  expect(status).toBe(200);
  const volunteered = ['FIRST_PARTY', 'ZERO_PARTY'];
  expect(body.data.notices).toEqual([
    {
      id: 'ads',
      version: 1,
      current: true,
      languages: ['en'],
      purposes: [
        {
          purpose: 'ADS',
          categories: ['MAIL'],
          origins: volunteered,
          recipients: ['Acme', 'Broadcast'],
          bases: ['CONSENT', 'OPT_OUT'],
          retention: null,
        },
      ],
    },
    {
      id: 'club',
      version: 2,
      current: true,
      languages: ['en', 'de'],
      purposes: [
        {
          purpose: 'OFFERS',
          categories: ['MAIL', 'SMS'],
          origins: volunteered,
          recipients: [],
          bases: ['CONSENT'],
          retention: null,
        },
      ],
    },
  ]);
  // An operation like any other: it is in the log.
  expect(body.extensions.sayso.entry).toBeTruthy();
});

it('tells one version, in the language asked for or a wider one', async () => {
  const { body } = await gateway.ask(`{
    now: notice(id: "club") { version current publishedAt contentHash
      first: text { language title text gain withdraw }
      wider: text(language: "de-AT") { language title }
      other: text(language: "fr") { language }
      wrong: text(language: "..") { language }
      null: text(language: null) { language }
    }
    before: notice(id: "club", version: 1) { version current purposes { categories } }
    explicit: notice(id: "club", version: null) { version }
    later: notice(id: "club", version: 3) { version }
    none: notice(id: "nobody") { version }
  }`);
  expect(body.errors).toBeUndefined();
  expect(body.data).toEqual({
    now: {
      version: 2,
      current: true,
      publishedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      contentHash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      first: {
        language: 'en',
        title: 'Offers',
        text: 'We use it.',
        gain: 'Money',
        withdraw: 'Say so.',
      },
      wider: { language: 'de', title: 'Angebote' },
      other: null,
      wrong: null,
      null: { language: 'en' },
    },
    before: { version: 1, current: false, purposes: [{ categories: ['MAIL'] }] },
    explicit: { version: 2 },
    later: null,
    none: null,
  });
});

it('takes a yes only with the notice that is shown now', async () => {
  const give = (notice: string) =>
    gateway.ask(
      `mutation { giveConsent(purpose: OFFERS, subject: { id: "1" } ${notice}) { categories } }`,
      { scope: 'consent:write' },
    );
  const refusalOf = async (notice: string): Promise<[string, string]> => {
    const { body } = await give(notice);
    return [body.errors?.[0]?.extensions.code, body.errors?.[0]?.message];
  };
  expect(await refusalOf('')).toEqual([
    'CONSENT_INVALID',
    expect.stringContaining('`OFFERS` is told of by the notice `club`'),
  ]);
  expect(await refusalOf('notice: { id: "club", version: 1 }')).toEqual([
    'CONSENT_INVALID',
    expect.stringContaining('is not the current one, which is 2'),
  ]);
  expect(await refusalOf('notice: { id: "clup" }')).toEqual([
    'CONSENT_INVALID',
    expect.stringContaining('did you mean `club`?'),
  ]);
  const { body } = await give('notice: { id: "club", version: 2, language: "de" }');
  expect(body.data.giveConsent.categories).toEqual(['MAIL', 'SMS']);
});
