import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { eraseLink } from '../../src/ledger/subject-eraser.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { policyOf } from './small-policy.ts';
import { directoryOn } from '../setup/subjects.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
});
afterAll(() => database.drop());

/** Does the work while somebody else holds the ledger's head, who lets go after `meanwhile`. */
const whileHeld = async <T>(work: () => Promise<T>, meanwhile: () => Promise<unknown>) => {
  const holder = await database.knex.transaction();
  await holder.raw('select from ledger_head for update');
  const done = work();
  await sleep(300);
  await meanwhile();
  await holder.rollback();
  return done;
};

it('what is written with a word waits for the head first, as an erasure does', async () => {
  const subjects = directoryOn(database.knex, 100);
  const store = new ConsentStore(database.knex, subjects, policyOf());
  const order: string[] = [];
  const subject = { type: 'Customer', id: '1' };
  // The first number of all takes its time.
  await subjects.numbersOf('Customer', ['1']);
  await whileHeld(
    () =>
      store.append([{ subject, kind: 'withdrawn', method: 'test' }], {
        alongside: () => Promise.resolve(void order.push('written')),
      }),
    () => Promise.resolve(order.push('head free')),
  );
  expect(order).toEqual(['head free', 'written']);
});

it('an erasure that waits for the head sees who is numbered meanwhile', async () => {
  const subjects = directoryOn(database.knex, 100);
  const subject = { type: 'Customer', id: '2' };
  await whileHeld(
    () =>
      eraseLink(database.knex, subjects, subject, { actor: 'x', report: [], rowsRemain: false }),
    () => directoryOn(database.knex, 100).numbersOf('Customer', ['2']),
  );
  expect(await subjects.known('Customer', '2')).toBeUndefined();
});
