import { tilePath } from '../../tlog/tile-path.ts';
import { tileWidth } from '../../tlog/tree-tail.ts';
import type { BundleRead, Finding } from './log-source.ts';

/** The most bytes that a bundle can have. */
export const mostBundleBytes = tileWidth * (2 + 65_535);

/**
 * Entries of a bundle as far as they can be told apart. One without bytes stands for one that is not
 * there: no entry is empty.
 */
export const readBundle = (bytes: Buffer | undefined, index: number, width: number): BundleRead => {
  const entries: (Buffer | undefined)[] = [];
  const findings: Finding[] = [];
  let at = 0;
  while (bytes && entries.length < width && at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) break;
    entries.push(end === at + 2 ? undefined : bytes.subarray(at + 2, end));
    at = end;
  }
  if (bytes && (entries.length < width || at !== bytes.length)) {
    const found =
      entries.length < width
        ? `it ends within or before its entry ${entries.length} of ${width}`
        : `${bytes.length - at} bytes come after its last entry`;
    const where = tilePath('entries', index, width);
    const place = index * tileWidth + Math.min(entries.length, width - 1);
    findings.push({ index: place, where, what: found });
  }
  return { entries, findings };
};
