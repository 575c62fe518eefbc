import { emptyRoot, hashNode, hashSize } from './hash.ts';
import { tilePath } from './tile-path.ts';
import { TlogError } from './tlog-error.ts';
import { checkedSize, tileWidth } from './tree-tail.ts';

/** Reads the tiles of a log, from wherever they lie. */
export interface TileReader {
  /** Exactly `width` hashes, 32 bytes each; 256 is a full tile. */
  tile(level: number, index: number, width: number): Promise<Uint8Array>;
}

/** Leaves from the first to before the second number. */
type Range = readonly [from: number, to: number];

/** A perfect subtree: its height, and how many of that height stand left of it. */
interface Subtree {
  readonly height: number;
  readonly index: number;
}

const tileHeight = 8;

/** The largest power of two that is smaller. */
const splitOf = (leaves: number): number => {
  let split = 1;
  while (split * 2 < leaves) split *= 2;
  return split;
};

/** The perfect subtrees that a range is made of, largest first. */
const subtreesOf = ([from, to]: Range): readonly Subtree[] => {
  const subtrees: Subtree[] = [];
  for (let at = from; at < to;) {
    let height = 0;
    while (2 ** (height + 1) <= to - at) height += 1;
    subtrees.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return subtrees;
};

/** Where the hashes stand that a perfect subtree is computed from: those of one tile. */
const placeOf = ({ height, index }: Subtree) => {
  const level = Math.floor(height / tileHeight);
  const count = 2 ** (height % tileHeight);
  const first = index * count;
  const tile = Math.floor(first / tileWidth);
  return { level, tile, offset: first % tileWidth, count };
};

/** Root of a power of two of hashes that stand one after another. */
const perfectRoot = (hashes: Buffer): Buffer => {
  let row: Buffer[] = [];
  for (let at = 0; at < hashes.length; at += hashSize) row.push(hashes.subarray(at, at + hashSize));
  while (row.length > 1) {
    const pairs: Buffer[] = [];
    for (let at = 0; at < row.length; at += 2) {
      pairs.push(hashNode(row[at] ?? emptyRoot, row[at + 1] ?? emptyRoot));
    }
    row = pairs;
  }
  return Buffer.from(row[0] ?? emptyRoot);
};

/** Reads a tile as it is in a tree of that size. */
const readTile = async (
  tiles: TileReader,
  size: number,
  level: number,
  index: number,
): Promise<Buffer> => {
  const inLevel = Math.floor(size / tileWidth ** level);
  const width = Math.min(tileWidth, inLevel - index * tileWidth);
  const bytes = await tiles.tile(level, index, width);
  if (bytes.length !== width * hashSize) {
    const path = tilePath(level, index, width);
    const what = `tile \`${path}\` has ${bytes.length} bytes`;
    throw new TlogError(`${what}, and ${width * hashSize} are needed`, 'TLOG_TILE');
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
};

/** The roots of ranges of a tree, which each begin where a subtree of their size may. */
const rootsOf = async (
  tiles: TileReader,
  size: number,
  ranges: readonly Range[],
): Promise<readonly Buffer[]> => {
  const reads = new Map<string, Promise<Buffer>>();
  const subtreeRoot = async (subtree: Subtree): Promise<Buffer> => {
    const { level, tile, offset, count } = placeOf(subtree);
    const key = `${level}/${tile}`;
    const read = reads.get(key) ?? readTile(tiles, size, level, tile);
    reads.set(key, read);
    const hashes = await read;
    return perfectRoot(hashes.subarray(offset * hashSize, (offset + count) * hashSize));
  };
  return Promise.all(
    ranges.map(async (range) => {
      const roots = await Promise.all(subtreesOf(range).map(subtreeRoot));
      return roots.reduceRight((right, left) => hashNode(left, right));
    }),
  );
};

const checkWithin = (what: string, value: number, most: number): void => {
  if (Number.isSafeInteger(value) && value >= 0 && value <= most) return;
  throw new TlogError(`${what} ${value} is not one from 0 to ${most}`, 'TLOG_RANGE');
};

/**
 * The root of the tree with that many leaves.
 * @throws TlogError TLOG_RANGE, TLOG_TILE when a tile has not the bytes it must; what the reader throws
 */
export const rootOf = async (tiles: TileReader, size: number): Promise<Buffer> => {
  if (checkedSize(size) === 0) return Buffer.from(emptyRoot);
  const [root = emptyRoot] = await rootsOf(tiles, size, [[0, size]]);
  return root;
};

/**
 * The audit path of a leaf (RFC 6962, 2.1.1), leaf's sibling first.
 * @throws TlogError as `rootOf`
 */
export const inclusionProof = async (
  tiles: TileReader,
  index: number,
  size: number,
): Promise<readonly Buffer[]> => {
  if (checkedSize(size) === 0) throw new TlogError('a tree without leaves has none', 'TLOG_RANGE');
  checkWithin('leaf', index, size - 1);
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    ranges.push(index < middle ? [middle, to] : [from, middle]);
    [from, to] = index < middle ? [from, middle] : [middle, to];
  }
  return rootsOf(tiles, size, ranges.toReversed());
};

/**
 * The proof that a tree begins with the leaves of an earlier one (RFC 6962, 2.1.2). It is empty
 * where the sizes are the same, or the earlier tree has no leaves.
 * @throws TlogError as `rootOf`
 */
export const consistencyProof = async (
  tiles: TileReader,
  from: number,
  to: number,
): Promise<readonly Buffer[]> => {
  checkWithin('size', from, checkedSize(to));
  if (from === 0 || from === to) return [];
  const ranges: Range[] = [];
  let [left, right] = [0, to];
  while (right !== from) {
    const middle = left + splitOf(right - left);
    ranges.push(from <= middle ? [middle, right] : [left, middle]);
    [left, right] = from <= middle ? [left, middle] : [middle, right];
  }
  // What the earlier tree ends with is known to who asks only where it is that whole tree.
  if (left > 0) ranges.push([left, right]);
  return rootsOf(tiles, to, ranges.toReversed());
};
