import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Knex } from 'knex';
import type { Config } from './config/config.ts';
import { sampleShop } from './config/sample-config.ts';
import type { SaysoDatabase } from './database/open-database.ts';
import type { Consents } from './decision/identified-consents.ts';
import { readNotices } from './ledger/notice-store.ts';
import { publishContent } from './notices/publish-content.ts';
import { readNotice } from './notices/read-notice-file.ts';
import type { Policy } from './policy/compile-policy.ts';
import { loadShop, sampleVersion } from './sample/load-shop.ts';
import { sampleConsents } from './sample/sample-consents.ts';

/** Called as loading goes on; never at all when everything is there already. */
export type SampleProgress = (done: number, total: number, what: string) => void;

const databaseOf = (config: Config, source: string): string | undefined => {
  const one = config.sources.get(source);
  return one?.kind === 'postgres' && 'database' in one.at ? one.at.database : undefined;
};

/**
 * Makes the databases that sources name on Sayso's own PostgreSQL, and fills those of the sample
 * shop where they are empty, each in one transaction: a start that was cut short is simply gone
 * on with.
 */
export const loadSampleRows = async (
  config: Config,
  database: SaysoDatabase,
  progress: SampleProgress = () => undefined,
): Promise<void> => {
  for (const source of config.sources.values()) {
    if (source.kind === 'postgres' && 'database' in source.at)
      await database.ensureDatabase(source.at.database);
  }
  const shop = databaseOf(config, 'shop');
  const crm = databaseOf(config, 'crm');
  if (!config.loadSampleShop || shop === undefined || crm === undefined) return;
  await loadShop({ shop: database.connection(shop), crm: database.connection(crm), progress });
};

/**
 * Publishes the sample's notices, each once: of one that has versions already, somebody may have
 * published others on purpose.
 */
export const loadSampleNotices = async (
  config: Config,
  knex: Knex,
  policy: Policy,
): Promise<void> => {
  if (!config.loadSampleShop) return;
  const book = await readNotices(knex);
  for (const file of (await readdir(sampleShop.notices)).sort()) {
    const text = await readFile(join(sampleShop.notices, file), 'utf8');
    const notice = readNotice(text, file, policy);
    // Another SDL over the sample's tables may know other purposes; it then starts without.
    if (notice.ok && !book.has(notice.id)) await publishContent(knex, notice, 'sample');
  }
};

/** Records what the sample's customers said, once. */
export const loadSampleConsents = async (
  config: Config,
  database: SaysoDatabase,
  policy: Policy,
  consents: Consents,
  progress: SampleProgress = () => undefined,
): Promise<void> => {
  const name = `sample-shop-${sampleVersion}`;
  if (!config.loadSampleShop) return;
  if (await database.knex('consent_import').where({ name }).first('name')) return;
  const { purposeTree, categoryTree, types } = policy.model;
  // Another SDL over the sample's tables may know less; it then starts with less say-so.
  const events = [...sampleConsents()].filter(
    ({ subject, purpose, categories = [] }) =>
      types.get(subject.type)?.person !== undefined &&
      (purpose === undefined || purposeTree.has(purpose)) &&
      categories.every((category) => categoryTree.has(category)),
  );
  if (events.length === 0) return;
  const total = events.length;
  await consents.append(events, {
    name,
    onProgress: (done) => progress(done, total, 'what customers agreed to'),
  });
};
