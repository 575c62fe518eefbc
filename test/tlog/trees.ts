import { createHash } from 'node:crypto';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import type { TileReader } from '../../src/tlog/tiles.ts';
import { TreeTail } from '../../src/tlog/tree-tail.ts';

/** A leaf hash that is another for each index. */
export const leafAt = (index: number): Buffer => hashLeaf(Buffer.from(`leaf ${index}`));

export const leavesOf = (size: number): readonly Buffer[] =>
  Array.from({ length: size }, (_, index) => leafAt(index));

/** MTH as RFC 6962, 2.1 writes it down, by hashes of leaves. */
export const naiveRoot = (leaves: readonly Buffer[]): Buffer => {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return createHash('sha256')
    .update(Buffer.from([1]))
    .update(naiveRoot(leaves.slice(0, split)))
    .update(naiveRoot(leaves.slice(split)))
    .digest();
};

/** PATH of RFC 6962, 2.1.1. */
export const naivePath = (index: number, leaves: readonly Buffer[]): readonly Buffer[] => {
  if (leaves.length <= 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - split, right), naiveRoot(left)];
};

/** PROOF of RFC 6962, 2.1.2. */
export const naiveConsistency = (from: number, leaves: readonly Buffer[]): readonly Buffer[] => {
  const part = (m: number, rest: readonly Buffer[], whole: boolean): readonly Buffer[] => {
    if (m === rest.length) return whole ? [] : [naiveRoot(rest)];
    let split = 1;
    while (split * 2 < rest.length) split *= 2;
    const [left, right] = [rest.slice(0, split), rest.slice(split)];
    return m <= split
      ? [...part(m, left, whole), naiveRoot(right)]
      : [...part(m - split, right, false), naiveRoot(left)];
  };
  return from === 0 ? [] : part(from, leaves, true);
};

/** A log kept in memory: its tail, and its tiles by `level/index/width`. */
export interface MemoryLog extends TileReader {
  readonly tail: TreeTail;
  readonly reads: string[];
}

/** Grows a log leaf by leaf, writing tiles as a writer does: full ones as they fill, partial ones at the end. */
export const growLog = (leaves: Iterable<Buffer>): MemoryLog => {
  const tail = new TreeTail();
  const stored = new Map<string, Buffer>();
  for (const leaf of leaves) {
    for (const { level, index, hashes } of tail.append(leaf)) {
      stored.set(`${level}/${index}/256`, hashes);
    }
  }
  for (const { level, index, width, hashes } of tail.partialTiles()) {
    stored.set(`${level}/${index}/${width}`, hashes);
  }
  const reads: string[] = [];
  const tile = (level: number, index: number, width: number): Promise<Buffer> => {
    const key = `${level}/${index}/${width}`;
    reads.push(key);
    const hashes = stored.get(key);
    return hashes ? Promise.resolve(hashes) : Promise.reject(new Error(`no tile ${key}`));
  };
  return { tail, reads, tile };
};

/**
 * A log too large to have been written: full tiles of the one leaf over and over, so that each tile
 * of a level is the same.
 */
export const evenLog = (size: number, leaf: Buffer): TileReader & { readonly tail: TreeTail } => {
  const rows = [leaf];
  for (let level = 1; level < 7; level += 1) {
    const row = rows[level - 1]!;
    let root = row;
    for (let height = 0; height < 8; height += 1) {
      root = createHash('sha256')
        .update(Buffer.from([1]))
        .update(root)
        .update(root)
        .digest();
    }
    rows.push(root);
  }
  const levels: Buffer[][] = [];
  for (let hashes = size, level = 0; hashes > 0; hashes = Math.floor(hashes / 256), level += 1) {
    levels.push(Array.from({ length: hashes % 256 }, () => rows[level]!));
  }
  const tile = (level: number, _index: number, width: number): Promise<Buffer> =>
    Promise.resolve(Buffer.concat(Array.from({ length: width }, () => rows[level]!)));
  return { tail: new TreeTail(size, levels), tile };
};

/** Each copy of the bytes with one bit flipped. */
export const flips = function* (bytes: Uint8Array): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = Buffer.from(bytes);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    yield copy;
  }
};
