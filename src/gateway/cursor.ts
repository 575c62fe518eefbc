import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { SaysoError } from '../core/errors.ts';

/** Seals the key of a row into an opaque cursor and opens it again. */
export interface CursorSealer {
  seal(type: string, key: readonly string[]): string;
  /** @throws SaysoError CURSOR_INVALID (400) when it is not one of ours for this type */
  open(type: string, cursor: string): readonly string[];
}

const invalid = (): SaysoError =>
  new SaysoError('`after` is not a cursor of this list', { code: 'CURSOR_INVALID', status: 400 });

const ivLength = 12;
const tagLength = 16;

/**
 * Cursors by AES-256-GCM whose nonce is an HMAC of what is sealed: the same row has the same
 * cursor in every answer, nothing can be read from it, and a changed one does not open.
 *
 * @param secret 32 bytes or more, the same on every replica
 */
export const createCursorSealer = (secret: Uint8Array): CursorSealer => {
  const derive = (info: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', info, 32));
  const sealKey = derive('sayso cursor seal');
  const nonceKey = derive('sayso cursor nonce');
  return {
    seal: (type, key) => {
      const plain = JSON.stringify(key);
      const iv = createHmac('sha256', nonceKey)
        .update(`${type} ${plain}`)
        .digest()
        .subarray(0, ivLength);
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(type));
      const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open: (type, cursor) => {
      const bytes = Buffer.from(cursor, 'base64url');
      if (cursor.length > 4_096 || bytes.length <= ivLength + tagLength) throw invalid();
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, ivLength), {
          authTagLength: tagLength,
        });
        decipher.setAAD(Buffer.from(type));
        decipher.setAuthTag(bytes.subarray(ivLength, ivLength + tagLength));
        const plain = decipher.update(bytes.subarray(ivLength + tagLength), undefined, 'utf8');
        // What was sealed here is a list of texts.
        return JSON.parse(plain + decipher.final('utf8')) as readonly string[];
      } catch {
        throw invalid();
      }
    },
  };
};

/** The secret of that name in Sayso's own database, made on first use; all replicas agree on it. */
export const readSecret = async (knex: Knex, name: string): Promise<Uint8Array> => {
  await knex.raw(
    'insert into gateway_secret (name, secret) values (?, ?) on conflict (name) do nothing',
    [name, randomBytes(32)],
  );
  const row = await knex('gateway_secret').where({ name }).first<{ secret: Buffer }>('secret');
  return row.secret;
};
