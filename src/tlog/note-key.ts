import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { fromBase64, toBase64 } from './base64.ts';
import { hasControls, isKeyName, shownName } from './note-text.ts';
import { TlogError } from './tlog-error.ts';

/** Knows signatures by one key. */
export interface Verifier {
  readonly name: string;
  /** The first four bytes of a hash that tells keys of one name apart. */
  readonly keyId: number;
  /** Whether it is that key's signature of the text, without the key id before it. */
  verify(text: string, signature: Uint8Array): boolean;
}

/** Signs with one key. */
export interface Signer {
  readonly name: string;
  readonly keyId: number;
  /** The signature of the text, without the key id before it. */
  sign(text: string): Buffer;
}

/** A key as text, both halves. */
export interface KeyPair {
  /** `PRIVATE+KEY+<name>+<key id>+<base64>`. To be kept secret. */
  readonly secret: string;
  /** `<name>+<key id>+<base64>`: for everybody who checks. */
  readonly public: string;
}

/** What a key is for (c2sp.org/signed-note, signature types); part of its id. */
export const KeyType = { note: 0x01, cosignature: 0x04 } as const;
export type KeyType = (typeof KeyType)[keyof typeof KeyType];

/** A key that was read from its text. */
export interface ParsedKey {
  readonly name: string;
  readonly keyId: number;
  readonly key: KeyObject;
}

const keyBytes = 32;
/** What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410). */
const secretPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

const secretKeyOf = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([secretPrefix, seed]), format: 'der', type: 'pkcs8' });
const publicKeyOf = (bytes: Buffer): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: 'der', type: 'spki' });
const publicBytesOf = (key: KeyObject): Buffer =>
  key.export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length);

const keyIdOf = (name: string, type: KeyType, publicBytes: Buffer): number => {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), publicBytes]);
  return hash('sha256', input, 'buffer').readUInt32BE();
};

/** A key id as it is written: eight hexadecimal digits, small letters. */
export const hexOf = (keyId: number): string => keyId.toString(16).padStart(8, '0');

const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_FORMAT');
};

/** A new key of that type. @throws TlogError TLOG_FORMAT when nothing can have that name */
export const createKeyOf = (type: KeyType, name: string): KeyPair => {
  checkName(name);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-keyBytes);
  const bytes = publicBytesOf(publicKey);
  const id = `${name}+${hexOf(keyIdOf(name, type, bytes))}`;
  const encoded = (key: Buffer): string => toBase64(Buffer.concat([Buffer.from([type]), key]));
  return { secret: `PRIVATE+KEY+${id}+${encoded(seed)}`, public: `${id}+${encoded(bytes)}` };
};

const checkName = (name: string): void => {
  if (isKeyName(name)) return;
  refuse(
    `\`${shownName(name)}\` cannot name a key: a name is not empty and has no spaces and no \`+\``,
  );
};

type Half = 'secret' | 'public';

/** Which key it is. Of a secret nothing is shown: in one that is cut up, its name may be the key. */
const labelOf = (half: Half, name: string): string =>
  half === 'secret' ? 'the secret key' : `the public key of \`${shownName(name)}\``;

/** Reads what the halves have in common. */
const readKey = (
  half: Half,
  text: string,
  type: KeyType,
): { readonly name: string; readonly id: string; readonly bytes: Buffer } => {
  const [name = '', id = '', encoded = '', ...more] = text.split('+');
  const label = labelOf(half, name);
  if (hasControls(text)) refuse(`a ${half} key is one line: take the newline away`);
  // Base64 has pluses of its own.
  const key = fromBase64([encoded, ...more].join('+')) ?? Buffer.alloc(0);
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id) || key.length === 0) {
    refuse(`${label} is not \`name+8 hexadecimal digits+base64\``);
  }
  const [found, bytes] = [key[0], key.subarray(1)];
  if (found !== type) {
    refuse(`${label} is of type ${found ?? 'none'}, and one of type ${type} (Ed25519) is needed`);
  }
  if (bytes.length !== keyBytes) refuse(`${label} has ${bytes.length} bytes, not ${keyBytes}`);
  return { name, id, bytes };
};

const checkId = (half: Half, name: string, keyId: number, id: string): void => {
  if (hexOf(keyId) !== id) refuse(`${labelOf(half, name)} does not belong to its id \`${id}\``);
};

/** @throws TlogError TLOG_FORMAT when it is no secret key of that type */
export const parseSecretKey = (secret: string, type: KeyType): ParsedKey => {
  const prefix = 'PRIVATE+KEY+';
  if (!secret.startsWith(prefix)) refuse(`a secret key begins with \`${prefix}\``);
  const { name, id, bytes } = readKey('secret', secret.slice(prefix.length), type);
  const key = secretKeyOf(bytes);
  const keyId = keyIdOf(name, type, publicBytesOf(createPublicKey(key)));
  checkId('secret', name, keyId, id);
  return { name, keyId, key };
};

/** @throws TlogError TLOG_FORMAT when it is no public key of that type */
export const parsePublicKey = (vkey: string, type: KeyType): ParsedKey => {
  if (vkey.startsWith('PRIVATE+KEY+')) refuse('this is the secret key: give the public one');
  const { name, id, bytes } = readKey('public', vkey, type);
  const keyId = keyIdOf(name, type, bytes);
  checkId('public', name, keyId, id);
  return { name, keyId, key: publicKeyOf(bytes) };
};

export const signText = (key: KeyObject, text: string): Buffer =>
  sign(null, Buffer.from(text), key);

export const verifyText = (key: KeyObject, text: string, signature: Uint8Array): boolean =>
  verify(null, Buffer.from(text), key, signature);

/** A new Ed25519 key that signs notes. @throws TlogError TLOG_FORMAT for a name no key can have */
export const createKey = (name: string): KeyPair => createKeyOf(KeyType.note, name);

/** @throws TlogError TLOG_FORMAT when it is no secret Ed25519 key for notes */
export const signerOf = (secret: string): Signer => {
  const { name, keyId, key } = parseSecretKey(secret, KeyType.note);
  return { name, keyId, sign: (text) => signText(key, text) };
};

/** @throws TlogError TLOG_FORMAT when it is no public Ed25519 key for notes */
export const verifierOf = (vkey: string): Verifier => {
  const { name, keyId, key } = parsePublicKey(vkey, KeyType.note);
  return { name, keyId, verify: (text, signature) => verifyText(key, text, signature) };
};
