import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentSha256 } from '../../src/operations/document-sha256.ts';
import { OperationRegistry } from '../../src/operations/operation-registry.ts';
import { registerOperations, removeOperations } from '../../src/operations/operation-store.ts';
import type { OperationDraft } from '../../src/operations/registered-operation.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

const policy = `sha256:${'0'.repeat(64)}`;
let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
  await database.knex('policy').insert({ id: policy, sdl: 'type Query { a: Int }' });
});
afterAll(() => database.drop());

const draftOf = (document: string, purpose?: string): OperationDraft => ({
  sha256: documentSha256(document),
  document,
  operation: undefined,
  purpose,
});
const change = { client: 'shop', by: 'test' };
const register = (drafts: readonly OperationDraft[], client = 'shop') =>
  registerOperations(database.knex, { client, by: 'test' }, policy, drafts, () => undefined);

/** Statements sent while something runs. */
const counting = async (run: () => Promise<unknown>): Promise<number> => {
  let count = 0;
  const note = (): void => {
    count += 1;
  };
  database.knex.on('query', note);
  await run();
  database.knex.removeListener('query', note);
  return count;
};

it('sees what every other process has changed, from the next use on', async () => {
  const [one, other] = [new OperationRegistry(database.knex), new OperationRegistry(database.knex)];
  const draft = draftOf('{ a }', 'NEWS');
  expect(await one.find('shop', draft.sha256)).toBeUndefined();
  await register([draft]);
  for (const registry of [one, other])
    expect(await registry.find('shop', draft.sha256)).toEqual({
      document: '{ a }',
      purpose: 'NEWS',
    });
  expect(await one.find('shop2', draft.sha256)).toBeUndefined();
  await removeOperations(database.knex, change, [draft.sha256]);
  for (const registry of [one, other])
    expect(await registry.find('shop', draft.sha256)).toBeUndefined();
});

it('asks once for all who wait, and gives each their own client’s', async () => {
  const registry = new OperationRegistry(database.knex);
  const draft = draftOf('{ b }', 'NEWS');
  await register([draft]);
  await register([draftOf('{ b }', 'ADS')], 'other');
  const found: unknown[] = [];
  const statements = await counting(async () => {
    const clients = [...Array.from({ length: 50 }, () => 'shop'), 'other', '__proto__'];
    found.push(
      ...(await Promise.all(clients.map((client) => registry.find(client, draft.sha256)))),
    );
  });
  expect(statements).toBe(1);
  expect(found.slice(49)).toEqual([
    { document: '{ b }', purpose: 'NEWS' },
    { document: '{ b }', purpose: 'ADS' },
    undefined,
  ]);
});

it('finds 10,000 operations, and keeps the texts of so many as have room', async () => {
  const drafts = Array.from({ length: 10_000 }, (_, i) =>
    draftOf(`query Q${i} { a } # ${'x'.repeat(1_000)}`),
  );
  await register(drafts);
  const registry = new OperationRegistry(database.knex);
  for (let i = 0; i < drafts.length; i += 500) {
    const some = drafts.slice(i, i + 500);
    const found = await Promise.all(some.map(({ sha256 }) => registry.find('shop', sha256)));
    expect(found.map((one) => one?.document)).toEqual(some.map(({ document }) => document));
  }
  const kept = drafts.filter(({ sha256 }) => registry.knows(sha256));
  expect(kept.length).toBeGreaterThan(5_000);
  expect(kept.reduce((sum, { document }) => sum + document.length, 0)).toBeLessThanOrEqual(
    8_000_000,
  );
  const first = drafts[0]!;
  expect(registry.knows(first.sha256)).toBe(false);
  expect((await registry.find('shop', first.sha256))?.document).toBe(first.document);
});

it('writes all of them or none', async () => {
  const { knex } = database;
  const drafts = [
    draftOf('{ c }'),
    { ...draftOf('{ d }'), sha256: 'f'.repeat(64) },
    draftOf('{ e }'),
  ];
  await expect(register(drafts)).rejects.toMatchObject({ code: '23514' });
  const refusing = registerOperations(knex, change, policy, [draftOf('{ c }')], () => {
    throw new Error('no');
  });
  await expect(refusing).rejects.toThrow('no');
  const rows = await knex('registered_operation').whereIn('document', ['{ c }', '{ d }', '{ e }']);
  expect(rows).toEqual([]);
});

it('registers once what several push at the same time', async () => {
  const drafts = [draftOf('{ f }'), draftOf('{ g }')];
  const fresh = await Promise.all(Array.from({ length: 8 }, () => register(drafts)));
  expect(fresh.map(({ size }) => size).toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
});
