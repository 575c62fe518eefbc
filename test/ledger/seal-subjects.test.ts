import { createHash, createHmac } from 'node:crypto';
import type { Knex } from 'knex';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPool } from '../../src/database/connection.ts';
import { sealSubjects } from '../../src/ledger/seal-subjects.ts';
import { createSubjectSeal } from '../../src/ledger/subject-seal.ts';
import { sampleConsents } from '../../src/sample/sample-consents.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import {
  directoryOn,
  dumpOf,
  numberedPersons,
  testSeal,
  testSubjectKey,
} from '../setup/subjects.ts';

const key = Buffer.from(testSubjectKey, 'base64');
const count = 25_000;

let database: FreshDatabase;
beforeEach(async () => {
  database = await freshDatabase({ migrated: true });
});
afterEach(() => database.drop());

/** Beyond the numbers that are drawn first. */
const base = 100_000;
/** Persons as an earlier version left them. */
const fillInClear = (persons = count) =>
  database.knex.raw(
    `insert into subject (number, type, external_id)
     select i, 'Customer', 'person-' || i || '@example.org' from generate_series(?::int, ?::int) as i`,
    [base + 1, base + persons],
  );
const inClear = async (): Promise<number> => {
  const rows = await database.knex('subject').whereNotNull('external_id').count({ n: '*' });
  return Number(rows[0]?.['n']);
};
const seal = (knex: Knex = database.knex, chosen = key) => sealSubjects(knex, () => chosen);
const idOf = (number: number): string => `person-${number}@example.org`;

const expectAllSealed = async (persons = count): Promise<void> => {
  expect(await inClear()).toBe(0);
  const found = await numberedPersons(database.knex);
  expect(found.size).toBe(persons);
  expect([...found].filter(([number, { id }]) => id !== idOf(number))).toEqual([]);
  const some = [base + 1, base + 10_000, base + persons];
  const numbers = await directoryOn(database.knex).numbersOf('Customer', some.map(idOf));
  expect(numbers).toEqual(some);
};

describe('sealing', () => {
  it('turns every row that stood in clear, and changes no number', async () => {
    await fillInClear();
    expect((await seal())?.proof).toEqual(testSeal.proof);
    await expectAllSealed();
    // A second start finds nothing to do.
    const { rows: before } = await database.knex.raw<{ rows: unknown[] }>(
      'select number, lookup, sealed from subject order by number limit 10',
    );
    await seal();
    const { rows: after } = await database.knex.raw<{ rows: unknown[] }>(
      'select number, lookup, sealed from subject order by number limit 10',
    );
    expect(after).toEqual(before);
  });

  it('leaves nothing of it in the table’s file, nor in statistics', async () => {
    await fillInClear(2_000);
    await database.knex.raw('analyze subject');
    const stats = async (): Promise<string> => {
      const { rows } = await database.knex.raw<{ rows: unknown[] }>(
        `select most_common_vals::text, histogram_bounds::text from pg_stats
         where tablename = 'subject' and attname = 'external_id'`,
      );
      return JSON.stringify(rows);
    };
    expect(await stats()).toContain('@example.org');
    const file = async (): Promise<unknown> => {
      const { rows } = await database.knex.raw<{ rows: { file: unknown }[] }>(
        `select pg_relation_filenode('subject') as file`,
      );
      return rows[0]?.file;
    };
    const before = await file();
    await seal();
    // Another file: the one with the pages of old rows is gone.
    expect(await file()).not.toBe(before);
    expect(await stats()).not.toContain('@example.org');
  });

  it('killed on the way leaves whole rows, and the next start goes on', async () => {
    await fillInClear();
    const doomed = openPool(database.connection);
    const done = seal(doomed).catch((error: unknown) => error);
    for (let left = count; left === count;) left = await inClear();
    await database.knex.raw(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    expect(await done).toBeInstanceOf(Error);
    await doomed.destroy();
    const left = await inClear();
    expect(left).toBeGreaterThan(0);
    expect(left % 5_000).toBe(0);
    await seal();
    await expectAllSealed();
  });

  it('killed before the table was rewritten has it rewritten by the next start', async () => {
    await fillInClear(10);
    await seal();
    await database.knex('subject_key').update({ swept: false });
    await seal();
    expect(await database.knex('subject_key').select('swept')).toEqual([{ swept: true }]);
  });

  it('is done once by replicas that start together, whoever is numbered meanwhile', async () => {
    await fillInClear();
    const pools = Array.from({ length: 4 }, () => openPool(database.connection));
    await Promise.all(
      pools.map(async (knex, i) => {
        await seal(knex);
        const ids = [idOf(base + 1), idOf(base + count), `new-${i}`, 'new'];
        const numbers = await directoryOn(knex).numbersOf('Customer', ids);
        expect(numbers.slice(0, 2)).toEqual([base + 1, base + count]);
      }),
    );
    await Promise.all(pools.map((knex) => knex.destroy()));
    expect(await inClear()).toBe(0);
    expect((await numberedPersons(database.knex)).size).toBe(count + 5);
  });

  it('under another key is refused, and nothing is written', async () => {
    await fillInClear(10);
    await seal();
    const before = await dumpOf(database.knex);
    expect(await seal(database.knex, Buffer.alloc(32, 9))).toBeUndefined();
    expect(await dumpOf(database.knex)).toEqual(before);
  });

  it('is decided by whoever comes first: all others are told that a key is in use', async () => {
    const pools = Array.from({ length: 4 }, () => openPool(database.connection));
    const asked: boolean[] = [];
    const seals = await Promise.all(
      pools.map((knex, i) =>
        sealSubjects(knex, (begun) => {
          asked.push(begun);
          return Buffer.alloc(32, i);
        }),
      ),
    );
    await Promise.all(pools.map((knex) => knex.destroy()));
    expect(asked).toEqual([false, true, true, true]);
    expect(seals.filter((one) => one !== undefined)).toHaveLength(1);
  });

  it('writes no proof when the key cannot be had', async () => {
    const failing = sealSubjects(database.knex, () => {
      throw new Error('no key');
    });
    await expect(failing).rejects.toThrow('no key');
    expect(await database.knex('subject_key')).toEqual([]);
  });
});

it('a dump tells no sample person’s number, neither in clear nor by a hash of candidates', async () => {
  const ids = [...new Set([...sampleConsents()].map(({ subject }) => subject.id))];
  expect(ids.length).toBeGreaterThan(50);
  // Short ids stand in any number by chance: longer ones for all of them.
  const longer = ids.map((id) => `person-${id}@example.org`);
  const stored = async (): Promise<string> =>
    [...(await dumpOf(database.knex))]
      .filter(([column]) => column.startsWith('subject.') || column.startsWith('subject_key.'))
      .map(([, text]) => text)
      .join('\n');
  /** Which of these stand somewhere: whole values of any person, parts of values of some. */
  const foundIn = (text: string, looks: (id: string) => readonly string[]): number => {
    const values = new Set(text.split('\n').map((value) => value.replace(/^"(\\\\x)?|"$/g, '')));
    const whole = longer.flatMap(looks).filter((look) => values.has(look));
    const some = longer.filter((_, i) => i % Math.ceil(longer.length / 50) === 0);
    return whole.length + some.flatMap(looks).filter((look) => text.includes(look)).length;
  };
  await database.knex.raw(
    `insert into subject (number, type, external_id)
     select number, 'Customer', id from unnest(?::int[], ?::text[]) as one (number, id)`,
    [longer.map((_, i) => i), longer],
  );
  expect(foundIn(await stored(), (id) => [id])).toBeGreaterThan(longer.length);
  await seal();
  const after = await stored();
  const noKey = createSubjectSeal(Buffer.alloc(32));
  const guesses = (id: string): readonly string[] => [
    id,
    Buffer.from(id).toString('hex'),
    createHash('sha256').update(id).digest('hex'),
    createHash('sha256').update(`Customer${id}`).digest('hex'),
    createHmac('sha256', Buffer.alloc(32)).update(`Customer${id}`).digest('hex'),
    noKey.lookup('Customer', id).toString('hex'),
  ];
  expect(foundIn(after, guesses)).toBe(0);
  // With the key they are found: the search itself works.
  const keyed = (id: string) => [testSeal.lookup('Customer', id).toString('hex')];
  expect(foundIn(after, keyed)).toBeGreaterThan(longer.length);
  expect(after).not.toContain(key.toString('hex'));
});
