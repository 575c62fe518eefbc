import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Statements } from '../../src/core/statement.ts';
import { openPool } from '../../src/database/connection.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { noSubject, SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { directoryOn, testSeal } from '../setup/subjects.ts';

let database: FreshDatabase;
let other: Knex;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  other = openPool(database.connection);
});
afterAll(async () => {
  await other.destroy();
  await database.drop();
});
const directory = (maxCached = 10_000, knex = database.knex) => directoryOn(knex, maxCached);
const ids = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, '0')}`);

describe('numbers', () => {
  it('agree between 20 who number the same and other persons at once on two pools', async () => {
    const all = ids('race', 400);
    const found = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        // Each in another order, from another place on.
        directory(10_000, i % 2 ? other : database.knex).numbersOf('Customer', [
          ...all.slice(i * 10),
          ...all.slice(0, i * 10),
        ]),
      ),
    );
    const numbers = await directory().numbersOf('Customer', all);
    expect(new Set(numbers).size).toBe(400);
    found.forEach((one, i) => {
      expect([...one.slice(400 - i * 10), ...one.slice(0, 400 - i * 10)]).toEqual(numbers);
    });
    // Dense: they come from one block, though all of them found none at first.
    expect(Math.max(...numbers)).toBeLessThan(65_536);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  });

  it('lose none: what was drawn in vain is drawn again', async () => {
    const { rows } = await database.knex.raw<{
      rows: { left: number; used: number; all: number }[];
    }>(
      `select (select count(*) from subject_lot) as left, (select count(*) from subject) as used,
         (select next_number from subject_block) as all`,
    );
    const [count] = rows;
    expect((count?.left ?? 0) + (count?.used ?? 0)).toBe(count?.all);
  });

  it('tell nothing of the order in which persons came', async () => {
    const numbers = await directory().numbersOf('Customer', ids('ordered', 1_000));
    const rising = numbers.filter((number, i) => i > 0 && number > (numbers[i - 1] ?? 0)).length;
    // Half of them, with a standard deviation of 9.
    expect(rising).toBeGreaterThan(400);
    expect(rising).toBeLessThan(600);
    const mean = (part: readonly number[]) => part.reduce((sum, n) => sum + n, 0) / part.length;
    const apart = Math.abs(mean(numbers.slice(0, 500)) - mean(numbers.slice(500)));
    expect(apart).toBeLessThan(65_536 / 8);
  });

  it('go on in another block when one is used up', async () => {
    const large = await freshDatabase({ migrated: true });
    const many = directoryOn(large.knex, 10);
    const first = await many.numbersOf('Customer', ids('a', 60_000));
    const second = await many.numbersOf('Customer', ids('b', 10_000));
    const all = new Set([...first, ...second]);
    expect(all.size).toBe(70_000);
    expect(Math.max(...second)).toBeGreaterThanOrEqual(65_536);
    expect(Math.max(...second)).toBeLessThan(131_072);
    await large.drop();
  });

  it('are new for an id used again after its row was erased', async () => {
    const [before] = await directory().numbersOf('Customer', ['erased']);
    await database.knex.transaction((trx) => directory().unlinkWithin(trx, 'Customer', 'erased'));
    expect(await directory().known('Customer', 'erased')).toBeUndefined();
    const [after] = await directory().numbersOf('Customer', ['erased']);
    expect(after).not.toBe(before);
    expect(after).not.toBe(noSubject);
  });

  it('are given to any id that is text of 1 to 256 characters, each its own', async () => {
    const strange = [
      ...[
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        ' ',
        '  ',
        '\t',
        "'",
        '"',
        '{}',
      ],
      ...['NULL', 'null', '0', '00', '-0', '١', 'é', 'e\u0301', 'Å', 'Å', 'a', 'а', 'A', 'ﬁ', 'fi'],
      ...['\u200b', '\u200ba', '\ufeff', '😀', '\uffff', 'a,b', '\\', '\\000', 'x'.repeat(256)],
    ];
    for (const cached of [1_000, 1]) {
      const numbers = await directory(cached).numbersOf('Customer', strange);
      expect(numbers).not.toContain(noSubject);
      expect(new Set(numbers).size).toBe(new Set(strange).size);
      expect(await directory(cached).numbersOf('Customer', strange.toReversed())).toEqual(
        numbers.toReversed(),
      );
    }
    const types = ['__proto__', 'constructor', 'Customer'];
    const byType = await Promise.all(types.map((type) => directory().numbersOf(type, ['a'])));
    expect(new Set(byType.flat()).size).toBe(3);
  });

  it('are given to no id that is none, and keep nobody else from one', async () => {
    const wrong = ['', 'x'.repeat(257), 'x'.repeat(10_240), 'a\0b', '\0', '\ud800', 'a\udc00'];
    const numbers = await directory().numbersOf('Customer', [...wrong, 'right', null]);
    expect(numbers.slice(0, wrong.length)).toEqual(wrong.map(() => noSubject));
    expect(numbers.at(-2)).toBeGreaterThanOrEqual(0);
    expect(numbers.at(-1)).toBe(noSubject);
    for (const id of wrong) expect(await directory().known('Customer', id)).toBeUndefined();
  });

  it('are right with a cache smaller than a batch, and one that is emptied by the batch', async () => {
    const all = ids('bound', 50);
    const expected = await directory().numbersOf('Customer', all);
    for (const size of [0, 1, 10, 49, 50, 51, 60]) {
      const small = directory(size);
      await small.numbersOf('Customer', all.slice(0, 30));
      expect(await small.numbersOf('Customer', all)).toEqual(expected);
      expect(await small.numbersOf('Customer', [...all, ...all])).toEqual([
        ...expected,
        ...expected,
      ]);
    }
  });

  it('are right when somebody else empties the cache meanwhile', async () => {
    const small = directory(40);
    const all = ids('bound', 50);
    const expected = await directory().numbersOf('Customer', all);
    await small.numbersOf('Customer', all.slice(0, 20));
    const [mine, theirs] = await Promise.all([
      small.numbersOf('Customer', all.slice(0, 21)),
      small.numbersOf('Customer', all.slice(21)),
    ]);
    expect([...mine, ...theirs]).toEqual(expected);
  });

  it('are the same in one batch that names a person twice', async () => {
    const [a, b, c] = await directory().numbersOf('Customer', ['twice', 'other', 'twice']);
    expect(a).toBe(c);
    expect(a).not.toBe(b);
  });

  it('are not given to whoever is only asked about', async () => {
    expect(await directory().known('Customer', 'never seen')).toBeUndefined();
    const lookup = testSeal.lookup('Customer', 'never seen');
    expect(await database.knex('subject').where({ lookup })).toEqual([]);
  });

  it('are asked for once of whoever is only asked about, and again when they are forgotten', async () => {
    const through = preparedStatements(database.knex);
    let asked = 0;
    const counted: Statements = {
      ask: (...args) => {
        asked += 1;
        return through.ask<never>(...args);
      },
    };
    const [number] = await directory().numbersOf('Customer', ['signs in']);
    const one = new SubjectDirectory(database.knex, 10, testSeal, counted);
    for (let i = 0; i < 3; i += 1) expect(await one.known('Customer', 'signs in')).toBe(number);
    expect(asked).toBe(1);
    await database.knex.transaction((trx) => one.unlinkWithin(trx, 'Customer', 'signs in'));
    one.forget(number);
    for (let i = 0; i < 2; i += 1) expect(await one.known('Customer', 'signs in')).toBeUndefined();
    // Who has none may be given one at any time, and by others.
    expect(asked).toBe(3);
    const [again] = await directory().numbersOf('Customer', ['signs in']);
    expect(await one.known('Customer', 'signs in')).toBe(again);
  });

  it('cannot be had without the ledger', async () => {
    const gone = openPool({ ...database.connection, port: 1, host: '127.0.0.1' });
    const lost = directory(10, gone);
    const failure = { code: 'LEDGER_UNAVAILABLE', status: 503 };
    await expect(lost.numbersOf('Customer', ['1'])).rejects.toMatchObject(failure);
    await expect(lost.known('Customer', '1')).rejects.toMatchObject(failure);
    await gone.destroy();
  });
});
