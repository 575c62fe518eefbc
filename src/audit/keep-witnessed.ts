import type { Knex } from 'knex';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { appendSignatures, parseNote } from '../tlog/note.ts';

/**
 * Keeps a checkpoint with the lines of a witness, beside those of others for the same one. It never
 * takes the place of a larger one.
 *
 * @param note signed by the log
 */
export const keepWitnessed = async (
  knex: Knex,
  log: number,
  note: string,
  lines: readonly string[],
): Promise<void> => {
  const { text } = parseNote(note);
  const size = Number(parseCheckpoint(text).size);
  for (;;) {
    const { rows } = await knex.raw<{ rows: { witnessed: string | null; size: number | null }[] }>(
      'select witnessed, witnessed_size::float8 as size from audit_log where id = ?',
      [log],
    );
    const kept = rows[0];
    if (!kept || (kept.size ?? -1) > size) return;
    const same = kept.witnessed !== null && parseNote(kept.witnessed).text === text;
    const longer = appendSignatures(same ? (kept.witnessed ?? note) : note, lines);
    // One statement, so that entries never wait for it longer than it takes.
    const { rowCount } = await knex.raw<{ rowCount: number }>(
      `update audit_log set witnessed = ?, witnessed_size = ?
       where id = ? and witnessed is not distinct from ?`,
      [longer, size, log, kept.witnessed],
    );
    if (rowCount === 1) return;
  }
};
