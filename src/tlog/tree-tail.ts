import { emptyRoot, hashNode, hashSize } from './hash.ts';
import { TlogError } from './tlog-error.ts';

/** Hashes of a full tile; a tile is a subtree of height 8. */
export const tileWidth = 256;
const tileHeight = 8;

/** A tile that will not change any more. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  /** 256 hashes, 8192 bytes. */
  readonly hashes: Buffer;
  /** The hash that stands for it in the level above. */
  readonly root: Buffer;
}

/** A tile at the right edge of the tree. */
export interface PartialTile {
  readonly level: number;
  readonly index: number;
  /** 1 to 255. */
  readonly width: number;
  readonly hashes: Buffer;
}

/** How many hashes the unfilled tile of each level has in a tree of that size, lowest level first. */
export const partialWidths = (size: number): readonly number[] => {
  const widths: number[] = [];
  for (let hashes = checkedSize(size); hashes > 0; hashes = Math.floor(hashes / tileWidth)) {
    widths.push(hashes % tileWidth);
  }
  return widths;
};

/** How many levels of tiles a tree of that size has. */
export const levelsOf = (size: number): number => partialWidths(size).length;

/** @throws TlogError TLOG_RANGE when it is not a whole number from 0 to 2^53 - 1 */
export const checkedSize = (size: number): number => {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new TlogError(`a tree of ${size} leaves cannot be kept here`, 'TLOG_RANGE');
};

/** The unfilled tile of a level, with the roots of its perfect subtrees. */
class Edge {
  /** Hashes so far, 0 to 255. */
  width = 0;
  /** Tiles of this level that are full. */
  filled: number;
  hashes = Buffer.alloc(tileWidth * hashSize);
  /** Roots of perfect subtrees, copied in: callers may fill their buffers anew. */
  readonly #roots = Buffer.alloc(tileHeight * hashSize);
  /** Those by height; the one of height h counts where bit h of the width is set. */
  readonly subtrees: readonly Buffer[] = Array.from({ length: tileHeight }, (_, height) =>
    this.#roots.subarray(height * hashSize, (height + 1) * hashSize),
  );

  constructor(filled: number) {
    this.filled = filled;
  }

  /** Takes a hash in. Answers with the root of the tile if that was the last one. */
  add(hash: Buffer): Buffer | undefined {
    this.hashes.set(hash, this.width * hashSize);
    let root = hash;
    let rest = this.width;
    this.width += 1;
    for (const left of this.subtrees) {
      if (rest % 2 === 0) {
        left.set(root);
        return undefined;
      }
      root = hashNode(left, root);
      rest = (rest - 1) / 2;
    }
    return root;
  }

  /** Hands over the full tile and begins the next. */
  take(level: number, root: Buffer): FullTile {
    const tile = { level, index: this.filled, hashes: this.hashes, root };
    this.hashes = Buffer.alloc(tileWidth * hashSize);
    this.width = 0;
    this.filled += 1;
    return tile;
  }
}

/**
 * What the writer of a log keeps of it in memory: for each level the hashes of the tile that is not
 * full yet. Taking in a leaf costs about one node hash.
 *
 * @example
 * const tail = new TreeTail();
 * const full = tail.append(hashLeaf(entry)); // to be written
 * tail.root();
 */
export class TreeTail {
  #size = 0;
  readonly #edges: Edge[] = [];
  /** Until the next leaf; asked for before and behind each. */
  #root: Buffer | undefined;

  /**
   * The tail of a tree that is there already, from the unfilled tile of each level.
   * @param levels lowest first, as many hashes each as `partialWidths` says
   * @throws TlogError TLOG_RANGE, TLOG_TILE (another number of hashes) or TLOG_HASH
   */
  constructor(size = 0, levels: readonly (readonly Buffer[])[] = []) {
    const widths = partialWidths(size);
    if (levels.length > widths.length) {
      const what = `a tree of ${size} leaves has ${widths.length} levels of tiles`;
      throw new TlogError(`${what}, not ${levels.length}`, 'TLOG_TILE');
    }
    let full = Math.floor(size / tileWidth);
    for (const [level, width] of widths.entries()) {
      const hashes = levels[level] ?? [];
      if (hashes.length !== width) {
        const what = `the unfilled tile of level ${level} has ${width} hashes`;
        throw new TlogError(
          `${what} in a tree of ${size} leaves, not ${hashes.length}`,
          'TLOG_TILE',
        );
      }
      const edge = new Edge(full);
      for (const hash of hashes) edge.add(checkedHash(hash));
      this.#edges.push(edge);
      full = Math.floor(full / tileWidth);
    }
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Adds the hash of the next leaf.
   * @returns the tiles that it filled, lowest level first
   * @throws TlogError TLOG_HASH, or TLOG_RANGE at 2^53 - 1 leaves
   */
  append(hash: Buffer): readonly FullTile[] {
    let add: Buffer | undefined = checkedHash(hash);
    const size = checkedSize(this.#size + 1);
    const tiles: FullTile[] = [];
    for (let level = 0; add; level += 1) {
      const edge: Edge = (this.#edges[level] ??= new Edge(0));
      add = edge.add(add);
      if (add) tiles.push(edge.take(level, add));
    }
    this.#size = size;
    this.#root = undefined;
    return tiles;
  }

  /** The root of the tree as it is now (RFC 6962, 2.1). */
  root(): Buffer {
    this.#root ??= this.#rootNow();
    return Buffer.from(this.#root);
  }

  #rootNow(): Buffer {
    let root: Buffer | undefined;
    for (const { width, subtrees } of this.#edges) {
      let rest = width;
      for (const subtree of subtrees) {
        if (rest % 2 === 1) root = root ? hashNode(subtree, root) : subtree;
        rest = Math.floor(rest / 2);
      }
    }
    return root === undefined ? emptyRoot : Buffer.from(root);
  }

  /**
   * The tree as it was at an earlier size.
   * @returns nothing where a tile was filled since: its hashes are no longer here
   */
  cutTo(size: number): TreeTail | undefined {
    const widths = partialWidths(size);
    const isSame = Math.floor(size / tileWidth) === Math.floor(this.#size / tileWidth);
    if (size > this.#size || !isSame) return undefined;
    const levels = widths.map((width, level) => {
      const hashes = this.#edges[level]?.hashes ?? Buffer.alloc(0);
      return Array.from({ length: width }, (_, i) =>
        hashes.subarray(i * hashSize, (i + 1) * hashSize),
      );
    });
    return new TreeTail(size, levels);
  }

  /** The tiles that are not full, lowest level first; levels that have none are left out. */
  partialTiles(): readonly PartialTile[] {
    return this.#edges.flatMap(({ width, filled, hashes }, level) =>
      width === 0
        ? []
        : [
            {
              level,
              index: filled,
              width,
              hashes: Buffer.from(hashes.subarray(0, width * hashSize)),
            },
          ],
    );
  }
}

const checkedHash = (hash: Buffer): Buffer => {
  if (hash.length === hashSize) return hash;
  throw new TlogError(`a hash has 32 bytes, not ${hash.length}`, 'TLOG_HASH');
};
