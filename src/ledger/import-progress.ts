import type { Knex } from 'knex';
import { LedgerError } from '../core/errors.ts';

/** How far an import has come with what is appended now. */
export interface ImportProgress {
  readonly name: string;
  /** SHA-256 of the file, so that another is not taken for its rest. */
  readonly fingerprint: string;
  /** Lines read since the import began, this batch included. */
  readonly lines: number;
  readonly accepted: number;
  readonly refused: number;
  readonly finished: boolean;
}

/**
 * Notes how far an import has come.
 * @throws LedgerError when another process has gone on with the same import meanwhile
 */
export const noteImport = async (
  trx: Knex.Transaction,
  { name, fingerprint, lines, accepted, refused, finished }: ImportProgress,
): Promise<void> => {
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `insert into consent_import (name, fingerprint, lines, accepted, refused, finished)
     values (?, ?, ?, ?, ?, ?)
     on conflict (name) do update set lines = excluded.lines, accepted = excluded.accepted,
       refused = excluded.refused, finished = excluded.finished
       where consent_import.fingerprint = excluded.fingerprint
         and not consent_import.finished and consent_import.lines < excluded.lines
     returning name`,
    [name, fingerprint, lines, accepted, refused, finished],
  );
  if (rows.length === 0) {
    throw new LedgerError(
      `the import \`${name}\` has gone on elsewhere, or was of another file`,
      'CONSENT_CONFLICT',
    );
  }
};

/** Whether this is the first import of that name. */
export const claimImport = async (trx: Knex.Transaction, name: string): Promise<boolean> => {
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    'insert into consent_import (name) values (?) on conflict do nothing returning name',
    [name],
  );
  return rows.length === 1;
};
