import type { Knex } from 'knex';

/** How far an import of that name came. */
export interface ImportedSoFar {
  /** `null` for one of a version that kept none. */
  readonly fingerprint: string | null;
  /** The line whose row was the last that was dealt with. */
  readonly lines: number;
  readonly accepted: number;
  readonly refused: number;
  readonly finished: boolean;
}

/** Reads how far an import came; `undefined` when it never began. */
export const readImportProgress = async (
  knex: Knex,
  name: string,
): Promise<ImportedSoFar | undefined> => {
  const { rows } = await knex.raw<{ rows: ImportedSoFar[] }>(
    `select fingerprint, lines::float8, accepted::float8, refused::float8, finished
     from consent_import where name = ?`,
    [name],
  );
  return rows[0];
};
