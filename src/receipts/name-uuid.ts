import { createHash } from 'node:crypto';

/** Drawn once, for Sayso's receipts: the same text gives another UUID elsewhere. */
const namespace = Buffer.from('5b0d8c1e9f6a4e0fb3c27a64d1f0982b', 'hex');

/** RFC 9562 UUID version 5: the same text always gives the same UUID. */
export const nameUuid = (text: string): string => {
  // SHA-1 names here and protects nothing; the version prescribes it.
  const bytes = createHash('sha1').update(namespace).update(text, 'utf8').digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    [0, 8] as const,
    [8, 12] as const,
    [12, 16] as const,
    [16, 20] as const,
    [20, 32] as const,
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-');
};
