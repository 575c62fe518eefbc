import { TlogError } from './tlog-error.ts';
import { tileWidth } from './tree-tail.ts';

/** The length of an entry is written in two bytes. */
export const mostEntryBytes = 65_535;

const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_TILE');
};

const checkWidth = (width: number): void => {
  if (!Number.isInteger(width) || width < 1 || width > tileWidth) {
    refuse(`a bundle holds 1 to ${tileWidth} entries, not ${width}`);
  }
};

/**
 * Entries as a log serves them: each after its length, two bytes, high byte first.
 * @throws TlogError TLOG_TILE when an entry is too long or there are none, or more than 256
 */
export const encodeBundle = (entries: readonly Uint8Array[]): Buffer => {
  checkWidth(entries.length);
  const parts = entries.flatMap((entry, at) => {
    if (entry.length > mostEntryBytes) {
      refuse(`entry ${at} of the bundle has ${entry.length} bytes, at most ${mostEntryBytes} fit`);
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(entry.length);
    return [length, entry];
  });
  return Buffer.concat(parts);
};

/**
 * The entries of a bundle.
 * @param width how many there must be
 * @throws TlogError TLOG_TILE naming the first entry that is wrong, counted from 0
 */
export const decodeBundle = (bytes: Uint8Array, width: number): readonly Buffer[] => {
  checkWidth(width);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Buffer[] = [];
  let at = 0;
  while (entries.length < width) {
    const name = `entry ${entries.length} of the bundle`;
    const left = buffer.length - at;
    if (left === 0) refuse(`${name} is missing: there must be ${width}`);
    if (left < 2) refuse(`${name} is cut off within its length`);
    const length = buffer.readUInt16BE(at);
    if (left - 2 < length) refuse(`${name} has ${left - 2} of its ${length} bytes`);
    entries.push(buffer.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const surplus = buffer.length - at;
  if (surplus > 0)
    refuse(`after entry ${width - 1}, the last of the bundle, come ${surplus} bytes`);
  return entries;
};
