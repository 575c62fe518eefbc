import { recordedAt } from '../core/standing.ts';
import { statement } from '../core/statement.ts';

/**
 * Reads the head of the ledger, the database's time, the newest notice, and what tells one history
 * from another of the same length. The values are the head that was read before. What stands
 * there now is asked for only where the head has moved: else it is the newest.
 */
export const headRead = statement(
  'read head of ledger',
  `select h.position::text, (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now,
     ${recordedAt('h.position')} as newest,
     case when h.position <> known.position then ${recordedAt('known.position')} end as seen,
     coalesce((select max(position) from notice), 0)::float8 as notices
   from ledger_head h, (select ?::bigint as position) known`,
);

export interface HeadRow {
  readonly position: string;
  readonly now: string;
  readonly newest: string | null;
  /** Null as well where the head has not moved. */
  readonly seen: string | null;
  readonly notices: number;
}

/** Reads who has changed after one position, up to another. */
export const tailRead = statement(
  'read tail of ledger',
  `select subject, max(position)::text as position, bool_or(kind = 'erased') as erased
   from consent_event where position > ? and position <= ? group by subject`,
);

export interface TailRow {
  readonly subject: number;
  readonly position: string;
  readonly erased: boolean;
}
