import type { Knex } from 'knex';
import { readdirSync } from 'node:fs';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { sealSubjects } from '../../src/ledger/seal-subjects.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { directoryOn, testSubjectKey } from '../setup/subjects.ts';

interface Migration {
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

const folder = new URL('../../migrations/', import.meta.url);
const load = async (name: string) => (await import(new URL(name, folder).href)) as Migration;
const name = '20261124100000_sealed_subjects.ts';

let database: FreshDatabase;
let migration: Migration;
beforeEach(async () => {
  database = await freshDatabase();
  onTestFinished(() => database.drop());
  for (const earlier of readdirSync(folder).toSorted()) {
    if (earlier < name) await (await load(earlier)).up(database.knex);
  }
  migration = await load(name);
  await database.knex.raw(
    `insert into subject (number, type, external_id)
     values (7, 'Customer', '5'), (9, 'Employee', '5'), (8, 'Customer', 'eva@example.org')`,
  );
});
const rows = () =>
  database.knex('subject').orderBy('number').select('number', 'type', 'external_id');

it('leaves rows in clear as they are, up and down', async () => {
  const before = await rows();
  await migration.up(database.knex);
  expect(await rows()).toEqual(before);
  await migration.down(database.knex);
  expect(await rows()).toEqual(before);
  await expect(
    database.knex.raw(
      `insert into subject (number, type, external_id) values (1, 'Customer', '5')`,
    ),
  ).rejects.toMatchObject({ code: '23505' });
});

it('does not go down where persons are sealed, and changes nothing then', async () => {
  await migration.up(database.knex);
  await sealSubjects(database.knex, () => Buffer.from(testSubjectKey, 'base64'));
  await expect(migration.down(database.knex)).rejects.toMatchObject({ code: '55000' });
  expect(await directoryOn(database.knex).known('Customer', '5')).toBe(7);
  expect(await database.knex('subject_key')).toHaveLength(1);
});

it('has no row that is in clear and sealed, nor one that is neither', async () => {
  await migration.up(database.knex);
  const [lookup, sealed] = [Buffer.alloc(32), Buffer.alloc(60)];
  for (const row of [
    { external_id: 'x', lookup, sealed },
    { external_id: 'x', lookup },
    { external_id: 'x', sealed },
    { lookup },
    { sealed },
    {},
  ])
    await expect(
      database.knex('subject').insert({ number: 1, type: 'Customer', ...row }),
    ).rejects.toMatchObject({ code: '23514' });
});

it('keeps what an earlier version would still write in clear from being written', async () => {
  await migration.up(database.knex);
  await expect(
    database.knex.raw(
      `insert into subject (number, type, external_id) values (1, 'Customer', '6')
       on conflict (type, external_id) do nothing`,
    ),
  ).rejects.toMatchObject({ code: '42P10' });
});
