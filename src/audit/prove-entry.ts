import type { Knex } from 'knex';
import { SaysoError } from '../core/errors.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { hashLeaf, verifyInclusion } from '../tlog/merkle.ts';
import { parseNote } from '../tlog/note.ts';
import { formatProof } from '../tlog/proof-file.ts';
import { inclusionProof } from '../tlog/tiles.ts';
import { tileWidth } from '../tlog/tree-tail.ts';
import { databaseTiles } from './log-state.ts';
import { byKnex } from '../core/statement.ts';

export interface ProveOptions {
  readonly knex: Knex;
  readonly log: number;
  readonly index: number;
  /** A signed note that holds the entry. */
  readonly checkpoint: string;
  /** Kept with the proof; nobody signs for it. */
  readonly extra?: Buffer;
}

export interface ProvedEntry {
  /** C2SP tlog-proof. */
  readonly proof: string;
  /** Absent where retention took it: its hash still is in the log. */
  readonly entry: Buffer | undefined;
}

/**
 * Proves that an entry is in a log. The proof is checked before it is handed out.
 *
 * @throws TlogError TLOG_PROOF or TLOG_TILE when the log was changed; SaysoError AUDIT_NO_ENTRY when
 *   the checkpoint does not hold such an entry
 */
export const proveEntry = async (options: ProveOptions): Promise<ProvedEntry> => {
  const { knex, log, index, checkpoint, extra } = options;
  const { size, root } = parseCheckpoint(parseNote(checkpoint).text);
  if (index >= size)
    throw new SaysoError(`the checkpoint holds ${size} entries, and so no entry ${index}`, {
      code: 'AUDIT_NO_ENTRY',
      status: 404,
    });
  const tiles = databaseTiles(byKnex(knex), log);
  const proof = await inclusionProof(tiles, index, Number(size));
  const tile = Math.floor(index / tileWidth);
  const offset = index % tileWidth;
  const { rows } = await knex.raw<{ rows: { entry: Buffer }[] }>(
    'select entry from audit_entry where log = ? and index = ?',
    [log, index],
  );
  const entry = rows[0]?.entry;
  const leaf = entry
    ? hashLeaf(entry)
    : (await tiles.tile(0, tile, offset + 1)).subarray(offset * 32);
  verifyInclusion({ index: BigInt(index), size, leaf, proof, root });
  const text = formatProof({ index: BigInt(index), proof, checkpoint, ...(extra && { extra }) });
  return { proof: text, entry };
};
