import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';
import { ConfigError } from '../core/errors.ts';

const folder = new URL('../../migrations/', import.meta.url);

/** Any number that nobody else locks; here the letters of `sayso`. */
const advisoryLock = 0x736179736f;

const migrationNames = (directory: URL): readonly string[] => {
  const files = readdirSync(directory).filter((name) => name.endsWith('.ts'));
  const misnamed = files.filter((name) => !/^\d{14}_[a-z0-9_]+\.ts$/.test(name));
  if (misnamed.length === 0) return files.toSorted();
  throw new ConfigError(
    misnamed.map((name) => ({
      where: `migrations/${name}`,
      what: 'this name gives no order to run it in',
      mend: 'name it `YYYYMMDDHHMMSS_what_changes.ts`',
    })),
  );
};

const source = (directory: URL): Knex.MigrationSource<string> => ({
  getMigrations: () => Promise.resolve([...migrationNames(directory)]),
  getMigrationName: (name) => name.replace(/\.ts$/, ''),
  getMigration: async (name) => (await import(new URL(name, directory).href)) as Knex.Migration,
});

/**
 * Brings the database to this version's shape and returns the names of the migrations run now.
 * Everything happens in one transaction, so a process killed on the way leaves the database as it
 * was, and others wait for their turn and then find nothing to do. Throws ConfigError when the
 * database is of a later version.
 */
export async function migrate(knex: Knex, directory: URL = folder): Promise<readonly string[]> {
  return knex.transaction(async (trx) => {
    // Held until the transaction ends, however it ends; knex's own lock, a row, would outlive a
    // killed process and is taken inside, where it is rolled back with the rest.
    await trx.raw('select pg_advisory_xact_lock(?)', [advisoryLock]);
    try {
      const [, run] = (await trx.migrate.latest({
        tableName: 'sayso_migration',
        migrationSource: source(directory),
      })) as [number, string[]];
      return run.map((name) => name.replace(/\.ts$/, ''));
    } catch (error) {
      if (!(error as Error).message.includes('migration directory is corrupt')) throw error;
      const problem = {
        where: 'the table `sayso_migration`',
        what: 'the database was changed by migrations that this version of Sayso does not have',
        mend: 'start the version that ran them, or a later one',
      };
      throw Object.assign(new ConfigError([problem]), { cause: error });
    }
  });
}

/** Whether the database has this version's shape, without changing anything. */
export const isMigrated = async (knex: Knex, directory: URL = folder): Promise<boolean> => {
  if (!(await knex.schema.hasTable('sayso_migration'))) return false;
  const run: readonly { name: string }[] = await knex('sayso_migration').select('name');
  const names = new Set(run.map(({ name }) => name));
  return migrationNames(directory).every((name) => names.has(name.replace(/\.ts$/, '')));
};
