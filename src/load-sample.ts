import type { Config } from './config/config.ts';
import type { SaysoDatabase } from './database/open-database.ts';
import type { Consents } from './decision/identified-consents.ts';
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
