import { fromBase64, toBase64 } from '../tlog/base64.ts';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts';
import { emptyRoot, hashSize } from '../tlog/hash.ts';
import { decodeText, parseDecimal } from '../tlog/note-text.ts';
import { parseNote } from '../tlog/note.ts';
import { maxTreeSize } from '../tlog/proof-walk.ts';
import { TlogError } from '../tlog/tlog-error.ts';

/** What a log sends to `add-checkpoint` (c2sp.org/tlog-witness). */
export interface AddCheckpointRequest {
  /** The size that the proof begins at. */
  readonly old: bigint;
  readonly proof: readonly Buffer[];
  /** The checkpoint with its signatures; none of them is verified. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

/** As many levels as a tree can have. */
const mostHashes = 63;

const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_FORMAT');
};

/** A tree without leaves has but one root. Another is well-formed, and refused for itself. */
const parseAnyRoot = (text: string): Checkpoint => {
  const lines = text.split('\n');
  const root = fromBase64(lines[2] ?? '');
  if (lines[1] !== '0' || root?.length !== hashSize) return parseCheckpoint(text);
  lines[2] = toBase64(emptyRoot);
  return { ...parseCheckpoint(lines.join('\n')), root };
};

/** @throws TlogError TLOG_FORMAT with the line */
export const parseAddCheckpoint = (body: Uint8Array): AddCheckpointRequest => {
  const text = decodeText(body);
  const blank = text.indexOf('\n\n');
  if (blank < 0) refuse('the request has no blank line before its checkpoint');
  const [first = '', ...hashes] = text.slice(0, blank).split('\n');
  const old = first.startsWith('old ')
    ? parseDecimal(first.slice('old '.length), maxTreeSize)
    : undefined;
  if (old === undefined) return refuse('line 1 of the request is not `old` and a size');
  if (hashes.length > mostHashes) {
    refuse(`the proof has ${hashes.length} hashes, at most ${mostHashes} can be`);
  }
  const proof = hashes.map((line, at) => {
    const hash = fromBase64(line);
    if (hash?.length === hashSize) return hash;
    return refuse(`line ${at + 2} of the request is no hash of 32 bytes in base64`);
  });
  const note = text.slice(blank + 2);
  return { old, proof, note, checkpoint: parseAnyRoot(parseNote(note).text) };
};
