import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { signNote, type Signer } from '../../src/tlog/note.ts';
import { naiveConsistency, naiveRoot } from '../tlog/trees.ts';

/** A folder that goes after the test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sayso-witness-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return join(folder, 'witness');
};

/** Text of a checkpoint, written by hand. */
export const checkpointText = (origin: string, size: number, root: Buffer): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`;

/** The checkpoint of a tree with these leaves. */
export const noteOf = (signer: Signer, leaves: readonly Buffer[]): string =>
  signNote(checkpointText(signer.name, leaves.length, naiveRoot(leaves)), [signer]);

export const bodyOf = (old: number, proof: readonly Buffer[], note: string): string =>
  [`old ${old}`, ...proof.map((hash) => hash.toString('base64')), '', note].join('\n');

/** What an honest log sends. */
export const honestBody = (signer: Signer, old: number, leaves: readonly Buffer[]): string =>
  bodyOf(old, naiveConsistency(old, leaves), noteOf(signer, leaves));

export const textOf = (note: string): string => note.slice(0, note.lastIndexOf('\n\n') + 1);

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/**
 * Checks a cosignature by the words of c2sp.org/tlog-cosignature and signed-note, with nothing of
 * `src/tlog`. Answers its time; undefined when it is wrong.
 */
export const checkByHand = (vkey: string, text: string, line: string): number | undefined => {
  const [, name = '', id = '', encodedKey = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const key = Buffer.from(encodedKey, 'base64');
  const keyId = sha256(`${name}\n`, Buffer.from([4]), key.subarray(1)).subarray(0, 4);
  if (key[0] !== 4 || key.length !== 33 || keyId.toString('hex') !== id) return undefined;
  const prefix = `\u2014 ${name} `;
  if (!line.startsWith(prefix)) return undefined;
  const bytes = Buffer.from(line.slice(prefix.length), 'base64');
  if (bytes.length !== 4 + 8 + 64 || !bytes.subarray(0, 4).equals(keyId)) return undefined;
  const seconds = bytes.readBigUInt64BE(4);
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: key.subarray(1).toString('base64url') },
    format: 'jwk',
  });
  const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
  return verify(null, message, publicKey, bytes.subarray(12)) ? Number(seconds) : undefined;
};
