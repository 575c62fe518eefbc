import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type SaysoDatabase } from '../src/database/open-database.ts';

/** A PostgreSQL of the bench's own. */
export interface TemporaryDatabase {
  readonly database: SaysoDatabase;
  /** Gone with the database. */
  readonly folder: string;
  /** Where the database lies. */
  readonly dataDir: string;
  /** The process whose children are the server's. */
  readonly postmaster: number;
  readonly postgresVersion: string;
  /** As often as one likes. */
  readonly close: () => Promise<void>;
}

/** Starts an embedded PostgreSQL in a new folder; `close` stops it and removes the folder. */
export const openTemporaryDatabase = async (): Promise<TemporaryDatabase> => {
  const folder = await mkdtemp(join(tmpdir(), 'sayso-bench-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    // As root the server runs as another account, which has to pass through.
    await chmod(folder, 0o711);
    const dataDir = join(folder, 'data');
    const log = (): void => undefined;
    const database = await openDatabase({ config: { dataDir }, role: 'gateway', log });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= database.close().finally(remove));
    const pid = await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8');
    const postmaster = Number(pid.split('\n')[0]);
    const { rows } = await database.knex.raw<{ rows: { server_version: string }[] }>(
      'show server_version',
    );
    const postgresVersion = rows[0]?.server_version ?? 'unknown';
    return { database, folder, dataDir, postmaster, postgresVersion, close };
  } catch (error) {
    await remove();
    throw error;
  }
};
