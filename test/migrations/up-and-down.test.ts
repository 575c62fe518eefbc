import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

interface Migration {
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

const folder = new URL('../../migrations/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .toSorted();

let database: FreshDatabase;
let migrations: readonly Migration[];
beforeAll(async () => {
  database = await freshDatabase();
  migrations = await Promise.all(
    names.map(async (name) => (await import(new URL(name, folder).href)) as Migration),
  );
});
afterAll(() => database.drop());

/** Everything that a migration can make, in words. */
const shape = async (): Promise<readonly string[]> => {
  const { rows } = await database.knex.raw<{ rows: { line: string }[] }>(`
    select line from (
      select format('%s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attstorage,
        a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) as line
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
      union all
      select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
        where connamespace = 'public'::regnamespace
      union all
      select indexdef from pg_indexes where schemaname = 'public'
      union all
      select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
      union all
      select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    ) as made order by line`);
  return rows.map(({ line }) => line);
};

describe('migrations', () => {
  it('go up, down and up again, and leave nothing behind', async () => {
    const shapes: (readonly string[])[] = [await shape()];
    for (const migration of migrations) {
      await migration.up(database.knex);
      shapes.push(await shape());
    }
    expect(shapes.at(-1)?.length).toBeGreaterThan(50);
    for (let i = migrations.length - 1; i >= 0; i -= 1) {
      await migrations[i]?.down(database.knex);
      expect(await shape()).toEqual(shapes[i]);
    }
    for (const migration of migrations) await migration.up(database.knex);
    expect(await shape()).toEqual(shapes.at(-1));
  });

  it('start with an empty ledger and an empty log', async () => {
    const { rows } = await database.knex.raw<{ rows: unknown[] }>(
      `select (select position from ledger_head) as head, (select count(*) from audit_log) as log,
         (select count(*) from consent_event) as events`,
    );
    expect(rows).toEqual([{ head: 0, log: 0, events: 0 }]);
  });
});
