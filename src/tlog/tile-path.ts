import { TlogError } from './tlog-error.ts';
import { tileWidth } from './tree-tail.ts';

/** Which resource of a log: a tile of hashes, or a bundle of entries. */
export interface TileName {
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 255 for a partial one, 256 for a full one. */
  readonly width: number;
}

const mostLevel = 63;

const within = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/**
 * Where a tile lies below the address of the log (c2sp.org/tlog-tiles).
 * @param width left out, or 256, for a full tile
 * @throws TlogError TLOG_RANGE when there is no such tile
 * @example tilePath(0, 1234067, 5) // tile/0/x001/x234/067.p/5
 */
export const tilePath = (
  level: number | 'entries',
  index: number,
  width: number = tileWidth,
): string => {
  const isLevel = level === 'entries' || within(level, 0, mostLevel);
  if (!isLevel || !within(index, 0, Number.MAX_SAFE_INTEGER) || !within(width, 1, tileWidth)) {
    const what = `level ${level}, index ${index}, width ${width}`;
    throw new TlogError(`there is no tile of ${what}`, 'TLOG_RANGE');
  }
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const elements = padded.replace(/\d{3}(?=\d)/g, 'x$&/');
  return `tile/${level}/${elements}${width === tileWidth ? '' : `.p/${width}`}`;
};

const shape = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** The tile that lies there, or undefined where the path is not exactly as a log writes it. */
export const parseTilePath = (path: string): TileName | undefined => {
  const [, level, elements, width] = shape.exec(path) ?? [];
  if (level === undefined || elements === undefined) return undefined;
  const name: TileName = {
    level: level === 'entries' ? level : Number(level),
    index: Number(elements.replaceAll(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  };
  const exists =
    (name.level === 'entries' || name.level <= mostLevel) &&
    within(name.index, 0, Number.MAX_SAFE_INTEGER) &&
    within(name.width, 1, tileWidth);
  // One tile has one path: leading zeros and `.p/256` name nothing.
  return exists && tilePath(name.level, name.index, name.width) === path ? name : undefined;
};
