import type { Knex } from 'knex';
import type { ConsentKind, ConsentSignal } from '../core/consent.ts';

/** One line of the ledger about one person, whole. */
export interface HistoryLine {
  readonly position: number;
  readonly record: string;
  readonly kind: ConsentKind;
  readonly at: Date;
  readonly recordedAt: Date;
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
  readonly origins: readonly string[];
  readonly declared: readonly string[];
  readonly recipients: readonly string[];
  readonly validUntil: Date | null;
  readonly notice: string | null;
  readonly noticeVersion: number | null;
  readonly language: string | null;
  readonly method: string;
  readonly actor: string | null;
  readonly signal: ConsentSignal | null;
  readonly confirmed: boolean;
  readonly evidence: string | null;
}

/**
 * Who recorded something, as it is shown to the person whom it is about: null for themself. Agents
 * are named; of other persons not even the number is told.
 */
export const shownActor = (actor: string | null, number: number): string | null => {
  if (actor === null || actor === 'self' || actor === `subject:${number}`) return null;
  return actor.startsWith('subject:') ? 'another person' : actor;
};

/**
 * What was said by or for one person, newest first.
 *
 * @param before only lines at lower positions
 */
export const readHistory = async (
  knex: Knex,
  subject: number,
  { first, before }: { readonly first: number; readonly before?: number | undefined },
): Promise<readonly HistoryLine[]> => {
  const { rows } = await knex.raw<{ rows: HistoryLine[] }>(
    `select position::float8, record, kind, at, recorded_at as "recordedAt", purposes, categories,
       origins, declared, recipients, valid_until as "validUntil", notice,
       notice_version as "noticeVersion", language, method, actor, signal, confirmed, evidence
     from consent_event where subject = ? and position < ? order by position desc limit ?`,
    [subject, before ?? Number.MAX_SAFE_INTEGER, first],
  );
  return rows;
};
