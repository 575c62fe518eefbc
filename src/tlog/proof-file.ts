import { fromBase64, toBase64 } from './base64.ts';
import { parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import { verifyCosignatures, type Cosignature, type CosignatureVerifier } from './cosignature.ts';
import { hashSize } from './hash.ts';
import { verifyInclusion } from './merkle.ts';
import { parseDecimal, shownName } from './note-text.ts';
import { openNote, parseNote, type Verifier } from './note.ts';
import { maxTreeSize } from './proof-walk.ts';
import { TlogError } from './tlog-error.ts';

/** That a leaf is in a log, to be checked far from it (c2sp.org/tlog-proof). */
export interface ProofFile {
  readonly index: bigint;
  /** The audit path, leaf's sibling first. */
  readonly proof: readonly Uint8Array[];
  /** The note of the log, with the signatures of the log and its witnesses. */
  readonly checkpoint: string;
  /** Nobody signs for it. */
  readonly extra?: Uint8Array | undefined;
}

export interface ParsedProofFile extends ProofFile {
  readonly proof: readonly Buffer[];
  readonly extra: Buffer | undefined;
}

/** What a proof file proves. */
export interface VerifiedProof {
  readonly index: bigint;
  readonly checkpoint: Checkpoint;
  /** Those of the cosigners asked for that are there. */
  readonly cosignatures: readonly Cosignature[];
  /** Not authenticated. */
  readonly extra: Buffer | undefined;
}

const firstLine = 'c2sp.org/tlog-proof@v1';
/** As many levels as a tree can have. */
const mostHashes = 63;

const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_FORMAT');
};

/** @throws TlogError TLOG_FORMAT or TLOG_HASH when there is no such proof file */
export const formatProof = ({ index, proof, checkpoint, extra }: ProofFile): string => {
  const wrong = proof.findIndex(({ length }) => length !== hashSize);
  if (wrong >= 0) throw new TlogError(`hash ${wrong} of the proof has not 32 bytes`, 'TLOG_HASH');
  const lines = [
    firstLine,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
  ];
  const text = `${lines.join('\n')}\n\n${checkpoint}`;
  parseProof(text);
  return text;
};

const parseExtra = (line: string): Buffer =>
  fromBase64(line.slice('extra '.length)) ??
  refuse('line 2 of the proof has no base64 after `extra`');

const parseHash = (line: string, at: number): Buffer => {
  const hash = fromBase64(line);
  return hash?.length === hashSize
    ? hash
    : refuse(`line ${at} of the proof is no hash of 32 bytes in base64`);
};

/**
 * Takes a proof file apart. Nothing of it is verified.
 * @throws TlogError TLOG_FORMAT with the line
 */
export const parseProof = (text: string): ParsedProofFile => {
  const blank = text.indexOf('\n\n');
  if (blank < 0) refuse('the proof has no blank line before its checkpoint');
  const lines = text.slice(0, blank).split('\n');
  const checkpoint = text.slice(blank + 2);
  if (lines[0] !== firstLine) refuse(`line 1 of the proof is not \`${firstLine}\``);
  const hasExtra = lines[1]?.startsWith('extra ') === true;
  const extra = hasExtra ? parseExtra(lines[1] ?? '') : undefined;
  const at = hasExtra ? 2 : 1;
  const decimal = /^index (.*)$/.exec(lines[at] ?? '')?.[1] ?? '';
  const index = parseDecimal(decimal, maxTreeSize - 1n);
  if (index === undefined) {
    return refuse(`line ${at + 1} of the proof is not \`index\` and a number`);
  }
  const hashes = lines.slice(at + 1);
  if (hashes.length > mostHashes) {
    refuse(`the proof has ${hashes.length} hashes, at most ${mostHashes} can be`);
  }
  const proof = hashes.map((line, nr) => parseHash(line, at + 2 + nr));
  parseCheckpoint(parseNote(checkpoint).text);
  return { index, proof, checkpoint, extra };
};

/**
 * Verifies that the leaf is in the log that signed the checkpoint. A log signs with a key named as
 * its origin: the key of one log does not speak for another.
 * @param verifiers keys of the logs that are accepted
 * @param cosigners those whose cosignature counts; how many are enough is for the caller to say
 * @throws TlogError TLOG_FORMAT, TLOG_SIGNATURE or TLOG_PROOF
 */
export const verifyProofFile = (
  text: string,
  leafHash: Uint8Array,
  verifiers: readonly Verifier[],
  cosigners: readonly CosignatureVerifier[] = [],
): VerifiedProof => {
  const { index, proof, checkpoint: note, extra } = parseProof(text);
  const opened = openNote(note, verifiers);
  const checkpoint = parseCheckpoint(opened.text);
  if (!opened.verified.includes(checkpoint.origin)) {
    const signers = opened.verified.map((name) => `\`${shownName(name)}\``).join(', ');
    throw new TlogError(
      `the checkpoint is of \`${shownName(checkpoint.origin)}\`, and signed by ${signers}`,
      'TLOG_SIGNATURE',
    );
  }
  const cosignatures = verifyCosignatures(note, cosigners);
  const { size, root } = checkpoint;
  verifyInclusion({ index, size, leaf: leafHash, proof, root });
  return { index, checkpoint, cosignatures, extra };
};
