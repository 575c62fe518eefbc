import { fromBase64, toBase64 } from './base64.ts';
import { hexOf, type Signer, type Verifier } from './note-key.ts';
import { hasControls, isKeyName, shownName } from './note-text.ts';
import { TlogError } from './tlog-error.ts';

export {
  createKey,
  signerOf,
  verifierOf,
  type KeyPair,
  type Signer,
  type Verifier,
} from './note-key.ts';
export { decodeText } from './note-text.ts';

/** A signature as it stands in a note; whose it is is not known before it is verified. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  /** Without the key id before it. */
  readonly signature: Buffer;
}

export interface ParsedNote {
  /** What is signed; ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Bounds, so that a note of strangers cannot keep anybody busy. */
const mostBytes = 1_000_000;
const mostSignatures = 100;
const keyIdBytes = 4;
const prefix = '— ';

const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_FORMAT');
};

/** Lines only: well-formed text, no control characters, a newline at the end. */
const checkLines = (what: string, text: string): void => {
  if (!text.endsWith('\n')) refuse(`${what} does not end with a newline`);
  if (!text.isWellFormed()) refuse(`${what} is not UTF-8`);
  if (!hasControls(text.replaceAll('\n', ''))) return;
  const line = text.split('\n').findIndex(hasControls) + 1;
  refuse(`line ${line} of ${what} has a control character`);
};

/** A line of a note, with its newline left out. */
export const signatureLine = (name: string, keyId: number, signature: Uint8Array): string => {
  const id = Buffer.alloc(keyIdBytes);
  id.writeUInt32BE(keyId);
  return `${prefix}${name} ${toBase64(Buffer.concat([id, signature]))}`;
};

/** @param at number of the line in the note, from 1 */
const parseSignature = (line: string, at: number): NoteSignature => {
  const where = `line ${at} of the note`;
  if (!line.startsWith(prefix))
    refuse(`${where} is no signature: it must begin with \`${prefix}\``);
  const [name = '', encoded = '', ...more] = line.slice(prefix.length).split(' ');
  if (!isKeyName(name)) refuse(`${where} names a key as none can be named`);
  const bytes = fromBase64(encoded);
  if (more.length > 0 || bytes === undefined || bytes.length <= keyIdBytes) {
    return refuse(`${where} has no signature in base64 after \`${shownName(name)}\``);
  }
  return { name, keyId: bytes.readUInt32BE(), signature: bytes.subarray(keyIdBytes) };
};

/**
 * Takes a note apart (c2sp.org/signed-note). Nothing of it is verified.
 * @throws TlogError TLOG_FORMAT with the line
 */
export const parseNote = (note: string): ParsedNote => {
  const bytes = Buffer.byteLength(note);
  if (bytes > mostBytes) refuse(`the note has ${bytes} bytes, at most ${mostBytes} are read`);
  checkLines('the note', note);
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0) refuse('the note has no blank line between its text and its signatures');
  const text = note.slice(0, blank + 1);
  const lines = note
    .slice(blank + 2)
    .split('\n')
    .slice(0, -1);
  if (lines.length === 0) refuse('the note has no signatures');
  if (lines.length > mostSignatures) {
    refuse(`the note has ${lines.length} signatures, at most ${mostSignatures} are read`);
  }
  const first = text.split('\n').length + 1;
  return { text, signatures: lines.map((line, at) => parseSignature(line, first + at)) };
};

const isBy = (signature: NoteSignature, { name, keyId }: Verifier | Signer): boolean =>
  signature.name === name && signature.keyId === keyId;

/**
 * Signs a text.
 * @param text lines; ends with a newline
 * @throws TlogError TLOG_FORMAT when it is no text of a note, or nobody signs, or one twice
 */
export const signNote = (text: string, signers: readonly Signer[]): string => {
  checkLines('the text', text);
  const lines = signers.map(
    (signer) => `${signatureLine(signer.name, signer.keyId, signer.sign(text))}\n`,
  );
  const note = `${text}\n${lines.join('')}`;
  const { signatures } = parseNote(note);
  for (const signer of signers) {
    if (signatures.filter((signature) => isBy(signature, signer)).length > 1) {
      refuse(`\`${shownName(signer.name)}\` signs twice`);
    }
  }
  return note;
};

/**
 * Adds lines to the signatures of a note, such as cosignatures that a witness answered with. A line
 * that is there already is not added again.
 * @param lines each with or without its newline
 * @throws TlogError TLOG_FORMAT when the note or a line is none
 */
export const appendSignatures = (note: string, lines: readonly string[]): string => {
  const { text } = parseNote(note);
  const present = note
    .slice(text.length + 1)
    .split('\n')
    .slice(0, -1);
  const added = lines.map((line) => (line.endsWith('\n') ? line.slice(0, -1) : line));
  // Before they are joined: a blank line would make a text of the signatures above it.
  for (const [at, line] of added.entries()) {
    if (hasControls(line)) refuse(`signature ${at} is not one line`);
    parseSignature(line, text.split('\n').length + 1 + present.length + at);
  }
  const all = [...new Set([...present, ...added])];
  const longer = `${text}\n${all.map((line) => `${line}\n`).join('')}`;
  parseNote(longer);
  return longer;
};

/** What `openNote` answers: the text, and who is known to have signed it. */
export interface OpenedNote {
  readonly text: string;
  /** Names of the verifiers whose signature is there, each once, in the order of the note. */
  readonly verified: readonly string[];
}

const named = (signatures: readonly NoteSignature[]): string => {
  const names = signatures.map(({ name, keyId }) => `\`${shownName(name)}+${hexOf(keyId)}\``);
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).join(', ')}${more}`;
};

/** The one verifier for a signature. @throws TlogError TLOG_SIGNATURE when two go by its name and id */
const verifierFor = (
  signature: NoteSignature,
  verifiers: readonly Verifier[],
): Verifier | undefined => {
  const [known, ...others] = verifiers.filter((verifier) => isBy(signature, verifier));
  if (others.length === 0) return known;
  const which = named([signature]);
  throw new TlogError(`two of the keys given go by ${which}: give one`, 'TLOG_SIGNATURE');
};

/**
 * Verifies a note. Signatures of keys that are not known are passed over.
 * @throws TlogError TLOG_FORMAT when it is no note; TLOG_SIGNATURE when a known key's signature is
 *   wrong, or there is none of a known key
 * @example openNote(note, [verifierOf(vkey)]).text
 */
export const openNote = (note: string, verifiers: readonly Verifier[]): OpenedNote => {
  const { text, signatures } = parseNote(note);
  const verified = new Set<string>();
  for (const signature of signatures) {
    const verifier = verifierFor(signature, verifiers);
    if (verifier === undefined) continue;
    if (!verifier.verify(text, signature.signature)) {
      throw new TlogError(
        `the signature of ${named([signature])} is wrong: the note was changed after it was signed`,
        'TLOG_SIGNATURE',
      );
    }
    verified.add(verifier.name);
  }
  if (verified.size > 0) return { text, verified: [...verified] };
  const known = verifiers.map(({ name, keyId }) => `\`${shownName(name)}+${hexOf(keyId)}\``);
  throw new TlogError(
    `the note is signed by ${named(signatures)}, and known is ${known.join(', ') || 'no key'}`,
    'TLOG_SIGNATURE',
  );
};
