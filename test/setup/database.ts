import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type pg from 'pg';
import { inject } from 'vitest';
import { openPool, withClient } from '../../src/database/connection.ts';
import { migrate } from '../../src/database/migrate.ts';

export interface FreshDatabase {
  readonly knex: Knex;
  readonly connection: pg.ClientConfig;
  /** Closes the pool and removes the database. */
  drop(): Promise<void>;
}

const to = (database: string): pg.ClientConfig => ({ ...inject('pg'), database });

const template = 'test_template';

/** Migrates once per run, whichever test file comes first; the others copy. */
const migratedTemplate = (): Promise<void> =>
  withClient(to('postgres'), async (admin) => {
    await admin.query('select pg_advisory_lock(1)');
    const found = await admin.query('select 1 from pg_database where datname = $1', [template]);
    if (found.rows.length > 0) return;
    // Renamed when migrated, so that a failure does not leave half a template.
    await admin.query(`drop database if exists ${template}_new`);
    await admin.query(`create database ${template}_new template template0`);
    const knex = openPool(to(`${template}_new`));
    await migrate(knex).finally(() => knex.destroy());
    await admin.query(`alter database ${template}_new rename to ${template}`);
  });

/** An autovacuum worker is the server's own and may not be ended by us: then it is waited for. */
const dropped = async (name: string, tries = 50): Promise<void> => {
  try {
    await withClient(to('postgres'), (admin) => admin.query(`drop database ${name} with (force)`));
  } catch (error) {
    if ((error as { code?: string }).code !== '42501' || tries === 0) throw error;
    await sleep(100);
    await dropped(name, tries - 1);
  }
};

/** An empty database for one test file, or one with Sayso's tables. */
export async function freshDatabase(options: { migrated?: boolean } = {}): Promise<FreshDatabase> {
  if (options.migrated) await migratedTemplate();
  const name = `test_${randomBytes(6).toString('hex')}`;
  const from = options.migrated ? template : 'template0';
  await withClient(to('postgres'), (admin) =>
    admin.query(`create database ${name} template ${from}`),
  );
  const knex = openPool(to(name));
  return {
    knex,
    connection: to(name),
    drop: async () => {
      await knex.destroy();
      await dropped(name);
    },
  };
}
