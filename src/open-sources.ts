import type { Knex } from 'knex';
import type { Config } from './config/config.ts';
import { SourceError, type Problem } from './core/errors.ts';
import type { SaysoDatabase } from './database/open-database.ts';
import type { SubjectDirectory } from './ledger/subject-directory.ts';
import type { DomainType } from './policy/model.ts';
import { CheckedSource } from './sources/checked-source.ts';
import { DeclaredSource } from './sources/declared/declared-source.ts';
import { SubjectKinds } from './sources/subject-kinds.ts';
import { SqlSource } from './sources/sql/sql-source.ts';

export interface OpenSourcesOptions {
  readonly config: Config;
  readonly database: SaysoDatabase;
  readonly types: ReadonlyMap<string, DomainType>;
  /** Told when a source that came back lacks what the SDL names. */
  readonly onProblems: (source: string, problems: readonly Problem[]) => void;
  /** Sees every statement sent to a source, without values. */
  readonly onStatement?: (source: string, sql: string) => void;
}

/** The sources of a configuration by name, not yet connected; each is checked before it is read. */
export const openSources = (options: OpenSourcesOptions): ReadonlyMap<string, CheckedSource> => {
  const { config, database, types, onProblems, onStatement } = options;
  const kinds = new SubjectKinds();
  return new Map(
    [...config.sources].map(([name, source]) => {
      const own = [...types.values()].filter((type) => type.table.source === name);
      const sql = new SqlSource({
        ...source,
        connection:
          'url' in source.at
            ? { connectionString: source.at.url }
            : database.connection(source.at.database),
        maxRows: config.limits.maxRows,
        ...(onStatement && { onStatement: (text) => onStatement(name, text) }),
      });
      return [name, new CheckedSource(sql, own, kinds, (problems) => onProblems(name, problems))];
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
  });

/**
 * What the SDL names and the sources with an address of their own lack, without starting or
 * writing anything. A source that does not answer is passed over: it is checked before it is read.
 */
export const problemsOfSources = async (
  config: Config,
  types: ReadonlyMap<string, DomainType>,
): Promise<readonly Problem[]> => {
  const found = await Promise.all(
    [...config.sources].map(async ([name, source]) => {
      const own = [...types.values()].filter((type) => type.table.source === name);
      if (!('url' in source.at) || own.length === 0) return [];
      const sql = new SqlSource({
        ...source,
        connection: { connectionString: source.at.url },
        maxRows: config.limits.maxRows,
      });
      try {
        return await sql.check(own);
      } catch (error) {
        if (error instanceof SourceError) return [];
        throw error;
      } finally {
        await sql.close();
      }
    }),
  );
  return found.flat();
};
