import fc from 'fast-check';
import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConsentInput } from '../../src/core/consent.ts';
import { openPool } from '../../src/database/connection.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { ConsentStore } from '../../src/ledger/consent-store.ts';
import { foldEvents, type StoredEvent } from '../../src/ledger/fold-events.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { policyOf } from './small-policy.ts';
import { directoryOn } from '../setup/subjects.ts';

const policy = policyOf();
const { purposeTree, categoryTree } = policy.model;
let database: FreshDatabase;
let pools: Knex[];
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  pools = [database.knex, openPool(database.connection), openPool(database.connection)];
});
afterAll(async () => {
  await Promise.all(pools.slice(1).map((pool) => pool.destroy()));
  await database.drop();
});

interface StoredRow extends StoredEvent {
  readonly subject: number;
}

/** All of the ledger up to a position, folded from nothing: what is true by definition. */
const truth = async (numbers: readonly number[], head: number) => {
  const { rows } = await database.knex.raw<{ rows: StoredRow[] }>(
    `select subject, kind, purposes, categories, origins, declared, recipients, bases, signal, confirmed,
       (extract(epoch from at) * 1000000)::float8 as at,
       (extract(epoch from valid_until) * 1000000)::float8 as "validUntil"
     from consent_event where position <= ?`,
    [head],
  );
  return numbers.map((number) => {
    const { states, expiry } = foldEvents(
      rows.filter(({ subject }) => subject === number),
      policy,
    );
    return policy.pairs.map(({ index }) => [states[index], expiry.get(index) ?? Infinity]);
  });
};

const persons = Array.from({ length: 12 }, (_, i) => `p${i}`);
const anyInput = fc
  .record({
    id: fc.constantFrom(...persons),
    kind: fc.constantFrom(
      'given',
      'given',
      'renewed',
      'refused',
      'withdrawn',
      'objected',
      'revoked',
      'requested',
      'deferred',
      'gpc',
    ),
    purpose: fc.constantFrom(...purposeTree.names.filter((name) => name !== 'IDLE')),
    category: fc.option(fc.constantFrom(...categoryTree.names)),
    ago: fc.option(fc.integer({ min: -100_000, max: 1_000 })),
    lasts: fc.option(fc.integer({ min: 1, max: 10 })),
  })
  .map(({ id, kind: said, purpose: named, category, ago, lasts }): ConsentInput => {
    const kind = said === 'gpc' ? 'refused' : said;
    const yes = kind === 'given' || kind === 'renewed';
    // A yes is said to a leaf, and one said now may meet what was said before: those are refused.
    const purpose = yes ? (purposeTree.leavesOf(named)[0] ?? named) : named;
    const objectable = kind !== 'objected' || purpose !== 'DELIVER';
    const covered =
      category !== null &&
      categoryTree.leaves.includes(category) &&
      policy.pairOf(purpose, category) !== undefined;
    const now = ago === null && !(yes && (kind === 'renewed' || purpose === 'SELL'));
    return {
      subject: { type: 'Customer', id },
      kind: objectable ? kind : 'refused',
      purpose,
      method: 'test',
      ...(said === 'gpc' && { signal: 'GPC' as const }),
      ...(yes && lasts !== null && { confirmed: true }),
      ...(category !== null && (!yes || covered) && { categories: [category] }),
      ...(!now && { at: new Date(Date.now() - (ago ?? 0)) }),
      ...(yes && lasts !== null && { validUntil: new Date(Date.now() + 200_000 + lasts) }),
    };
  });
/** One process appends, or one process looks at some persons. */
const anyStep = fc.oneof(
  fc.record({ process: fc.nat(2), inputs: fc.array(anyInput, { minLength: 1, maxLength: 4 }) }),
  fc.record({ process: fc.nat(2), look: fc.subarray(persons, { minLength: 1 }) }),
);

it('a live snapshot equals a fold of the whole ledger, over several processes', async () => {
  const stores = pools.map((knex) => new ConsentStore(knex, directoryOn(knex, 5), policy));
  const directory = directoryOn(database.knex, 100);
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 2, maxLength: 12 }),
      fc.boolean(),
      async (steps, together) => {
        // The last of them has room for one page only.
        const snapshots = pools.map(
          (knex, i) => new ConsentSnapshot(knex, policy, i === 2 ? 1 : 9_999),
        );
        const take = async (step: (typeof steps)[number]): Promise<void> => {
          if ('inputs' in step) {
            await stores[step.process]?.append(step.inputs);
            return;
          }
          const snapshot = snapshots[step.process];
          if (!snapshot) throw new Error('there are three');
          const numbers = await directory.numbersOf('Customer', step.look);
          const view = await snapshot.view();
          // A request is refused or decides again when this says no.
          if (!(await snapshot.ensure(numbers, view)) || !snapshot.holds(numbers, view)) return;
          const live = numbers.map((number) =>
            policy.pairs.map(({ index }) => [
              snapshot.state(number, index),
              snapshot.expiry(number, index),
            ]),
          );
          expect(live).toEqual(await truth(numbers, view.head));
        };
        if (together) await Promise.all(steps.map(take));
        else for (const step of steps) await take(step);
      },
    ),
    { numRuns: 60 },
  );
});
