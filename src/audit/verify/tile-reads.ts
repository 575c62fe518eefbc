import { TlogError } from '../../tlog/tlog-error.ts';
import type { TileReader } from '../../tlog/tiles.ts';
import { hashesOf, widthIn } from './tile-view.ts';

/** Hashes of a tile as far as they are there, and what is wrong with it. */
export interface TileRead {
  readonly hashes: readonly Buffer[];
  readonly fault?: string | undefined;
}

const whole = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, bytes.length - (bytes.length % 32));

/** Reads a tile of a tree of that size. @throws what is not about the tile itself */
export const readTile = async (
  tiles: TileReader | undefined,
  size: number,
  level: number,
  index: number,
): Promise<TileRead> => {
  const width = widthIn(size, level, index);
  if (!tiles || index < 0 || width === 0) return { hashes: [] };
  try {
    const bytes = await tiles.tile(level, index, width);
    const needed = width * 32;
    const hashes = hashesOf(whole(bytes.subarray(0, needed)));
    return bytes.length === needed
      ? { hashes }
      : { hashes, fault: `it has ${bytes.length} bytes, and ${needed} are needed` };
  } catch (error) {
    if (error instanceof TlogError) return { hashes: [], fault: error.message };
    throw error;
  }
};
