import { fromBase64, toBase64 } from './base64.ts';
import { emptyRoot, hashSize, sameHash } from './hash.ts';
import { hasControls, parseDecimal } from './note-text.ts';
import { maxTreeSize } from './proof-walk.ts';
import { TlogError } from './tlog-error.ts';

/** What a log says of itself at one size (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  /** Which log. */
  readonly origin: string;
  readonly size: bigint;
  /** Root of the Merkle tree with that many leaves. */
  readonly root: Buffer;
  /** Further lines; none is the rule. */
  readonly extensions: readonly string[];
}

const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_FORMAT');
};

const checkEmptyTree = (size: bigint, root: Uint8Array): void => {
  if (size !== 0n || sameHash(root, emptyRoot)) return;
  refuse('line 3 of the checkpoint is not the root of the tree without leaves, and its size is 0');
};

/**
 * The text of a checkpoint, to be signed as a note.
 * @throws TlogError TLOG_HASH, TLOG_RANGE or TLOG_FORMAT when there is no such checkpoint
 */
export const formatCheckpoint = (
  checkpoint: Omit<Checkpoint, 'root' | 'extensions'> & {
    readonly root: Uint8Array;
    readonly extensions?: readonly string[];
  },
): string => {
  const { origin, size, root, extensions = [] } = checkpoint;
  if (root.length !== hashSize) {
    throw new TlogError(`the root of a checkpoint has 32 bytes, not ${root.length}`, 'TLOG_HASH');
  }
  if (size < 0n || size > maxTreeSize) {
    throw new TlogError(`a checkpoint cannot have the size ${size}`, 'TLOG_RANGE');
  }
  const text = [origin, String(size), toBase64(root), ...extensions, ''].join('\n');
  // A newline within the origin or an extension would make other lines of it.
  if (parseCheckpoint(text).extensions.length !== extensions.length) {
    refuse('a line of the checkpoint holds a newline');
  }
  return text;
};

/**
 * Reads the text of a checkpoint, without the signatures.
 * @throws TlogError TLOG_FORMAT with the line
 */
export const parseCheckpoint = (text: string): Checkpoint => {
  if (!text.endsWith('\n')) refuse('the checkpoint does not end with a newline');
  if (!text.isWellFormed()) refuse('the checkpoint is not UTF-8');
  const lines = text.split('\n').slice(0, -1);
  const [origin = '', decimal = '', encoded = '', ...extensions] = lines;
  if (lines.length < 3) refuse(`the checkpoint has ${lines.length} lines, and 3 are needed`);
  for (const [at, line] of lines.entries()) {
    const where = `line ${at + 1} of the checkpoint`;
    if (line === '') refuse(`${where} is empty: give the text without the signatures`);
    if (hasControls(line)) refuse(`${where} has a control character`);
  }
  const size = parseDecimal(decimal, maxTreeSize);
  if (size === undefined) return refuse('line 2 of the checkpoint is no size in decimal digits');
  const root = fromBase64(encoded);
  if (root?.length !== hashSize) {
    return refuse('line 3 of the checkpoint is no hash of 32 bytes in base64');
  }
  checkEmptyTree(size, root);
  return { origin, size, root, extensions };
};
