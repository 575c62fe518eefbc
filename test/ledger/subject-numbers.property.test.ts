import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Statements } from '../../src/core/statement.ts';
import { preparedStatements } from '../../src/database/prepared-statements.ts';
import { noSubject, SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { directoryOn, testSeal } from '../setup/subjects.ts';
import { columnOf } from './text-column.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
});
afterAll(() => database.drop());

const usable = [
  ...['__proto__', 'constructor', 'a', 'ab', 'abc', 'é', 'e\u0301', '😀', '\u{10ffff}', '\ufffd'],
  ...['x'.repeat(255), 'x'.repeat(256), '€'.repeat(256), '😀'.repeat(128), ' ', '0', '00'],
];
const unusable = ['', 'x'.repeat(257), '€'.repeat(257), '😀'.repeat(129)];
const ids = fc.array(fc.option(fc.constantFrom(...usable, ...unusable), { nil: null }), {
  maxLength: 12,
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ texts: ids }) },
  { weight: 3, arbitrary: fc.record({ column: ids }) },
  { weight: 2, arbitrary: fc.record({ erase: fc.constantFrom(...usable) }) },
  { weight: 1, arbitrary: fc.constant({ all: true as const }) },
);

const erase = async (id: string): Promise<number | undefined> =>
  database.knex.transaction((trx) =>
    directoryOn(database.knex, 0).unlinkWithin(trx, 'Customer', id),
  );

it('numbers are those of the database, asked for as text or as bytes, when some are erased', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom(0, 1, 5, 1_000),
      async (steps, max) => {
        const directory = directoryOn(database.knex, max);
        for (const one of steps) {
          if ('all' in one) directory.forget(undefined);
          else if ('erase' in one) {
            const number = await erase(one.erase);
            if (number !== undefined) directory.forget(number);
          } else {
            const asked = 'texts' in one ? one.texts : one.column;
            const got =
              'texts' in one
                ? await directory.numbersOf('Customer', asked)
                : [...(await directory.numbersOfColumn('Customer', columnOf(asked)))];
            const truth = await directoryOn(database.knex, 0).numbersOf('Customer', asked);
            expect(got).toEqual(truth);
            asked.forEach((id, i) =>
              expect(got[i] === noSubject).toBe(id === null || unusable.includes(id)),
            );
          }
        }
      },
    ),
    { numRuns: 30 },
  );
});

it.each(['text', 'bytes'] as const)(
  'who is forgotten while looked up is not remembered: %s',
  async (how) => {
    let arrive = (): void => undefined;
    let open = (): void => undefined;
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const gate = new Promise<void>((resolve) => (open = resolve));
    const through = preparedStatements(database.knex);
    const held: Statements = {
      ask: async (...args) => {
        const answer = await through.ask<never>(...args);
        arrive();
        await gate;
        return answer;
      },
    };
    const directory = new SubjectDirectory(database.knex, 100, testSeal, held);
    const ask = async (): Promise<readonly number[]> =>
      how === 'text'
        ? directory.numbersOf('Customer', ['raced', 'calm'])
        : [...(await directory.numbersOfColumn('Customer', columnOf(['raced', 'calm'])))];
    const [before] = await directoryOn(database.knex, 0).numbersOf('Customer', ['raced', 'calm']);
    const asking = ask();
    await reached;
    expect(await erase('raced')).toBe(before);
    directory.forget(before);
    open();
    // It was asked before the erasure, so it may be told what was then.
    expect((await asking)[0]).toBe(before);
    const [after, calm] = await ask();
    expect(after).not.toBe(before);
    const truth = await directoryOn(database.knex, 0).numbersOf('Customer', ['raced', 'calm']);
    expect([after, calm]).toEqual(truth);
  },
);

it('a column is numbered in its own type', async () => {
  const directory = directoryOn(database.knex);
  const of = (type: string) => directory.numbersOfColumn(type, columnOf(['a', 'a']));
  const [customers, proto] = [await of('Customer'), await of('__proto__')];
  expect(customers[0]).toBe(customers[1]);
  expect(proto[0]).not.toBe(customers[0]);
  expect([...(await of('Customer'))]).toEqual([...customers]);
  expect([...(await directory.numbersOfColumn('Customer', columnOf([])))]).toEqual([]);
});
