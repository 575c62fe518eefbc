import type { Knex } from 'knex';
import type { Config, PostgresSourceConfig, SourceConfig } from './config/config.ts';
import { SourceError, type Problem } from './core/errors.ts';
import type { SaysoDatabase } from './database/open-database.ts';
import type { SubjectDirectory } from './ledger/subject-directory.ts';
import type { DomainType } from './policy/model.ts';
import { CheckedSource } from './sources/checked-source.ts';
import { DeclaredSource } from './sources/declared/declared-source.ts';
import { RestSource } from './sources/rest/rest-source.ts';
import type { Source } from './sources/source.ts';
import { SubjectKinds } from './sources/subject-kinds.ts';
import { SqlSource, type SqlSourceOptions } from './sources/sql/sql-source.ts';

export interface OpenSourcesOptions {
  readonly config: Config;
  readonly database: SaysoDatabase;
  readonly types: ReadonlyMap<string, DomainType>;
  /** Told when a source that came back lacks what the SDL names. */
  readonly onProblems: (source: string, problems: readonly Problem[]) => void;
  /** Sees every statement or request sent to a source, without values. */
  readonly onStatement?: (source: string, sql: string) => void;
}

type Connection = SqlSourceOptions['connection'];

/** Opens the connector that a source's kind asks for; nothing is sent before it is read. */
const open = (
  source: SourceConfig,
  connectionOf: (at: PostgresSourceConfig['at']) => Connection,
  { limits }: Config,
  onStatement?: (text: string) => void,
): Source => {
  const common = { maxRows: limits.maxRows, ...(onStatement && { onStatement }) };
  if (source.kind === 'rest') return new RestSource({ ...source, ...common });
  return new SqlSource({ ...source, ...common, connection: connectionOf(source.at) });
};

/** The sources of a configuration by name, not yet connected; each is checked before it is read. */
export const openSources = (options: OpenSourcesOptions): ReadonlyMap<string, CheckedSource> => {
  const { config, database, types, onProblems, onStatement } = options;
  const kinds = new SubjectKinds();
  const connectionOf = (at: PostgresSourceConfig['at']): Connection =>
    'url' in at ? { connectionString: at.url } : database.connection(at.database);
  return new Map(
    [...config.sources].map(([name, one]) => {
      const told = onStatement && ((text: string) => onStatement(name, text));
      const source = open(one, connectionOf, config, told);
      const tell = (problems: readonly Problem[]) => onProblems(name, problems);
      return [name, new CheckedSource(source, [...types.values()], kinds, tell)];
    }),
  );
};

/** Sayso's own database is near; what it does not answer by then it will not. */
const declaredTimeoutMs = 10_000;

/** The source of what persons declared, kept in Sayso's own database. */
export const declaredSourceOf = (
  knex: Knex,
  subjects: SubjectDirectory,
  maxRows: number,
): DeclaredSource =>
  new DeclaredSource({
    knex,
    maxRows,
    timeoutMs: declaredTimeoutMs,
    numbersOf: (type, ids) => subjects.numbersOf(type, ids),
    known: (type, id) => subjects.known(type, id),
  });

/**
 * What the SDL names and the sources with an address of their own lack, without starting or
 * writing anything. A source that does not answer is passed over: it is checked before it is read.
 */
export const problemsOfSources = async (
  config: Config,
  types: ReadonlyMap<string, DomainType>,
): Promise<readonly Problem[]> => {
  const domain = [...types.values()];
  const found = await Promise.all(
    [...config.sources].map(async ([name, one]) => {
      const own = domain.filter((type) => type.table.source === name);
      if (own.length === 0 || (one.kind === 'postgres' && !('url' in one.at))) return [];
      const connectionOf = (at: PostgresSourceConfig['at']): Connection =>
        'url' in at ? { connectionString: at.url } : {};
      const source = open(one, connectionOf, config);
      try {
        return await source.check(own, domain);
      } catch (error) {
        if (error instanceof SourceError) return [];
        throw error;
      } finally {
        await source.close();
      }
    }),
  );
  return found.flat();
};
