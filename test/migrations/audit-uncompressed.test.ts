import { afterAll, beforeAll, expect, it } from 'vitest';
import { down, up } from '../../migrations/20261201090000_audit_uncompressed.ts';
import { openPool } from '../../src/database/connection.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase({ migrated: true });
});
afterAll(() => database.drop());

/** A limit of the deployment's own. */
const ownLimit = '45s';
const inTransaction = (change: typeof up): Promise<string> =>
  database.knex.transaction(async (trx) => {
    await trx.raw(`set local statement_timeout = '${ownLimit}'`);
    await change(trx);
    const { rows } = await trx.raw<{ rows: { limit: string }[] }>(
      `select current_setting('statement_timeout') as limit`,
    );
    return rows[0]?.limit ?? '';
  });

// Replicas write to the log all the time, and nobody is answered while they cannot.
it.each([
  ['up', up],
  ['down', down],
])('%s waits for nobody who reads for long, and can begin again', async (_, change) => {
  const reading = openPool(database.connection);
  try {
    const trx = await reading.transaction();
    await trx.raw('lock table audit_entry in access share mode');
    await expect(inTransaction(change)).rejects.toMatchObject({ code: '57014' });
    await trx.rollback();
    expect(await inTransaction(change)).toBe(ownLimit);
  } finally {
    await reading.destroy();
  }
});
