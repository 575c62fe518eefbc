import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTilePath, tilePath } from '../../src/tlog/tile-path.ts';

describe('the path of a tile', () => {
  it.each([
    [0, 0, 256, 'tile/0/000'],
    [0, 0, 1, 'tile/0/000.p/1'],
    [0, 1234, 5, 'tile/0/x001/234.p/5'],
    [1, 1_234_067, 256, 'tile/1/x001/x234/067'],
    [63, 999, 255, 'tile/63/999.p/255'],
    ['entries', 1000, 256, 'tile/entries/x001/000'],
    ['entries', 2 ** 53 - 1, 7, 'tile/entries/x009/x007/x199/x254/x740/991.p/7'],
  ] as const)('of level %s, index %s and width %s is %4$s', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
    expect(parseTilePath(path)).toEqual({ level, index, width });
  });

  it('is that of a full tile where no width is said', () => {
    expect(tilePath(2, 5)).toBe('tile/2/005');
  });

  it('leads back to the tile', () => {
    const tiles = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.oneof(fc.maxSafeNat(), fc.nat(2_000_000)),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tiles, (tile) => {
        expect(parseTilePath(tilePath(tile.level, tile.index, tile.width))).toEqual(tile);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the only path of the tile that it leads to', () => {
    const pieces = fc.constantFrom(
      'tile',
      '/',
      'x',
      '0',
      '1',
      '00',
      '000',
      '234',
      '.p/',
      'entries',
    );
    const near = fc.array(pieces, { maxLength: 12 }).map((parts) => `tile/${parts.join('')}`);
    fc.assert(
      fc.property(near, (path) => {
        const tile = parseTilePath(path);
        if (tile) expect(tilePath(tile.level, tile.index, tile.width)).toBe(path);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    '',
    'tile/0/',
    'tile/0/00',
    'tile/0/0000',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/data/000',
    'tile/0/x000/000',
    'tile/0/x000/001',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/X001/000',
    'tile/0/x9007/199/254/740/992',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x001/x000/x000/x000/x000/x000/000',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/999',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/000\n',
    'tile/0/٠٠٠',
    'tile/0/../000',
    'tile/8/0/000/',
  ])('is not %j', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it.each([
    [64, 0, 1],
    [-1, 0, 1],
    [0.5, 0, 1],
    [0, -1, 1],
    [0, 2 ** 53, 1],
    [0, 0, 0],
    [0, 0, 257],
    [0, 0, NaN],
  ])('is none for level %s, index %s, width %s', (level, index, width) => {
    expect(() => tilePath(level, index, width)).toThrow(
      expect.objectContaining({ code: 'TLOG_RANGE' }),
    );
  });
});
