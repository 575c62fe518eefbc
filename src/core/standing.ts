/**
 * When what stands at a position of the ledger was written: an event, or a version of a notice. The same
 * text whatever time zone a connection has, which is compared with what another one said.
 */
export const recordedAt = (position: string): string => `coalesce(
  (select extract(epoch from recorded_at) from consent_event where position = ${position}),
  (select extract(epoch from published_at) from notice where position = ${position}))::text`;

/** Where the ledger stood when something was decided: it holds for as long as the ledger stands there. */
export interface Standing {
  readonly head: number;
  /** When what stands at the head was written, as `recordedAt` has it: no other history has the same. */
  readonly newest: string | null;
  /** Microseconds since 1970 by the database's clock; later than this it has run ahead of ours. */
  readonly until: number;
}

/**
 * Whether the ledger stands there still, in SQL, for a statement that does something only then. It sees
 * the ledger as it is when that statement begins.
 */
export const stands = `exists (
  select from ledger_head h
  where h.position = ? and ${recordedAt('h.position')} is not distinct from ?
    and clock_timestamp() <= to_timestamp(?::float8 / 1000000)
)`;

/** The values of `stands`. */
export const standingValues = ({
  head,
  newest,
  until,
}: Standing): readonly (number | string | null)[] => [head, newest, until];

/** Whether both say the same of the ledger, but for the time. */
export const isSameStanding = (one: Standing, other: Standing): boolean =>
  one.head === other.head && one.newest === other.newest;
