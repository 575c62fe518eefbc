import type { ConsentKind, ConsentSignal } from '../core/consent.ts';
import { statement, type Statements } from '../core/statement.ts';
import type { StoredEvent } from './fold-events.ts';

/** An event with its place in the ledger. */
export interface PositionedEvent extends StoredEvent {
  readonly position: number;
}

interface EventRow {
  readonly subject: number;
  readonly position: number;
  readonly kind: ConsentKind;
  readonly purposes: string[];
  readonly categories: string[];
  readonly origins: string[];
  readonly declared: string[];
  readonly recipients: string[];
  readonly bases: string[] | null;
  readonly signal: ConsentSignal | null;
  readonly confirmed: boolean;
  readonly at: number;
  readonly valid_until: number | null;
}

const eventsOf = statement(
  'read events of subjects',
  `select subject, position::float8, kind, purposes, categories, origins, declared, recipients,
     bases, signal, confirmed, (extract(epoch from at) * 1000000)::float8 as at,
     (extract(epoch from valid_until) * 1000000)::float8 as valid_until
   from consent_event where subject = any(?) order by subject, position`,
);

/**
 * Reads all events of some subjects, in the ledger's order. Times are whole microseconds since 1970.
 *
 * @returns by number; who has none is not in it
 */
export const readEvents = async (
  database: Statements,
  numbers: readonly number[],
  timeoutMs: number,
): Promise<ReadonlyMap<number, readonly PositionedEvent[]>> => {
  const { rows } = await database.ask<EventRow>(eventsOf, [numbers], timeoutMs);
  const bySubject = new Map<number, PositionedEvent[]>();
  for (const { subject, valid_until, ...row } of rows) {
    const event: PositionedEvent = { ...row, validUntil: valid_until };
    const events = bySubject.get(subject);
    if (events) events.push(event);
    else bySubject.set(subject, [event]);
  }
  return bySubject;
};
