import type { Knex } from 'knex';
import type { SubjectRef } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import { uuidv7 } from '../core/uuid.ts';
import type { SubjectDirectory } from './subject-directory.ts';

/** What an erasure did, by source and type; names nobody. */
export interface ErasureLine {
  readonly source: string;
  readonly type: string;
  readonly outcome: 'DELETED' | 'ANONYMIZED' | 'KEPT' | 'NOT_SAID' | 'FAILED';
  readonly rows: number;
  /** The law that rows are kept for, or what failed. */
  readonly because: string | null;
}

export interface EraseLinkOptions {
  /** Who asked, as the log names them. */
  readonly actor: string;
  readonly report: readonly ErasureLine[];
  /**
   * Rows of the person remain somewhere: whoever is known by the same id from now on has said no to
   * everything, so that what is kept for a law is used for nothing else.
   */
  readonly rowsRemain: boolean;
}

/** Position of the newest erasure, of whomever; 0 where there is none. */
export const newestErasure = async (knex: Knex): Promise<number> => {
  const { rows } = await knex.raw<{ rows: { position: number }[] }>(
    'select coalesce(max(position), 0)::float8 as position from erasure',
  );
  return rows[0]?.position ?? 0;
};

/** Newer than all that was said before, as everything that is said now. */
const insertNo = `
  insert into consent_event
    (position, subject, kind, purposes, categories, at, method, actor, record, policy)
  select ?::bigint, said.subject, ?, '{}', '{}', greatest(clock_timestamp(), (
      select max(earlier.at) + interval '1 microsecond' from consent_event as earlier
      where earlier.subject = said.subject
    )), 'erasure', ?, ?::uuid, null
  from (select ?::integer as subject) as said`;

/**
 * Says no to everything in the person's name, before anything of theirs is erased: should the erasure
 * be cut short, nothing that is left is used for what rests on their word.
 *
 * @throws LedgerError LEDGER_UNAVAILABLE; nothing is to be erased then
 */
export const announceErasure = async (
  knex: Knex,
  subjects: SubjectDirectory,
  { type, id }: SubjectRef,
  actor: string,
): Promise<void> => {
  try {
    await knex.transaction(async (trx) => {
      await trx.raw('select from ledger_head for update');
      const number = await subjects.assignWithin(trx, type, id);
      const { rows } = await trx.raw<{ rows: { position: string }[] }>(
        'update ledger_head set position = position + 1 returning position::text',
      );
      if (number === undefined) throw new Error('a person without a number');
      const at = Number(rows[0]?.position);
      await trx.raw(insertNo, [at, 'withdrawn', actor, uuidv7(), number]);
    });
  } catch (cause) {
    throw new LedgerError('the erasure could not be recorded', 'LEDGER_UNAVAILABLE', { cause });
  }
};

/**
 * Destroys the one link between a person and their number, with what they declared, in one
 * transaction. Events and entries stay, and name a number that stands for nobody; an id that is used
 * again gets another number and inherits nothing.
 *
 * @returns the ledger's head that it counts from
 * @throws LedgerError LEDGER_UNAVAILABLE; nothing is erased then
 */
export const eraseLink = async (
  knex: Knex,
  subjects: SubjectDirectory,
  { type, id }: SubjectRef,
  { actor, report, rowsRemain }: EraseLinkOptions,
): Promise<number> => {
  try {
    const head = await knex.transaction(async (trx) => {
      // A statement of its own: one that waited for the lock would not see who was numbered meanwhile.
      await trx.raw('select from ledger_head for update');
      const old = await subjects.unlinkWithin(trx, type, id);
      const fresh = rowsRemain ? await subjects.assignWithin(trx, type, id) : undefined;
      const events = [
        ...(old === undefined ? [] : [[old, 'erased'] as const]),
        ...(fresh === undefined ? [] : [[fresh, 'withdrawn'] as const]),
      ];
      // The erasure itself has the last position.
      const { rows } = await trx.raw<{ rows: { position: string }[] }>(
        'update ledger_head set position = position + ? returning position::text',
        [Math.max(1, events.length)],
      );
      const position = Number(rows[0]?.position);
      for (const [i, [number, kind]] of events.entries()) {
        const at = position - events.length + 1 + i;
        await trx.raw(insertNo, [at, kind, actor, uuidv7(), number]);
      }
      if (old !== undefined) {
        await trx.raw('delete from declared_value where subject = ?', [old]);
        await trx.raw('delete from consent_key where subject = ?', [old]);
      }
      await trx.raw(
        'insert into erasure (position, actor, report, subject) values (?, ?, ?::jsonb, ?)',
        [position, actor, JSON.stringify(report), old ?? null],
      );
      return position;
    });
    subjects.forget(undefined);
    return head;
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError('the link to the person could not be destroyed', 'LEDGER_UNAVAILABLE', {
      cause: error,
    });
  }
};
