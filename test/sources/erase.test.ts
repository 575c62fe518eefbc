import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import type { DomainType } from '../../src/policy/model.ts';
import type { EraseRequest } from '../../src/sources/source.ts';
import { SqlSource, type SqlSourceOptions } from '../../src/sources/sql/sql-source.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

const at = new URL('../../schema/governance/', import.meta.url);
const governance = readdirSync(at).map(
  (file) => new Source(readFileSync(new URL(file, at), 'utf8'), file),
);
const sdl = /* GraphQL */ `
  enum Category {
    A @category
    B @category
  }
  enum Purpose {
    P @purpose(covers: [A, B])
  }
  type Person @table(source: "s", name: "person", erase: ANONYMIZE) @subject(id: "id") {
    id: ID! @open(because: "key")
    name: String @shield(category: A)
  }
  type Visit @table(source: "s", name: "visit", erase: ANONYMIZE) @about(subject: "person_id") {
    id: ID! @open(because: "key")
    place: String @shield(category: A)
    shown: String @open(because: "nothing of a person")
  }
  type Illness
    @table(source: "s", name: "visit", erase: ANONYMIZE, root: false)
    @about(subject: "person_id") {
    id: ID! @open(because: "key")
    illness: String @shield(category: B)
  }
  type Bill @table(source: "s", name: "bill", erase: DELETE, root: false) @about(through: "visit") {
    id: ID! @open(because: "key")
    visit: Visit @shield(category: A) @join(on: "visit_id")
    sum: Int @shield(category: B)
  }
`;
const compiled = compilePolicy(
  { governance, domain: [new Source(sdl, 's.graphql')] },
  { sources: ['s'], rules: [], resolvers: [] },
);
const typeOf = (name: string): DomainType => compiled.model.types.get(name)!;
const both: EraseRequest = { type: typeOf('Visit'), also: [typeOf('Illness')], how: 'ANONYMIZE' };
const whole: readonly EraseRequest[] = [
  { type: typeOf('Bill'), how: 'DELETE' },
  both,
  { type: typeOf('Person'), how: 'ANONYMIZE' },
];

let database: FreshDatabase;
const opened: SqlSource[] = [];
const open = (changes: Partial<SqlSourceOptions> = {}): SqlSource => {
  const source = new SqlSource({
    name: 's',
    connection: database.connection,
    schema: 'public',
    poolSize: 2,
    timeoutMs: 2_000,
    maxRows: 100,
    ...changes,
  });
  opened.push(source);
  return source;
};
beforeAll(async () => {
  database = await freshDatabase();
});
beforeEach(async () => {
  await database.knex.raw(`
    drop table if exists letter, bill, visit, person;
    create table person (id int primary key, name text);
    insert into person values (7, 'seven'), (8, 'eight');
    create table visit (id int primary key, person_id int references person, place text,
      illness text, shown text);
    insert into visit values (70, 7, 'here', 'flu', 'x'), (71, 7, 'there', null, 'y'),
      (80, 8, 'away', 'cold', 'z'), (90, null, 'nobody', 'none', 'w');
    create table bill (id int primary key, visit_id int references visit, sum int);
    insert into bill values (700, 70, 1), (701, 71, 2), (800, 80, 3), (900, null, 4);
  `);
});
afterAll(async () => {
  await Promise.all(opened.map((source) => source.close()));
  await database.drop();
});
const rowsOf = async (table: string) =>
  (await database.knex(table).orderBy('id')).map((row: object) => Object.values(row) as unknown[]);

describe('a database that erases', () => {
  it('empties and deletes the rows of one person, in every type over a table', async () => {
    expect(await open().erase(whole, '7')).toEqual([2, 2, 1]);
    expect(await rowsOf('bill')).toEqual([
      [800, 80, 3],
      [900, null, 4],
    ]);
    expect(await rowsOf('visit')).toEqual([
      [70, null, null, null, 'x'],
      [71, null, null, null, 'y'],
      [80, 8, 'away', 'cold', 'z'],
      [90, null, 'nobody', 'none', 'w'],
    ]);
    expect(await rowsOf('person')).toEqual([
      [7, null],
      [8, 'eight'],
    ]);
  });

  it('counts without writing', async () => {
    const before = [await rowsOf('bill'), await rowsOf('visit'), await rowsOf('person')];
    const counted = whole.map((request) => ({ ...request, how: 'COUNT' }) as const);
    expect(await open().erase(counted, '7')).toEqual([2, 2, 1]);
    expect([await rowsOf('bill'), await rowsOf('visit'), await rowsOf('person')]).toEqual(before);
  });

  it.each(['07', '+7', ' 7', '7.0', '7 or true', "7'", '', '0x7', '99999999999999999999'])(
    'finds nobody under %j',
    async (id) => {
      expect(await open().erase(whole, id)).toEqual([0, 0, 0]);
      expect(await rowsOf('person')).toEqual([
        [7, 'seven'],
        [8, 'eight'],
      ]);
    },
  );

  it('erases all or nothing, and says what stands in the way without values', async () => {
    await database.knex.raw(`create table letter (id int primary key, bill_id int references bill);
      insert into letter values (1, 701)`);
    const before = [await rowsOf('bill'), await rowsOf('visit'), await rowsOf('person')];
    // What went well before is undone.
    const [bills, visits, persons] = whole as [EraseRequest, EraseRequest, EraseRequest];
    await expect(open().erase([persons, bills, visits], '7')).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message:
        'source `s` refused to erase (23503): other rows still point at these, or a column may not be empty',
    });
    expect([await rowsOf('bill'), await rowsOf('visit'), await rowsOf('person')]).toEqual(before);
    await database.knex.raw('drop table letter');
    expect(await open().erase(whole, '7')).toEqual([2, 2, 1]);
  });

  it('says that its user may only read', async () => {
    const tables = 'person, visit, bill';
    await database.knex.raw(`revoke insert, update, delete on ${tables} from current_user`);
    await expect(open().erase(whole, '7')).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: 'source `s` refused to erase (42501): its user may not change these rows',
    });
    expect(await rowsOf('person')).toEqual([
      [7, 'seven'],
      [8, 'eight'],
    ]);
    expect(await open().erase([{ type: typeOf('Person'), how: 'COUNT' }], '7')).toEqual([1]);
  });

  it('leaves its connections read only behind it', async () => {
    const source = open({ poolSize: 1 });
    await source.erase(whole, '7');
    await database.knex.raw(`create function spoil() returns text language plpgsql as
      $$ begin delete from person; return 'x'; end $$;
      create view bad as select 1 as id, spoil() as name`);
    try {
      const read = { type: 'X', source: 's', table: 'bad', key: ['id'], columns: ['name'] };
      const found = source.fetch(read, { by: 'equal', columns: ['id'], tuples: [['1']] });
      await expect(found).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      expect(await rowsOf('person')).toHaveLength(2);
    } finally {
      await database.knex.raw('drop view bad; drop function spoil()');
    }
  });

  it('that is down says so', async () => {
    const source = open({ connection: { ...database.connection, port: 1, host: '127.0.0.1' } });
    await expect(source.erase(whole, '7')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('does not start where a column that must be emptied may not be', async () => {
    const types = ['Person', 'Visit', 'Illness', 'Bill'].map(typeOf);
    expect(await open().check(types)).toEqual([]);
    await database.knex.raw('alter table visit alter illness set not null').catch(() => undefined);
    await database.knex.raw(`update visit set illness = '' where illness is null;
      alter table visit alter illness set not null`);
    const problems = await open().check(types);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.what).toContain('`Illness` is anonymized by emptying `illness`');
  });
});
