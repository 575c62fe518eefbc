import { parseCheckpoint } from './checkpoint.ts';
import {
  createKeyOf,
  KeyType,
  parsePublicKey,
  parseSecretKey,
  signText,
  verifyText,
  type KeyPair,
  type Verifier,
} from './note-key.ts';
import { parseNote, signatureLine } from './note.ts';
import { TlogError } from './tlog-error.ts';

/** Says that a checkpoint is consistent with all that it saw of the log (c2sp.org/tlog-cosignature). */
export interface Cosigner {
  readonly name: string;
  readonly keyId: number;
  /**
   * The line of the cosignature, without a newline.
   * @param checkpointText the text of the note, without signatures
   * @param seconds since 1970
   * @throws TlogError TLOG_FORMAT when it is no checkpoint, TLOG_RANGE for another time
   */
  cosign(checkpointText: string, seconds: number): string;
}

/** Knows cosignatures by one key; stands among the verifiers of `openNote` as any other. */
export interface CosignatureVerifier extends Verifier {
  /** When it was given, in seconds since 1970; undefined when it is not that key's. */
  secondsOf(text: string, signature: Uint8Array): number | undefined;
}

/** A cosignature that was verified. */
export interface Cosignature {
  readonly name: string;
  readonly keyId: number;
  readonly seconds: number;
}

const timeBytes = 8;

const messageOf = (text: string, seconds: number): string =>
  `cosignature/v1\ntime ${seconds}\n${text}`;

/** A new key of a cosigner. It must sign nothing else, and no second cosigner may have it. */
export const createCosignerKey = (name: string): KeyPair => createKeyOf(KeyType.cosignature, name);

/** @throws TlogError TLOG_FORMAT when it is no secret key of a cosigner */
export const cosignerOf = (secret: string): Cosigner => {
  const { name, keyId, key } = parseSecretKey(secret, KeyType.cosignature);
  const cosign = (checkpointText: string, seconds: number): string => {
    parseCheckpoint(checkpointText);
    if (!Number.isSafeInteger(seconds) || seconds < 0) {
      throw new TlogError(`nothing is cosigned at second ${seconds}`, 'TLOG_RANGE');
    }
    const time = Buffer.alloc(timeBytes);
    time.writeBigUInt64BE(BigInt(seconds));
    const signature = signText(key, messageOf(checkpointText, seconds));
    return signatureLine(name, keyId, Buffer.concat([time, signature]));
  };
  return { name, keyId, cosign };
};

/** @throws TlogError TLOG_FORMAT when it is no public key of a cosigner */
export const cosignatureVerifierOf = (vkey: string): CosignatureVerifier => {
  const { name, keyId, key } = parsePublicKey(vkey, KeyType.cosignature);
  const secondsOf = (text: string, signature: Uint8Array): number | undefined => {
    const bytes = Buffer.from(signature.buffer, signature.byteOffset, signature.length);
    if (bytes.length <= timeBytes) return undefined;
    const seconds = Number(bytes.readBigUInt64BE());
    // Later than anybody could have signed, and a number could not tell it from its neighbours.
    if (!Number.isSafeInteger(seconds)) return undefined;
    const isHis = verifyText(key, messageOf(text, seconds), bytes.subarray(timeBytes));
    return isHis ? seconds : undefined;
  };
  const verify = (text: string, signature: Uint8Array): boolean =>
    secondsOf(text, signature) !== undefined;
  return { name, keyId, verify, secondsOf };
};

/**
 * The cosignatures of a note by these cosigners, of each the latest. How many are enough is for the
 * caller to say.
 * @throws TlogError TLOG_FORMAT when it is no note; TLOG_SIGNATURE when one of them is wrong
 */
export const verifyCosignatures = (
  note: string,
  verifiers: readonly CosignatureVerifier[],
): readonly Cosignature[] => {
  const { text, signatures } = parseNote(note);
  return verifiers.flatMap((verifier) => {
    const { name, keyId } = verifier;
    const own = signatures.filter((signed) => signed.name === name && signed.keyId === keyId);
    const times = own.map(({ signature }) => {
      const seconds = verifier.secondsOf(text, signature);
      if (seconds !== undefined) return seconds;
      throw new TlogError(`the cosignature of \`${name}\` is wrong`, 'TLOG_SIGNATURE');
    });
    return times.length === 0 ? [] : [{ name, keyId, seconds: Math.max(...times) }];
  });
};
