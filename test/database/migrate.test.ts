import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openPool } from '../../src/database/connection.ts';
import { migrate } from '../../src/database/migrate.ts';
import { freshDatabase } from '../setup/database.ts';
import type { FreshDatabase } from '../setup/database.ts';
import { temporaryFolder } from './child.ts';

const first = '20260101000000_first';
const second = '20260102000000_second';

let database: FreshDatabase;
let folder: URL;

const add = (name: string, up: string): void => {
  const text = `
    export const up = (knex) => knex.raw(${JSON.stringify(up)});
    export const down = () => undefined;`;
  writeFileSync(new URL(`${name}.ts`, folder), text);
};

beforeEach(async () => {
  folder = pathToFileURL(join(temporaryFolder(), '/'));
  database = await freshDatabase();
  onTestFinished(() => database.drop());
});

describe('migrations', () => {
  it('run once, in order', async () => {
    add(second, 'alter table a add column m int');
    add(first, 'create table a (n int)');
    expect(await migrate(database.knex, folder)).toEqual([first, second]);
    expect(await migrate(database.knex, folder)).toEqual([]);
  });

  it('run once when several processes start together', async () => {
    add(first, 'create table a (n int)');
    const pools = [1, 2, 3, 4].map(() => openPool(database.connection));
    const runs = await Promise.all(pools.map((pool) => migrate(pool, folder)));
    await Promise.all(pools.map((pool) => pool.destroy()));
    expect(runs.flat()).toEqual([first]);
  });

  it('leave nothing behind, no lock either, when one fails or its process is killed', async () => {
    add(first, 'create table a (n int)');
    add(second, 'select pg_sleep(30)');
    const doomed = openPool(database.connection);
    const run = migrate(doomed, folder).catch((error: unknown) => error);
    const asleep = `select pid from pg_stat_activity
      where query like '%pg_sleep(30)%' and datname = current_database() and pid <> pg_backend_pid()`;
    let pid: number | undefined;
    while (pid === undefined) {
      await sleep(20);
      pid = (await database.knex.raw(asleep)).rows[0]?.pid;
    }
    await database.knex.raw('select pg_terminate_backend(?)', [pid]);
    expect(await run).toBeInstanceOf(Error);
    await doomed.destroy();
    expect(await database.knex.schema.hasTable('a')).toBe(false);

    const others = pathToFileURL(join(temporaryFolder(), '/'));
    folder = others;
    add(first, 'create table a (n int)');
    expect(await migrate(database.knex, others)).toEqual([first]);
  });

  it('refuse a database of a later version, and names without an order', async () => {
    add(first, 'create table a (n int)');
    add(second, 'create table b (n int)');
    await migrate(database.knex, folder);
    folder = pathToFileURL(join(temporaryFolder(), '/'));
    add(first, 'create table a (n int)');
    await expect(migrate(database.knex, folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    add('later', 'select 1');
    await expect(migrate(database.knex, folder)).rejects.toThrow('migrations/later.ts');
  });

  it('of the project bring a fresh database up, from a template too', async () => {
    const [run, again] = await Promise.all([
      freshDatabase({ migrated: true }),
      freshDatabase({ migrated: true }),
    ]);
    expect(await migrate(run.knex)).toEqual([]);
    await Promise.all([run.drop(), again.drop()]);
  });
});
