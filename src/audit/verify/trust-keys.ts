import { SaysoError } from '../../core/errors.ts';
import { parseCheckpoint, type Checkpoint } from '../../tlog/checkpoint.ts';
import { hashLeaf } from '../../tlog/merkle.ts';
import { openNote, verifierOf } from '../../tlog/note.ts';
import { parseProof, verifyProofFile } from '../../tlog/proof-file.ts';
import { TlogError } from '../../tlog/tlog-error.ts';
import { decodeEntry } from '../decode-entry.ts';
import type { KeyRecord } from '../log-state.ts';
import type { Finding } from './log-source.ts';

/** That one key named another, in an entry that it signed for. */
export interface KeyChange {
  readonly index: number;
  readonly from: string;
  readonly to: string;
  /** Signed by both. What is verified must be a continuation of it. */
  readonly checkpoint: Checkpoint;
}

/** Keys whose signatures count: those given, and those that they lead to. */
export interface TrustedKeys {
  readonly keys: readonly string[];
  readonly changes: readonly KeyChange[];
  readonly findings: readonly Finding[];
}

/** A checkpoint whose signature was verified. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string;
  /** Those of the keys that have signed it. */
  readonly keys: readonly string[];
}

/**
 * Opens a checkpoint by these keys alone. A log signs with keys of its own name: the key of one log
 * does not speak for another.
 *
 * @throws TlogError TLOG_FORMAT; TLOG_SIGNATURE, which names who signed and which keys were given
 */
export const openCheckpoint = (note: string, keys: readonly string[]): SignedCheckpoint => {
  const { text } = openNote(note, keys.map(verifierOf));
  const checkpoint = parseCheckpoint(text);
  const signers = keys.filter((key) => {
    try {
      openNote(note, [verifierOf(key)]);
      return true;
    } catch {
      return false;
    }
  });
  if (signers.every((key) => verifierOf(key).name !== checkpoint.origin))
    throw new TlogError(
      `the checkpoint is of \`${checkpoint.origin}\`, and signed by a key of another log`,
      'TLOG_SIGNATURE',
    );
  return { ...checkpoint, note, keys: signers };
};

/** @throws SaysoError when it does not prove that one key named the other */
const changeOf = (introduced: string): KeyChange => {
  const { extra, checkpoint: note } = parseProof(introduced);
  const entry = decodeEntry(extra ?? Buffer.alloc(0));
  if (entry.kind !== 'key')
    throw new TlogError('the entry it proves names no key', 'TLOG_SIGNATURE');
  const { key: to, replaces: from } = entry;
  const leaf = hashLeaf(extra ?? Buffer.alloc(0));
  const { index, checkpoint } = verifyProofFile(introduced, leaf, [verifierOf(from)]);
  // The one who is named agrees.
  openNote(note, [verifierOf(to)]);
  if (verifierOf(to).name !== checkpoint.origin)
    throw new TlogError('the key it names is one of another log', 'TLOG_SIGNATURE');
  return { index: Number(index), from, to, checkpoint };
};

/** Follows changes of keys from those that an auditor holds. */
export const trustKeys = (given: readonly string[], records: readonly KeyRecord[]): TrustedKeys => {
  const findings: Finding[] = [];
  const changes: KeyChange[] = [];
  for (const { key, introduced } of records) {
    if (introduced === null) continue;
    try {
      changes.push(changeOf(introduced));
    } catch (error) {
      if (!(error instanceof SaysoError)) throw error;
      findings.push({
        where: `key \`${key}\``,
        what: `how it came is not proved: ${error.message}`,
      });
    }
  }
  const keys = [...given];
  const followed: KeyChange[] = [];
  for (let more = true; more;) {
    // Also to a key that was given: from there on the one before it counts no more.
    const next = changes.filter((one) => keys.includes(one.from) && !followed.includes(one));
    more = next.length > 0;
    for (const change of next) {
      if (!keys.includes(change.to)) keys.push(change.to);
      followed.push(change);
    }
  }
  return { keys, changes: followed, findings };
};
