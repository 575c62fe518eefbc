import type { Knex } from 'knex';
import { decodeEntry } from './decode-entry.ts';
import type { StoredEntry } from './entry.ts';
import type { LogState } from './log-state.ts';

/** An entry as it lies in the database. */
export interface LeafRow {
  readonly index: number;
  readonly at: Date;
  readonly id: string;
  readonly bytes: Buffer;
  /** As it was when the entry was written; not computed anew. */
  readonly hash: Buffer;
}

/** How many entries are held at a time while many are read. */
const chunk = 1_000;

/** Entries of a log from `from` up to, and without, `to`; those that retention took are missing. */
export const readLeaves = async (
  knex: Knex,
  log: number,
  from: number,
  to: number,
): Promise<readonly LeafRow[]> => {
  const { rows } = await knex.raw<{
    rows: { index: number; at: Date; id: string; entry: Buffer; hash: Buffer }[];
  }>(
    `select index::float8, at, id, entry, hash from audit_entry
     where log = ? and index >= ? and index < ? order by index`,
    [log, from, to],
  );
  return rows.map(({ entry, ...row }) => ({ ...row, bytes: entry }));
};

/**
 * Reads a log in its order, in constant memory.
 *
 * @param range places, from 0; to the log's end as it was read when left out
 */
export async function* eachLeaf(
  knex: Knex,
  { id, size }: Pick<LogState, 'id' | 'size'>,
  { from = 0, to = size }: { readonly from?: number; readonly to?: number } = {},
): AsyncGenerator<LeafRow> {
  for (let next = from; next < to; next += chunk) {
    yield* await readLeaves(knex, id, next, Math.min(to, next + chunk));
  }
}

/** The entry of a row. @throws SaysoError AUDIT_ENTRY_INVALID */
export const entryOf = ({ index, bytes }: LeafRow, origin: string): StoredEntry => ({
  ...decodeEntry(bytes),
  log: origin,
  index,
});
