import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Knex } from 'knex';
import type { ConsentInput } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import { firstOfEach, type NumberedEvent, type RecordedConsent } from './numbered-event.ts';

/** What a statement says, whatever key it came under. */
const fingerprintOf = (input: ConsentInput): string =>
  createHash('sha256')
    .update(canonicalize(JSON.parse(JSON.stringify({ ...input, idempotencyKey: undefined }))) ?? '')
    .digest('hex');

/**
 * Whose key it is: each actor's own. What a machine signals has keys that nobody can take, since no
 * name holds a control character: whoever took one first would keep the signal from being recorded.
 */
const ownerOf = ({ actor, signal }: ConsentInput): string =>
  signal === undefined ? (actor ?? '') : `\u0001${signal}`;

/** What was appended the first time, and the head from which on it counted. */
export interface RecordedBefore {
  readonly head: number;
  readonly events: readonly RecordedConsent[];
}

interface KeyRow {
  readonly fingerprint: string;
  readonly record: string;
  readonly head: number;
}

/**
 * What was recorded before under the same key.
 * @throws LedgerError IDEMPOTENCY_CONFLICT where it was something else
 */
export const recordedUnder = async (
  trx: Knex.Transaction,
  { input, subject, event }: NumberedEvent,
): Promise<RecordedBefore | undefined> => {
  if (input.idempotencyKey === undefined) return undefined;
  const { rows } = await trx.raw<{ rows: KeyRow[] }>(
    `select fingerprint, record, head::float8 from consent_key
     where subject = ? and actor = ? and key = ?`,
    [subject, ownerOf(input), input.idempotencyKey],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  if (row.fingerprint !== fingerprintOf(input)) {
    throw new LedgerError(
      'another statement was recorded under this `idempotencyKey`; give each its own',
      'IDEMPOTENCY_CONFLICT',
    );
  }
  return { head: row.head, events: [{ ...event, record: row.record }] };
};

/** Remembers the keys of statements just appended, in their transaction. */
export const keepKeys = async (
  trx: Knex.Transaction,
  fresh: readonly NumberedEvent[],
  head: number,
): Promise<void> => {
  for (const { input, subject, event } of firstOfEach(fresh)) {
    if (input.idempotencyKey === undefined) continue;
    await trx.raw(
      `insert into consent_key (subject, actor, key, fingerprint, record, head)
         values (?, ?, ?, ?, ?, ?)`,
      [subject, ownerOf(input), input.idempotencyKey, fingerprintOf(input), event.record, head],
    );
  }
};
