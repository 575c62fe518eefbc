import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { createAuditStore, type AuditStore } from '../../src/audit/audit-store.ts';
import { beginLog } from '../../src/audit/log-state.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openTemporaryDatabase } from '../temporary-database.ts';

/** A PostgreSQL with Sayso's tables and nothing in them. */
export interface AuditStage {
  readonly knex: Knex;
  readonly postmaster: number;
  readonly postgresVersion: string;
  /** A log of its own, so that runs do not build on each other. */
  log(): Promise<AuditStore>;
  close(): Promise<void>;
}

export const setAuditStage = async (): Promise<AuditStage> => {
  const { database, postmaster, postgresVersion, close } = await openTemporaryDatabase();
  const { knex } = database;
  await migrate(knex);
  await ensureMonths(knex, new Date());
  return {
    knex,
    postmaster,
    postgresVersion,
    log: async () => {
      const origin = `bench.local/${randomUUID()}`;
      const log = await beginLog(knex, origin, 'none');
      return createAuditStore({ knex, database: database.statements, log, origin });
    },
    close,
  };
};
