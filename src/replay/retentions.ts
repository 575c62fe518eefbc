import type { Knex } from 'knex';
import { decodeEntry } from '../audit/decode-entry.ts';
import type { RetentionEntry } from '../audit/entry.ts';
import { SaysoError } from '../core/errors.ts';

const decoded = (bytes: Buffer): readonly RetentionEntry[] => {
  try {
    const entry = decodeEntry(bytes);
    return entry.kind === 'retention' ? [entry] : [];
  } catch (error) {
    if (error instanceof SaysoError) return [];
    throw error;
  }
};

/**
 * The entries in which logs say that older ones go. They are looked for in the entries themselves,
 * which takes a while in a long log: the index is no witness.
 *
 * @param log its number; all logs without it
 */
export const readRetentions = async (
  knex: Knex,
  log?: number,
): Promise<readonly RetentionEntry[]> => {
  const { rows } = await knex.raw<{ rows: { entry: Buffer }[] }>(
    `select entry from audit_entry
     where ${log === undefined ? 'true' : 'log = ?'}
       and position(convert_to('"kind":"retention"', 'UTF8') in entry) > 0`,
    log === undefined ? [] : [log],
  );
  return rows.flatMap(({ entry }) => decoded(entry));
};

/** From which place on a log says that it is kept. */
export const firstKept = async (
  knex: Knex,
  { id, origin }: { readonly id: number; readonly origin: string },
): Promise<number> => {
  let first = 0;
  for (const { logs } of await readRetentions(knex, id))
    for (const [name, place] of logs) if (name === origin) first = Math.max(first, place);
  return first;
};
