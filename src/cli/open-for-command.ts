import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openDatabase, type SaysoDatabase } from '../database/open-database.ts';

/**
 * Opens Sayso's own database for one command, beside a running gateway on the same data folder or
 * without one. On standard error it says where there was none before: a command that was started in
 * another folder than the gateway would else work on an empty database of its own unseen.
 */
export const openForCommand = async (config: Config): Promise<SaysoDatabase> => {
  const { dataDir, databaseUrl } = config;
  const isNew = databaseUrl === undefined && !existsSync(join(dataDir, 'postgres'));
  const database = await openDatabase({ config, role: 'command', log: () => undefined });
  if (isNew)
    console.error(
      `made a new database in ${dataDir}; a gateway that has its data elsewhere knows nothing of it: set SAYSO_DATA or DATABASE_URL as it has them`,
    );
  return database;
};
