import type { Knex } from 'knex';
import type { SubjectRef } from '../../src/core/consent.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { createSubjectSeal } from '../../src/ledger/subject-seal.ts';

const key = Buffer.alloc(32, 'test');

/** The key of every test gateway, as it is configured. */
export const testSubjectKey = key.toString('base64');
export const testSeal = createSubjectSeal(key);

/** A directory on a database of tests. */
export const directoryOn = (knex: Knex, maxCached = 1_000): SubjectDirectory =>
  new SubjectDirectory(knex, maxCached, testSeal, preparedStatements(knex));

/** A person's number; undefined where there is no link, and none is made. */
export const numberOfPerson = (
  knex: Knex,
  id: string,
  type = 'Customer',
): Promise<number | undefined> => directoryOn(knex).known(type, id);

/** Everybody who has a number. */
export const numberedPersons = async (knex: Knex): Promise<ReadonlyMap<number, SubjectRef>> => {
  const { rows } = await knex.raw<{ rows: { number: number; type: string; sealed: Buffer }[] }>(
    'select number, type, sealed from subject',
  );
  return new Map(
    rows.map(({ number, type, sealed }) => [
      number,
      { type, id: testSeal.open(type, number, sealed) },
    ]),
  );
};

/** Every value of every table of Sayso's own, as text and bytes as hex, by table and column. */
export const dumpOf = async (knex: Knex): Promise<ReadonlyMap<string, string>> => {
  const { rows: tables } = await knex.raw<{ rows: { name: string }[] }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const dump = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await knex.raw<{ rows: { values: Record<string, unknown> }[] }>(
      'select to_jsonb(one) as values from ?? as one',
      [name],
    );
    for (const { values } of rows)
      for (const [column, value] of Object.entries(values)) {
        const key = `${name}.${column}`;
        dump.set(key, `${dump.get(key) ?? ''}\n${JSON.stringify(value)}`);
      }
  }
  return dump;
};
