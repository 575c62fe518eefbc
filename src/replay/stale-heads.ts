import type { Knex } from 'knex';

/** Clocks and followers may differ by so much, in microseconds; nobody decides by what is older. */
export const mostLag = 300_000_000;

/** What an operation was decided by, and about whom. */
export interface DecidedAt {
  readonly head: number;
  /** Microseconds since 1970. */
  readonly decidedAt: number;
  readonly numbers: readonly number[];
}

/** By number: the newest position that had to be heeded and was not. */
export type Unheeded = ReadonlyMap<number, number>;

/**
 * What had been recorded long before operations were decided and was not heeded, because the head
 * that they were decided by was older. Costs one look at the event behind each head; only where that
 * one is old, the persons are looked at.
 *
 * @returns by operation; where all was heeded it is not in it
 */
export const readUnheeded = async <T extends DecidedAt>(
  knex: Knex,
  operations: readonly T[],
): Promise<ReadonlyMap<T, Unheeded>> => {
  const heads = [...new Set(operations.map(({ head }) => head))];
  if (heads.length === 0) return new Map();
  // INVARIANT: events are recorded in the order of their positions, under the lock of the head.
  const { rows } = await knex.raw<{ rows: { head: number; next: number | null }[] }>(
    `select head::float8, (
       select extract(epoch from recorded_at) * 1000000 from consent_event
       where position > head order by position limit 1
     )::float8 as next from unnest(?::bigint[]) as head`,
    [heads],
  );
  const nextOf = new Map(rows.map(({ head, next }) => [head, next ?? Infinity]));
  const found = new Map<T, Unheeded>();
  for (const operation of operations) {
    const { head, decidedAt, numbers } = operation;
    const until = decidedAt - mostLag;
    if ((nextOf.get(head) ?? Infinity) >= until || numbers.length === 0) continue;
    const events = await knex.raw<{ rows: { subject: number; position: number }[] }>(
      `select subject, max(position)::float8 as position from consent_event
       where subject = any(?) and position > ?
         and extract(epoch from recorded_at) * 1000000 < ? group by subject`,
      [numbers as number[], head, until],
    );
    if (events.rows.length > 0)
      found.set(operation, new Map(events.rows.map((row) => [row.subject, row.position])));
  }
  return found;
};
