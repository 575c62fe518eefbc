import { execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countUnindexed } from '../../src/audit/audit-index.ts';
import { keepPolicy } from '../../src/audit/audit-store.ts';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import { byKnex } from '../../src/core/statement.ts';
import { openSubjects } from '../../src/open-subjects.ts';
import { decided, nextId, operation, policyId, writeRaw } from '../audit/raw-log.ts';
import { rightsCrm, rightsSchema, rightsShop } from '../gateway/rights-shop.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { testLimits, urlOf } from '../setup/gateway.ts';

const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
const rules = fileURLToPath(new URL('../../src/sample/rules.ts', import.meta.url));
let folder: string;
let databases: { own: FreshDatabase; shop: FreshDatabase; crm: FreshDatabase };
let env: Readonly<Record<string, string | undefined>>;
let person: number;
const minutes = (count: number): Date => new Date(Date.UTC(2026, 10, 23, 10, count));
const seen = (client: string, count: number, subject: number, reason = 'CONSENTED') =>
  [
    operation({
      client,
      ...decided([reason, ['Customer.email', 'Customer.name'], String(subject)]),
    }),
    minutes(count),
  ] as const;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-audit-'));
  mkdirSync(join(folder, 'schema'));
  writeFileSync(join(folder, 'schema', 'shop.graphql'), rightsSchema);
  databases = {
    own: await freshDatabase({ migrated: true }),
    shop: await freshDatabase(),
    crm: await freshDatabase(),
  };
  await databases.shop.knex.raw(rightsShop);
  await databases.crm.knex.raw(rightsCrm);
  const config = {
    demo: true,
    schema: join(folder, 'schema'),
    rules,
    sources: {
      shop: { postgres: urlOf(databases.shop.connection) },
      crm: { postgres: urlOf(databases.crm.connection) },
    },
  };
  writeFileSync(join(folder, 'sayso.json'), JSON.stringify(config));
  env = {
    PATH: process.env['PATH'],
    SAYSO_CONFIG: join(folder, 'sayso.json'),
    SAYSO_DATA: join(folder, 'data'),
    DATABASE_URL: urlOf(databases.own.connection),
  };
  const { knex } = databases.own;
  await keepPolicy(knex, { id: policyId, text: 'type Query { a: Int }\n' });
  const place = { dataDir: join(folder, 'data'), limits: testLimits };
  mkdirSync(place.dataDir, { mode: 0o700 });
  [person = -1] = await (await openSubjects(place, knex)).numbersOf('Customer', ['101']);
  await writeRaw(knex, 'test/a', [
    seen('web', 1, person),
    seen('app', 2, person, 'EXPIRED'),
    seen('web', 3, person + 1),
    [operation({ client: '=1+1', operation: 'a"b,c', purpose: '\u001b[31mred' }), minutes(4)],
  ]);
  await writeRaw(knex, 'test/b', [
    seen('web', 5, person),
    [Buffer.from('no entry'), minutes(6)],
    [
      { kind: 'erasure', id: nextId(), actor: '@sum', head: 9, subject: 12, sources: [] },
      minutes(7),
    ],
  ]);
});
afterAll(async () => {
  for (const one of Object.values(databases)) await one.drop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [program, 'audit', ...args],
      { cwd: folder, env },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
type Line = { log: string; index: number; leaf?: Record<string, unknown>; bytes?: string };
const lines = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
const places = (text: string) => lines(text).map(({ log, index }) => `${log}/${index}`);

describe('entries', () => {
  it('are listed newest first, in a table that no text of the log can break', async () => {
    const { code, stdout, stderr } = await run('entries');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.trimEnd().split('\n');
    expect(rows).toHaveLength(8);
    expect(rows[0]).toMatch(
      /^at +index +id +client +actor +purpose +operation +outcome +decisions$/,
    );
    expect(rows[1]).toMatch(/erasure +of 12$/);
    expect(rows[2]).toMatch(/unreadable +test\/b\/1$/);
    expect(rows[3]).toMatch(/CONSENTED Customer.email, Customer.name$/);
    expect(stdout).not.toContain('\u001b');
  });

  it('are those about a person, by the id that the source has', async () => {
    const { stdout } = await run('entries', '--person', '101', '--json');
    expect(places(stdout)).toEqual(['test/b/0', 'test/a/1', 'test/a/0']);
    const args = ['--subject', String(person), '--coordinate', 'Customer.email', '--released'];
    expect(places((await run('entries', '--json', ...args)).stdout)).toEqual([
      'test/b/0',
      'test/a/0',
    ]);
    const withheld = await run('entries', '--json', '--person', '101', '--withheld');
    expect(places(withheld.stdout)).toEqual(['test/a/1']);
    const nobody = await run('entries', '--person', '404');
    expect(nobody).toMatchObject({ code: 0, stdout: 'no entry\n' });
    expect(nobody.stderr).toContain('nothing was ever decided');
  });

  it('go on where a page ended', async () => {
    const first = await run('entries', '--first', '2', '--json');
    const after = /--after (\S+)/.exec(first.stderr)?.[1] ?? '';
    const rest = await run('entries', '--after', after, '--json');
    expect([...places(first.stdout), ...places(rest.stdout)]).toEqual([
      ...['test/b/2', 'test/b/1', 'test/b/0', 'test/a/3', 'test/a/2', 'test/a/1', 'test/a/0'],
    ]);
    const time = ['--from', '2026-11-23T10:02:00Z', '--to', '2026-11-23T12:04:00+02:00'];
    expect(places((await run('entries', '--json', ...time)).stdout)).toEqual([
      'test/a/2',
      'test/a/1',
    ]);
  });

  it.each([
    [['entries', '--from', 'yesterday'], 2],
    [['entries', '--subject', '1', '--person', '2'], 2],
    [['entries', '--released', '--withheld'], 2],
    [['entries', '--after', 'x'], 1],
    [['entries', '--person', '1', '--type', 'Nobody'], 1],
    [['counts', '--by', 'colour'], 2],
    [['policy', 'sha256:0'], 1],
    [['export', '--out', 'not/there.csv'], 1],
  ])('%j ends with %d', async (args, code) => {
    expect((await run(...args)).code).toBe(code);
  });
});

it('counts by keys, of entries and of decisions', async () => {
  expect((await run('counts', '--by', 'client')).stdout).toBe(
    'client  entries\nweb     3\n-       2\n=1+1    1\napp     1\n',
  );
  const json = await run('counts', '--by', 'reason,coordinate', '--person', '101', '--json');
  expect(
    json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { reason: 'CONSENTED', coordinate: 'Customer.email', entries: 2, decisions: 2, persons: 1 },
    { reason: 'CONSENTED', coordinate: 'Customer.name', entries: 2, decisions: 2, persons: 1 },
    { reason: 'EXPIRED', coordinate: 'Customer.email', entries: 1, decisions: 1, persons: 1 },
    { reason: 'EXPIRED', coordinate: 'Customer.name', entries: 1, decisions: 1, persons: 1 },
  ]);
});

it('prints a policy as it was', async () => {
  const { stdout, stderr } = await run('policy', policyId);
  expect(stdout).toBe('type Query { a: Int }\n');
  expect(stderr).toMatch(/^first used at \d{4}-/);
});

describe('an export', () => {
  it('has every entry in the order of the logs, with the very bytes that were hashed', async () => {
    const { code, stdout } = await run('export');
    expect(code).toBe(0);
    expect(places(stdout)).toEqual([
      ...['test/a/0', 'test/a/1', 'test/a/2', 'test/a/3', 'test/b/0', 'test/b/1', 'test/b/2'],
    ]);
    const rows = (await databases.own.knex('audit_entry').orderBy(['log', 'index'])) as {
      entry: Buffer;
    }[];
    lines(stdout).forEach(({ leaf, bytes }, i) => {
      const written = leaf ? Buffer.from(JSON.stringify(leaf)) : Buffer.from(bytes ?? '', 'base64');
      expect(written.equals(rows[i]!.entry)).toBe(true);
      if (leaf) decodeEntry(written);
    });
    expect(places((await run('export', '--log', 'test/b')).stdout)).toHaveLength(3);
    expect(places((await run('export', '--client', 'web')).stdout)).toEqual([
      ...['test/a/0', 'test/a/2', 'test/b/0'],
    ]);
  });

  it('as CSV has a line for each decision, and no formula', async () => {
    const out = join(folder, 'log.csv');
    const { code, stdout, stderr } = await run('export', '--format', 'csv', '--out', out);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('7 entries');
    const text = readFileSync(out, 'utf8');
    const rows: Record<string, string>[] = parse(text, { columns: true, record_delimiter: '\r\n' });
    expect(rows).toHaveLength(11);
    expect(rows[0]).toMatchObject({
      log: 'test/a',
      index: '0',
      client: 'web',
      coordinate: 'Customer.email',
      released: 'true',
      reason: 'CONSENTED',
      count: '1',
      subjects: String(person),
      decidedAt: '2026-11-23T15:20:21.371123Z'.replace(
        /^.*(?=\.)/,
        rows[0]!['decidedAt']!.slice(0, 19),
      ),
    });
    expect(rows[6]).toMatchObject({ client: "'=1+1", operation: 'a"b,c', coordinate: '' });
    expect(rows[10]).toMatchObject({ kind: 'erasure', actor: "'@sum", subjects: '12' });
    expect(statSync(out).mode & 0o077).toBe(0);
    const some = await run('export', '--format', 'csv', '--coordinate', 'Customer.name');
    expect(some.stdout.trimEnd().split('\r\n')).toHaveLength(5);
  });

  it('that failed leaves no file that looks like a whole one', async () => {
    const out = join(folder, 'failed.ndjson');
    await databases.own.knex.raw('alter table audit_entry rename to away');
    try {
      expect((await run('export', '--out', out)).code).toBe(1);
    } finally {
      await databases.own.knex.raw('alter table away rename to audit_entry');
    }
    expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false);
  });

  it('ends quietly when nobody reads on', async () => {
    await writeRaw(
      databases.own.knex,
      'test/long',
      Array.from({ length: 3_000 }, () => [operation({ client: 'long' }), minutes(0)]),
    );
    const ended = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = spawn(process.execPath, [program, 'audit', 'export'], { cwd: folder, env });
      let stderr = '';
      child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      child.stdout.once('data', () => child.stdout.destroy());
      child.once('close', (code) => resolve({ code, stderr }));
    });
    expect(ended.code).toBe(0);
    expect(ended.stderr).not.toMatch(/EPIPE|Error/);
  });
});

it('watches what is written, and ends with Ctrl-C', async () => {
  const child = spawn(
    process.execPath,
    [program, 'audit', 'watch', '--json', '--purpose', 'WATCHED'],
    { cwd: folder, env },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let stdout = '';
  const firstLine = new Promise<void>((resolve) =>
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (stdout.includes('test/new')) resolve();
    }),
  );
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (data: Buffer) => {
      if (data.toString().includes('watching')) resolve();
    }),
  );
  await writeRaw(databases.own.knex, 'test/a', [
    [operation({ purpose: 'OTHER' }), minutes(9)],
    [operation({ purpose: 'WATCHED' }), minutes(9)],
  ]);
  await writeRaw(databases.own.knex, 'test/new', [[operation({ purpose: 'WATCHED' }), minutes(9)]]);
  await firstLine;
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(places(stdout)).toEqual(['test/a/5', 'test/new/0']);
});

it('changes nothing but the index', async () => {
  const { knex } = databases.own;
  await run('entries', '--first', '1');
  expect(await countUnindexed(byKnex(knex))).toBe(0);
  expect(await knex('policy')).toHaveLength(1);
  expect(await knex('consent_event')).toEqual([]);
});
