import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rightsCrm, rightsSchema, rightsShop } from '../gateway/rights-shop.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { urlOf } from '../setup/gateway.ts';

const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
const rules = fileURLToPath(new URL('../../src/sample/rules.ts', import.meta.url));
let folder: string;
let databases: { own: FreshDatabase; shop: FreshDatabase; crm: FreshDatabase };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-erase-'));
  mkdirSync(join(folder, 'schema'));
  writeFileSync(join(folder, 'schema', 'shop.graphql'), rightsSchema);
  databases = {
    own: await freshDatabase({ migrated: true }),
    shop: await freshDatabase(),
    crm: await freshDatabase(),
  };
  await databases.shop.knex.raw(rightsShop);
  await databases.crm.knex.raw(rightsCrm);
  const config = {
    demo: true,
    schema: join(folder, 'schema'),
    rules,
    sources: {
      shop: { postgres: urlOf(databases.shop.connection) },
      crm: { postgres: urlOf(databases.crm.connection) },
    },
  };
  writeFileSync(join(folder, 'sayso.json'), JSON.stringify(config));
});
afterAll(async () => {
  for (const one of Object.values(databases)) await one.drop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = {
      PATH: process.env['PATH'],
      SAYSO_CONFIG: join(folder, 'sayso.json'),
      SAYSO_DATA: join(folder, 'data'),
      DATABASE_URL: urlOf(databases.own.connection),
    };
    execFile(
      process.execPath,
      [program, 'erase', ...args],
      { cwd: folder, env },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

/** Every row of every table that could tell of a person. */
const everything = async () => {
  const rows = async (database: FreshDatabase, tables: readonly string[]) =>
    Promise.all(tables.map((table) => database.knex(table).select()));
  const { own, shop, crm } = databases;
  const counts = await own.knex.raw<{ rows: object[] }>(
    'select (select count(*) from subject_lot) as lot, (select position from ledger_head) as head',
  );
  return JSON.stringify([
    await rows(own, ['subject', 'consent_event', 'declared_value', 'erasure', 'audit_entry']),
    counts.rows,
    await rows(shop, ['customer', 'orders', 'line', 'review']),
    await rows(crm, ['profile']),
  ]);
};

it('needs to be told that it is meant', async () => {
  const before = await everything();
  const { code, stderr } = await run('--subject', '101');
  expect(code).toBe(2);
  expect(stderr).toContain('--dry-run');
  expect(await everything()).toBe(before);
});

it.each([['--dry-run'], ['--yes']])('erases nobody whom nothing knows, with %s', async (how) => {
  const before = await everything();
  const { code, stderr } = await run('--subject', '404', how);
  expect(code).toBe(1);
  expect(stderr).toContain('no `Customer` has this id');
  expect(await everything()).toBe(before);
});

it.each(['101', '0101'])('writes nothing in a dry run, for %s', async (id) => {
  const before = await everything();
  const { code, stdout } = await run('--subject', id, '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('Review  DELETED  1 row(s)');
  expect(stdout).toContain('nothing was changed');
  expect(await everything()).toBe(before);
});

it('erases when it is meant', async () => {
  const { code, stdout } = await run('--subject', '0101', '--yes', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ complete: true });
  expect(await databases.shop.knex('review').where({ customer_id: 101 })).toEqual([]);
  expect(await databases.shop.knex('review')).toHaveLength(8);
});
