import type pg from 'pg';
import { withClient } from '../../src/database/connection.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openTemporaryDatabase } from '../temporary-database.ts';
import { fillLedger, type Fill } from './fill.ts';

/** A PostgreSQL with the filled ledger. */
export interface LedgerStage {
  readonly connection: pg.ClientConfig;
  readonly postgresVersion: string;
  readonly fillSeconds: number;
  readonly databaseBytes: number;
  close(): Promise<void>;
}

/** Sets up a ledger with all that its subjects said; `close` removes it. */
export const setLedgerStage = async (fill: Fill): Promise<LedgerStage> => {
  const { database, close } = await openTemporaryDatabase();
  try {
    await migrate(database.knex);
    const connection = database.connection('sayso');
    const begin = performance.now();
    const { version, bytes } = await withClient(connection, async (client) => {
      await fillLedger(client, fill);
      const { rows } = await client.query<{ version: string; bytes: string }>(
        `select current_setting('server_version') as version,
           pg_database_size(current_database()) as bytes`,
      );
      return rows[0] ?? { version: 'unknown', bytes: 'NaN' };
    });
    return {
      connection,
      postgresVersion: version,
      fillSeconds: (performance.now() - begin) / 1_000,
      databaseBytes: Number(bytes),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
