import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withClient } from '../../src/database/connection.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';

/** Where its data lie; what needs them is skipped, and says so, without. */
export const data = process.env['SAYSO_TEST_DATA'];

/** The SDL that serves it: there is nothing else. */
export const readSchema = async (): Promise<Record<string, string>> => {
  const folder = join(import.meta.dirname, 'schema');
  const names = await readdir(folder);
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
};

/** A database with its tables. */
export const loadChinook = async (): Promise<FreshDatabase> => {
  const script = await readFile(join(data ?? '', 'chinook/Chinook_PostgreSql.sql'), 'utf8');
  // For psql, which makes a database of its own.
  const sql = script.replaceAll(/^(DROP DATABASE|CREATE DATABASE|\\c) .*$/gm, '');
  const database = await freshDatabase();
  await withClient(database.connection, (client) => client.query(sql));
  return database;
};
