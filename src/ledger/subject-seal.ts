import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto';
import { hkdfSync, randomBytes, type KeyObject } from 'node:crypto';

/** Hides who a number is from whoever has the database and not the key. */
export interface SubjectSeal {
  /**
   * 32 bytes by which a person's row is found; nobody can make them without the key. Two persons
   * with the same ones are not a concern: of HMAC-SHA-256 that takes 2^128 tries.
   */
  lookup(type: string, id: string): Buffer;
  /** The id, encrypted anew each time, for the row of this type and number alone. */
  seal(type: string, number: number, id: string): Buffer;
  /** @throws when it was sealed under another key or for another row, or was changed */
  open(type: string, number: number, sealed: Uint8Array): string;
  /** Tells one key from another and nothing of the key. */
  readonly proof: Buffer;
}

const nonceLength = 12;
const tagLength = 16;
/** Ids are filled up to whole blocks: their length would tell some persons from others. */
const padTo = 32;

const padded = (id: string): Buffer => {
  const bytes = Buffer.from(id);
  // With NUL, which no id has.
  return Buffer.concat([bytes], Math.ceil(bytes.length / padTo) * padTo);
};

/** With its length first, so that no type and id look like another type and another id. */
const named = (type: string, id: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(type));
  return Buffer.concat([length, Buffer.from(type), Buffer.from(id)]);
};

/**
 * @param key 32 random bytes. Each use has a key of its own derived from it. One key is for at most
 *   2^32 seals, because their nonces are drawn at random; there are fewer numbers than that.
 */
export const createSubjectSeal = (key: Uint8Array): SubjectSeal => {
  if (key.length !== 32) throw new RangeError('a subject key has 32 bytes');
  const derive = (use: string): KeyObject =>
    createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `sayso subject ${use}`, 32)));
  const lookupKey = derive('lookup');
  const sealKey = derive('seal');
  const rowOf = (type: string, number: number): Buffer => named(type, String(number));
  return {
    lookup: (type, id) => createHmac('sha256', lookupKey).update(named(type, id)).digest(),
    seal: (type, number, id) => {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(rowOf(type, number));
      const hidden = Buffer.concat([cipher.update(padded(id)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), hidden]);
    },
    open: (type, number, sealed) => {
      const from = nonceLength + tagLength;
      const nonce = sealed.subarray(0, nonceLength);
      const decipher = createDecipheriv('aes-256-gcm', sealKey, nonce, {
        authTagLength: tagLength,
      });
      decipher.setAAD(rowOf(type, number)).setAuthTag(sealed.subarray(nonceLength, from));
      const bytes = Buffer.concat([decipher.update(sealed.subarray(from)), decipher.final()]);
      const end = bytes.indexOf(0);
      return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
    },
    proof: createHmac('sha256', derive('proof')).update('sayso').digest(),
  };
};
