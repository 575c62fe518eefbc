import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { keepPolicy } from './audit/audit-store.ts';
import type { Config } from './config/config.ts';
import { SchemaError, SourceError } from './core/errors.ts';
import { migrate } from './database/migrate.ts';
import type { SaysoDatabase } from './database/open-database.ts';
import { identifiedConsents, type Consents } from './decision/identified-consents.ts';
import { ConsentStore } from './ledger/consent-store.ts';
import type { SubjectDirectory } from './ledger/subject-directory.ts';
import {
  loadSampleConsents,
  loadSampleNotices,
  loadSampleRows,
  type SampleProgress,
} from './load-sample.ts';
import { openSources } from './open-sources.ts';
import { openSubjects } from './open-subjects.ts';
import type { Policy } from './policy/compile-policy.ts';
import type { CheckedSource } from './sources/checked-source.ts';

/** Sources and ledger, as a gateway works with them. */
export interface OpenData {
  readonly knex: Knex;
  readonly subjects: SubjectDirectory;
  readonly sources: ReadonlyMap<string, CheckedSource>;
  readonly consents: Consents;
  /** Closes the sources. The database is whose who opened it. */
  close(): Promise<void>;
}

export interface OpenDataOptions {
  readonly config: Config;
  readonly policy: Policy;
  readonly database: SaysoDatabase;
  /** Another process has brought the database up to date and loaded the sample. */
  readonly prepared?: boolean;
  readonly progress?: SampleProgress | undefined;
  /** Sees every statement sent to a source, without values. */
  readonly onStatement?: ((source: string, sql: string) => void) | undefined;
  /** What a source lacks, when that is found later. */
  readonly onProblems: (source: string, problems: SchemaError['problems']) => void;
  /** A source that is down does not stop the start, and stays unread until it was checked. */
  readonly onDown: (source: string, error: SourceError) => void;
}

/**
 * Opens sources and ledger; unless that was done, brings the database to this version's shape and
 * loads the sample first.
 *
 * @throws SchemaError with all that sources lack, ConfigError, and what the database says; nothing
 *   stays open then
 */
export const openData = async (options: OpenDataOptions): Promise<OpenData> => {
  const { config, policy, database, prepared = false, progress, onStatement } = options;
  const { knex, statements } = database;
  if (!prepared) await migrate(knex);
  const subjects = await openSubjects(config, knex, { database: statements });
  if (!prepared) {
    await keepPolicy(knex, policy);
    await loadSampleRows(config, database, progress);
  }
  const sources = openSources({
    config,
    database,
    types: policy.model.types,
    onProblems: options.onProblems,
    ...(onStatement && { onStatement }),
  });
  const close = async (): Promise<void> => {
    await Promise.all([...sources.values()].map((source) => source.close()));
  };
  try {
    await checkSources(sources, options.onDown);
    const store = new ConsentStore(knex, subjects, policy);
    const consents = identifiedConsents({ store, subjects, policy, sources });
    if (!prepared) {
      await loadSampleConsents(config, database, policy, consents, progress);
      await loadSampleNotices(config, knex, policy);
    }
    return { knex, subjects, sources, consents, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** How what is found out about sources goes to the log. */
export const tellOfSources = (
  logger: Pick<Logger, 'error' | 'warn'>,
): Pick<OpenDataOptions, 'onProblems' | 'onDown'> => ({
  onProblems: (source, problems) =>
    logger.error({ problems }, `source ${source} lacks what the schema names`),
  onDown: (source, error) => logger.warn({ source, code: error.code }, error.message),
});

const checkSources = async (
  sources: ReadonlyMap<string, CheckedSource>,
  onDown: OpenDataOptions['onDown'],
): Promise<void> => {
  const found = await Promise.all(
    [...sources.values()].map(async (source) => {
      try {
        return await source.check();
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        onDown(source.name, error);
        return [];
      }
    }),
  );
  const problems = found.flat();
  if (problems.length > 0) throw new SchemaError(problems);
};
