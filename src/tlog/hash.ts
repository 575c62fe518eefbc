import { hash } from 'node:crypto';
import { TlogError } from './tlog-error.ts';

/** Bytes of a hash. */
export const hashSize = 32;

// One call to OpenSSL, read back as text of one byte a character, takes less than half the time
// of `createHash`, and nobody else can run while a scratch buffer holds the input.
const digest = (bytes: Uint8Array): Buffer =>
  Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');

const node = Buffer.alloc(1 + 2 * hashSize);
node[0] = 1;

/** As long as an entry of the log can be; a longer leaf gets a buffer of its own. */
const scratch = Buffer.alloc(65_536);

/** Hash of a leaf: SHA-256 of 0x00 and its bytes (RFC 6962, 2.1). */
export const hashLeaf = (bytes: Uint8Array): Buffer => {
  const size = bytes.length + 1;
  const input = size <= scratch.length ? scratch.subarray(0, size) : Buffer.alloc(size);
  input.set(bytes, 1);
  return digest(input);
};

/**
 * Hash of an inner node: SHA-256 of 0x01 and the hashes below it (RFC 6962, 2.1).
 * @throws TlogError TLOG_HASH when one is not 32 bytes: nodes of another split must not collide
 */
export const hashNode = (left: Uint8Array, right: Uint8Array): Buffer => {
  if (left.length !== hashSize || right.length !== hashSize) {
    const sizes = `${left.length} and ${right.length}`;
    throw new TlogError(`a node joins two hashes of 32 bytes, not ${sizes}`, 'TLOG_HASH');
  }
  node.set(left, 1);
  node.set(right, 1 + hashSize);
  return digest(node);
};

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962, 2.1). */
export const emptyRoot: Buffer = digest(Buffer.alloc(0));

export const sameHash = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
