import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { urlOf } from '../setup/gateway.ts';

const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
let database: FreshDatabase;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-notice-'));
  database = await freshDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

/** `sayso notice …` as a process of its own, over the sample shop. */
const notice = (...args: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      SAYSO_DATA: join(folder, 'data'),
      DATABASE_URL: urlOf(database.connection),
    };
    execFile(
      process.execPath,
      [program, 'notice', ...args],
      { cwd: folder, env },
      (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
      },
    );
  });

const write = (categories: string, title = 'Club'): void => {
  writeFileSync(
    join(folder, 'club.yaml'),
    `id: club
purposes:
  LOYALTY_OFFERS: { categories: [${categories}] }
languages:
  en: { title: ${title}, text: We look at it., gain: Rewards., withdraw: In your account. }
`,
  );
};

it('publishes, lists, shows and compares', { timeout: 120_000 }, async () => {
  write('LOYALTY, BIRTH_DATE');
  const dry = await notice('publish', 'club.yaml', '--dry-run');
  expect(dry).toMatchObject({ code: 0, err: '' });
  expect(dry.out).toContain('club version 1 would be published\n  content  sha256:');
  const { rows } = await database.knex.raw<{ rows: unknown[] }>(
    "select to_regclass('notice') as there",
  );
  expect(rows).toEqual([{ there: null }]);

  write('LOYALTY, BIRTH_DAY');
  expect(await notice('publish', 'club.yaml')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining(
      'club.yaml:3:43 purposes.LOYALTY_OFFERS.categories.1\n    is no category\n    mend: did you mean `BIRTH_DATE`?',
    ),
  });

  write('LOYALTY, BIRTH_DATE');
  const first = await notice('publish', 'club.yaml', '--actor', 'legal');
  expect(first.out).toMatch(
    /^club version 1 is published, at position \d+\n {2}content {2}sha256:/,
  );
  expect(first.out).toContain('A yes to LOYALTY_OFFERS that is said from then on must name it');
  expect(await notice('publish', 'club.yaml')).toEqual({
    code: 0,
    out: 'club version 1 says this already: nothing is published\n',
    err: '',
  });

  write('LOYALTY, BIRTH_DATE', 'The club');
  const wording = await notice('diff', 'club.yaml');
  expect(wording.out).toBe(
    `club version 1 → club.yaml: only the wording changes
  en title
    - Club
    + The club
Earlier say-so still covers everything.
`,
  );
  write('LOYALTY, FRIENDS');
  const second = await notice('publish', 'club.yaml');
  expect(second.out).toContain('People must be asked again for:\n  LOYALTY_OFFERS: FRIENDS\n');
  expect((await notice('diff', 'club')).out).toBe(
    `club version 1 → 2: what it means changes
  LOYALTY_OFFERS
    - category BIRTH_DATE
    + category FRIENDS
Earlier say-so still covers the rest. People must be asked again for:
  LOYALTY_OFFERS: FRIENDS
`,
  );

  const list = await notice('list');
  // The sample's own notice tells of all that the purpose uses.
  expect(list.err).toBe('');
  const columns = list.out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  expect(columns[0]).toEqual([
    'NOTICE',
    'VERSION',
    'PUBLISHED',
    'PURPOSES',
    'LANGUAGES',
    'CONTENT',
  ]);
  expect(columns.slice(1).map(([id, version, , , , , now]) => [id, version, now])).toEqual([
    ['advertising', '1', 'current'],
    ['club', '1', undefined],
    ['club', '2', 'current'],
    ['loyalty-offers', '1', 'current'],
  ]);
  const json = JSON.parse((await notice('list', '--json')).out);
  expect(json.outgrown).toEqual([]);
  expect(json.notices[1]).toMatchObject({
    id: 'club',
    version: 1,
    current: false,
    publishedBy: 'legal',
    purposes: ['LOYALTY_OFFERS'],
    contentHash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  });

  const shown = await notice('show', 'club', '--version', '1');
  expect(shown.out).toMatch(/^club version 1\n/);
  expect(shown.out).toContain('  data        BIRTH_DATE, LOYALTY\n');
  expect(shown.out).toContain('[en] Club\n\nWe look at it.\n');
});

it('warns where the policy has outgrown a notice', { timeout: 60_000 }, async () => {
  writeFileSync(
    join(folder, 'ideas.yaml'),
    'id: ideas\npurposes:\n  RECOMMENDATIONS: { categories: [FRIENDS] }\nlanguages:\n  en: { title: t, text: x, gain: g, withdraw: w }\n',
  );
  await notice('publish', 'ideas.yaml');
  const { code, out, err } = await notice('list');
  expect(code).toBe(0);
  expect(out).toContain('ideas');
  expect(err).toContain(
    'warning: the policy has outgrown this notice: ideas version 1: RECOMMENDATIONS uses PURCHASE_HISTORY, which no notice tells\n',
  );
});

it.each([
  [2, ['publish'], /missing required argument/],
  [2, ['diff', './club.yaml', '--from', '1'], /compare versions of a notice, not a file/],
  [1, ['show', 'advertisng'], /NOTICE_UNKNOWN: .*did you mean `advertising`\?/],
  [1, ['show', 'advertising', '--version', '9'], /has no version 9; there are 1 to 1/],
] as const)('ends with %i for %j', { timeout: 60_000 }, async (code, args, message) => {
  const ran = await notice(...args);
  expect(`${ran.out}${ran.err}`).toMatch(message);
  expect(ran.code).toBe(code);
});
