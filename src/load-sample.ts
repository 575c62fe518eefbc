import type { Config } from './config/config.ts';
import type { SaysoDatabase } from './database/open-database.ts';
import type { ConsentStore } from './ledger/consent-store.ts';
import type { Policy } from './policy/compile-policy.ts';
import { loadShop, sampleVersion } from './sample/load-shop.ts';
import { sampleConsents } from './sample/sample-consents.ts';

/** Called as loading goes on; never at all when everything is there already. */
export type SampleProgress = (done: number, total: number, what: string) => void;

export interface LoadSampleOptions {
  readonly config: Config;
  readonly database: SaysoDatabase;
  readonly policy: Policy;
  readonly consents: ConsentStore;
  readonly progress?: SampleProgress;
}

const databaseOf = (config: Config, source: string): string | undefined => {
  const at = config.sources.get(source)?.at;
  return at && 'database' in at ? at.database : undefined;
};

/**
 * Makes the databases that sources name on Sayso's own PostgreSQL, and fills the sample shop where
 * it is missing: each source and the say-so in one transaction of its own, so that a start that
 * was cut short is simply gone on with.
 */
export const loadSample = async (options: LoadSampleOptions): Promise<void> => {
  const { config, database, policy, consents } = options;
  const progress = options.progress ?? (() => undefined);
  for (const source of config.sources.values()) {
    if ('database' in source.at) await database.ensureDatabase(source.at.database);
  }
  const shop = databaseOf(config, 'shop');
  const crm = databaseOf(config, 'crm');
  if (!config.loadSampleShop || shop === undefined || crm === undefined) return;
  await loadShop({ shop: database.connection(shop), crm: database.connection(crm), progress });
  const name = `sample-shop-${sampleVersion}`;
  if (await database.knex('consent_import').where({ name }).first('name')) return;
  const { purposeTree, categoryTree, types } = policy.model;
  // Another SDL over the sample's tables may know less; it then starts with less say-so.
  const events = [...sampleConsents()].filter(
    ({ subject, purpose, categories = [] }) =>
      types.get(subject.type)?.person !== undefined &&
      purposeTree.has(purpose) &&
      categories.every((category) => categoryTree.has(category)),
  );
  const total = events.length;
  await consents.append(events, {
    name,
    onProgress: (done) => progress(done, total, 'what customers agreed to'),
  });
};
