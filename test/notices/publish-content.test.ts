import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.ts';
import { openPool } from '../../src/database/connection.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { readNotices } from '../../src/ledger/notice-store.ts';
import { loadPolicy } from '../../src/load-policy.ts';
import { loadSampleNotices } from '../../src/load-sample.ts';
import { contentHash } from '../../src/notices/notice-hash.ts';
import { outgrown } from '../../src/notices/outgrown.ts';
import { publishContent } from '../../src/notices/publish-content.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { contentOf, noticePolicy, offersYaml } from './notice-policy.ts';
import { directoryOn } from '../setup/subjects.ts';

const policy = noticePolicy();
let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
});
afterAll(() => database.drop());

const draft = (id: string, categories: string) => ({
  id,
  content: contentOf(offersYaml(categories)),
});
const headOf = async (): Promise<number> => {
  const row = await database.knex('ledger_head').first<{ position: string }>('position');
  return Number(row.position);
};

it('publishes once, and again only what says something else', async () => {
  const before = await headOf();
  const first = await publishContent(database.knex, draft('club', 'MAIL'), 'me');
  expect(first).toMatchObject({
    isNew: true,
    notice: { id: 'club', version: 1, position: before + 1, publishedBy: 'me' },
  });
  expect(first.diff).toBeUndefined();
  const same = await publishContent(database.knex, draft('club', 'MAIL'), 'you');
  expect(same).toMatchObject({ isNew: false, notice: { version: 1, publishedBy: 'me' } });
  expect(await headOf()).toBe(before + 1);
  const second = await publishContent(database.knex, draft('club', 'SMS, MAIL'), 'me');
  expect(second).toMatchObject({
    isNew: true,
    notice: { version: 2, position: before + 2 },
    diff: { kind: 'meaning', voids: [{ purpose: 'OFFERS', categories: ['SMS'] }] },
  });
  // To go back to what was said before is a version of its own.
  const third = await publishContent(database.knex, draft('club', 'MAIL'), 'me');
  expect(third).toMatchObject({ notice: { version: 3 }, diff: { voids: [] } });
});

it('keeps what was hashed', async () => {
  for (const notice of [...(await readNotices(database.knex)).values()].flat())
    expect(contentHash(notice)).toBe(notice.contentHash);
});

it('counts versions without gaps when several publish at once', async () => {
  const other = openPool(database.connection);
  try {
    const before = await headOf();
    const wanted = ['MAIL', 'SMS', 'PUSH', 'MAIL, SMS', 'MAIL, PUSH', 'SMS, PUSH'];
    await Promise.all(
      wanted.map((categories, i) =>
        publishContent(i % 2 ? other : database.knex, draft('busy', categories), 'me'),
      ),
    );
    const versions = (await readNotices(database.knex)).get('busy') ?? [];
    expect(versions.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(versions.map(({ position }) => position)).toEqual(
      versions.map((_, i) => before + 1 + i),
    );
    // The same thing said twice at once is one version.
    await Promise.all([1, 2].map(() => publishContent(other, draft('twice', 'MAIL'), 'me')));
    expect((await readNotices(database.knex)).get('twice')).toHaveLength(1);
  } finally {
    await other.destroy();
  }
});

it('takes a place among the events that a snapshot reads', async () => {
  const subjects = directoryOn(database.knex, 1_000);
  const store = new ConsentStore(database.knex, subjects, policy);
  const snapshot = new ConsentSnapshot(database.knex, policy, 1_000);
  const no = {
    subject: { type: 'Customer', id: '1' },
    kind: 'refused',
    method: 'test',
  } as const;
  await snapshot.view();
  await store.append([no]);
  await publishContent(database.knex, draft('between', 'MAIL'), 'me');
  expect((await snapshot.view()).head).toBe(await headOf());
  const after = await store.append([no]);
  expect((await snapshot.view()).head).toBe(after?.head);
});

it('publishes the sample’s notices at first start only, and they tell all that is done', async () => {
  const own = await freshDatabase({ migrated: true });
  try {
    const config = parseConfig({}, process.cwd());
    const { policy: sample } = await loadPolicy(config);
    await loadSampleNotices({ ...config, loadSampleShop: false }, own.knex, sample);
    expect((await readNotices(own.knex)).size).toBe(0);
    // Another SDL over the sample's tables: its notices fit nothing there.
    await loadSampleNotices(config, own.knex, policy);
    expect((await readNotices(own.knex)).size).toBe(0);
    await loadSampleNotices(config, own.knex, sample);
    await loadSampleNotices(config, own.knex, sample);
    const book = await readNotices(own.knex);
    expect([...book.values()].flat().map(({ id, version }) => `${id} ${version}`)).toEqual([
      'advertising 1',
      'loyalty-offers 1',
    ]);
    expect(outgrown(sample, book)).toEqual([]);
    const content = contentOf(offersYaml('MAIL'));
    await publishContent(own.knex, { id: 'advertising', content }, 'somebody');
    await loadSampleNotices(config, own.knex, sample);
    expect((await readNotices(own.knex)).get('advertising')).toHaveLength(2);
  } finally {
    await own.drop();
  }
});
