import { hashNode } from '../../tlog/merkle.ts';
import { tilePath } from '../../tlog/tile-path.ts';
import { rootOf, type TileReader } from '../../tlog/tiles.ts';
import { TlogError } from '../../tlog/tlog-error.ts';
import { tileWidth } from '../../tlog/tree-tail.ts';

/** How many hashes a tile has in a tree of that size. */
export const widthIn = (size: number, level: number, index: number): number =>
  Math.max(0, Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth));

/** Asks for tiles as they are at one size, and cuts them to what they were at an earlier one. */
export const cutTiles = (tiles: TileReader, size: number): TileReader => ({
  tile: async (level, index, width) => {
    const needed = widthIn(size, level, index) * 32;
    const bytes = await tiles.tile(level, index, needed / 32);
    if (bytes.length === needed) return bytes.subarray(0, width * 32);
    throw new TlogError(
      `\`${tilePath(level, index, needed / 32)}\` has ${bytes.length} bytes, and ${needed} are needed`,
      'TLOG_TILE',
    );
  },
});

/** Asks for each tile once; for whoever always asks for as much of it. */
export const readOnce = (tiles: TileReader): TileReader => {
  const known = new Map<string, Promise<Uint8Array>>();
  return {
    tile: (level, index, width) => {
      const path = tilePath(level, index, width);
      const read = known.get(path) ?? tiles.tile(level, index, width);
      known.set(path, read);
      return read;
    },
  };
};

/** The root of hashes that stand one after another: of a full tile what stands for it above. */
export const rootOfHashes = (hashes: readonly Buffer[]): Buffer => {
  let row = hashes;
  while (row.length > 1) {
    const pairs: Buffer[] = [];
    for (let i = 0; i < row.length; i += 2) {
      const [left, right] = [row[i], row[i + 1]];
      if (left) pairs.push(right ? hashNode(left, right) : left);
    }
    row = pairs;
  }
  return row[0] ?? Buffer.alloc(0);
};

/** Hashes of a tile, one by one. */
export const hashesOf = (tile: Uint8Array): readonly Buffer[] => {
  const bytes = Buffer.from(tile.buffer, tile.byteOffset, tile.length);
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
};

/** What a chain of tiles says of one of them. */
export interface TileVerdict {
  /** It and all above it, up to the root that is signed, fit. */
  readonly sound: boolean;
  /** By the tile above: what its own root must be. Absent for one that is not full. */
  readonly root?: Buffer | undefined;
  /** The lowest tile that does not fit the one above it. */
  readonly broken?: string | undefined;
}

/** Checks tiles against those above them, and the topmost against the root of a checkpoint. */
export class TileChain {
  readonly #tiles: TileReader;
  readonly #size: number;
  readonly #root: Buffer;
  /** One for each level: neighbours share what is above them. */
  readonly #above = new Map<
    number,
    { readonly index: number; readonly verdict: Promise<readonly [TileVerdict, readonly Buffer[]]> }
  >();
  #top: Promise<string | undefined> | undefined;

  constructor(tiles: TileReader, size: number, root: Buffer) {
    this.#tiles = cutTiles(tiles, size);
    this.#size = size;
    this.#root = root;
  }

  /** What is wrong with the tiles at the right edge, which make the root. */
  top(): Promise<string | undefined> {
    const read = async (): Promise<string | undefined> => {
      try {
        const root = await rootOf(this.#tiles, this.#size);
        return root.equals(this.#root) ? undefined : 'they do not make the root that is signed';
      } catch (error) {
        if (error instanceof TlogError) return error.message;
        throw error;
      }
    };
    return (this.#top ??= read());
  }

  async check(level: number, index: number, hashes: readonly Buffer[]): Promise<TileVerdict> {
    const top = await this.top();
    if (hashes.length < tileWidth) return { sound: top === undefined };
    const [above, row] = await this.#parent(level + 1, Math.floor(index / tileWidth));
    const root = row[index % tileWidth];
    if (!root?.equals(rootOfHashes(hashes)))
      return { sound: false, root: above.sound ? root : undefined, broken: tilePath(level, index) };
    return { ...above, root };
  }

  #parent(level: number, index: number): Promise<readonly [TileVerdict, readonly Buffer[]]> {
    const known = this.#above.get(level);
    if (known?.index === index) return known.verdict;
    const read = async (): Promise<readonly [TileVerdict, readonly Buffer[]]> => {
      const width = widthIn(this.#size, level, index);
      try {
        const row = hashesOf(await this.#tiles.tile(level, index, width));
        return [await this.check(level, index, row), row];
      } catch (error) {
        if (!(error instanceof TlogError)) throw error;
        return [{ sound: false, broken: tilePath(level, index, width) }, []];
      }
    };
    const verdict = read();
    this.#above.set(level, { index, verdict });
    return verdict;
  }
}
