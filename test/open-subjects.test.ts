import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startApp } from '../src/app.ts';
import { ConfigError } from '../src/core/errors.ts';
import { openSubjects } from '../src/open-subjects.ts';
import { freshDatabase, type FreshDatabase } from './setup/database.ts';
import { startTestGateway, testLimits } from './setup/gateway.ts';
import { dumpOf } from './setup/subjects.ts';

let database: FreshDatabase;
let folder: string;
beforeEach(async () => {
  database = await freshDatabase({ migrated: true });
  folder = mkdtempSync(join(tmpdir(), 'sayso-test-'));
  onTestFinished(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
});

const placeOf = (name: string) => ({ dataDir: join(folder, name), limits: testLimits });
const fileOf = (name: string) => join(folder, name, 'subject.key');
const open = (name: string, more: { subjectKey?: string } = {}, dryRun = false) =>
  openSubjects({ ...placeOf(name), ...more }, database.knex, { dryRun });
const problemOf = async (opening: Promise<unknown>) => {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems[0]!;
};

describe('the key of persons', () => {
  it('is made by the first start and read by all later ones', async () => {
    const [number] = await (await open('a')).numbersOf('Customer', ['1']);
    const key = readFileSync(fileOf('a'), 'utf8');
    expect(await (await open('a')).known('Customer', '1')).toBe(number);
    expect(await (await open('a', {}, true)).known('Customer', '1')).toBe(number);
    expect(readFileSync(fileOf('a'), 'utf8')).toBe(key);
  });

  it('in the environment leaves no file, and a second replica sees the same numbers', async () => {
    const subjectKey = Buffer.alloc(32, 3).toString('base64');
    const one = await open('a', { subjectKey });
    const numbers = await one.numbersOf('Customer', ['1', '2', '3']);
    const two = await open('b', { subjectKey });
    expect(await two.numbersOf('Customer', ['3', '2', '1'])).toEqual(numbers.toReversed());
    expect([existsSync(fileOf('a')), existsSync(fileOf('b'))]).toEqual([false, false]);
    expect(await two.personOf(numbers[1]!)).toEqual({ type: 'Customer', id: '2' });
  });

  it('from the first gateway’s file serves the second in the environment', async () => {
    const [number] = await (await open('a')).numbersOf('Customer', ['1']);
    const subjectKey = readFileSync(fileOf('a'), 'utf8');
    expect(await (await open('b', { subjectKey })).known('Customer', '1')).toBe(number);
  });

  it('that is missing is never made anew, and nothing is written', async () => {
    await (await open('a')).numbersOf('Customer', ['1']);
    const before = await dumpOf(database.knex);
    for (const dryRun of [false, true]) {
      const { where, what, mend } = await problemOf(open('b', {}, dryRun));
      expect(where).toBe(fileOf('b'));
      expect(what).toBe('persons in the database are sealed under a key, and it is not there');
      expect(mend).toContain('SAYSO_SUBJECT_KEY');
      expect(mend).toContain('subject.key');
    }
    expect(existsSync(join(folder, 'b'))).toBe(false);
    expect(await dumpOf(database.knex)).toEqual(before);
  });

  it('that is another is refused, from the environment or a file, and nothing is written', async () => {
    await (await open('a')).numbersOf('Customer', ['1']);
    const before = await dumpOf(database.knex);
    const subjectKey = Buffer.alloc(32, 4).toString('base64');
    writeFileSync(join(folder, 'subject.key'), subjectKey);
    for (const dryRun of [false, true]) {
      const given = await problemOf(open('a', { subjectKey }, dryRun));
      expect(given.where).toBe('SAYSO_SUBJECT_KEY');
      expect(given.what).toBe('persons in the database are sealed under another key');
      const read = await problemOf(open('.', {}, dryRun));
      expect(read.where).toBe(join(folder, 'subject.key'));
      expect(JSON.stringify([given, read])).not.toContain(subjectKey);
    }
    expect(readFileSync(join(folder, 'subject.key'), 'utf8')).toBe(subjectKey);
    expect(await dumpOf(database.knex)).toEqual(before);
  });

  it('of two that start at once on one database is the first one’s; the other makes none', async () => {
    const starts = await Promise.allSettled([open('a'), open('b')]);
    expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect([existsSync(fileOf('a')), existsSync(fileOf('b'))].sort()).toEqual([false, true]);
  });

  it('is not made by a dry run, which seals nobody either', async () => {
    const none = await problemOf(open('a', {}, true));
    expect(none.mend).toBe('start Sayso once');
    expect(existsSync(join(folder, 'a'))).toBe(false);
    await open('a');
    await database.knex('subject').insert({ number: 1, type: 'Customer', external_id: '1' });
    expect((await problemOf(open('a', {}, true))).mend).toBe('start Sayso once');
    expect(await database.knex('subject').whereNotNull('external_id')).toHaveLength(1);
  });
});

it('a gateway on a database of another key does not start, and changes nothing', async () => {
  const gateway = await startTestGateway({
    schema: `enum Purpose { NEWS @purpose(covers: [CONTACT]) }
      enum Category { CONTACT @category }
      type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
        id: ID! @open(because: "key")
        email: String @shield(category: CONTACT)
      }`,
    sources: { shop: `create table customer (id text primary key, email text)` },
  });
  onTestFinished(() => gateway.close());
  const before = await dumpOf(gateway.own.knex);
  // As one who set nothing: what is there is a fresh data folder.
  const config = { ...gateway.config, dataDir: join(folder, 'fresh') };
  delete (config as { subjectKey?: string }).subjectKey;
  const start = startApp(config);
  expect((await problemOf(start)).mend).toContain('SAYSO_SUBJECT_KEY');
  expect(await dumpOf(gateway.own.knex)).toEqual(before);
  expect(existsSync(fileOf('fresh'))).toBe(false);
});
