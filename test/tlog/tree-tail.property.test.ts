import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashNode } from '../../src/tlog/merkle.ts';
import { levelsOf, partialWidths, TreeTail } from '../../src/tlog/tree-tail.ts';
import { growLog, leafAt, leavesOf, naiveRoot } from './trees.ts';

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 2_000 }),
  fc.constantFrom(255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792),
);

describe('the tail of a tree', () => {
  it('has the root that RFC 6962 defines, at each size to 600', () => {
    const tail = new TreeTail();
    const leaves = leavesOf(600);
    for (const [size, leaf] of leaves.entries()) {
      expect(tail.root()).toEqual(naiveRoot(leaves.slice(0, size)));
      tail.append(leaf);
      expect(tail.size).toBe(size + 1);
    }
  });

  it('has it at any size', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const leaves = leavesOf(size);
        expect(growLog(leaves).tail.root()).toEqual(naiveRoot(leaves));
      }),
      { numRuns: 25 },
    );
  });

  it('hands over each tile once, full, with the root that stands for it', () => {
    const tail = new TreeTail();
    const leaves = leavesOf(65_536 + 300);
    const seen: string[] = [];
    for (const leaf of leaves) {
      for (const { level, index, hashes, root } of tail.append(leaf)) {
        seen.push(`${level}/${index}`);
        expect(hashes).toHaveLength(8192);
        const span = 256 ** (level + 1);
        expect(root).toEqual(naiveRoot(leaves.slice(index * span, (index + 1) * span)));
        const first = hashes.subarray(0, 32);
        expect(first).toEqual(naiveRoot(leaves.slice(index * span, index * span + 256 ** level)));
      }
    }
    const lowest = Array.from({ length: 257 }, (_, index) => `0/${index}`);
    expect(seen).toEqual([...lowest.slice(0, 256), '1/0', lowest[256]]);
  });

  it('is again what it was at an earlier size, unless a tile was filled since', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 300 }), (size, more) => {
        const leaves = leavesOf(size + more + 5);
        const { tail } = growLog(leaves.slice(0, size + more));
        const cut = tail.cutTo(size);
        const isSame = Math.floor(size / 256) === Math.floor((size + more) / 256);
        expect(cut !== undefined).toBe(isSame);
        if (!cut) return;
        expect(cut.root()).toEqual(naiveRoot(leaves.slice(0, size)));
        const filled = leaves.slice(size).flatMap((leaf) => cut.append(leaf));
        const straight = growLog(leaves.slice(0, size)).tail;
        expect(filled).toEqual(leaves.slice(size).flatMap((leaf) => straight.append(leaf)));
        expect(cut.root()).toEqual(straight.root());
        expect(tail.size).toBe(size + more);
      }),
      { numRuns: 15 },
    );
    expect(new TreeTail().cutTo(1)).toBeUndefined();
  });

  it('begins again from the unfilled tiles of each level, as if it had never stopped', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 300 }), (size, more) => {
        const { tail } = growLog(leavesOf(size));
        const levels: Buffer[][] = partialWidths(size).map(() => []);
        for (const { level, width, hashes } of tail.partialTiles()) {
          for (let at = 0; at < width; at += 1) {
            levels[level]!.push(hashes.subarray(at * 32, at * 32 + 32));
          }
        }
        const again = new TreeTail(size, levels);
        const { tail: other } = growLog(leavesOf(size));
        for (let at = 0; at < more; at += 1) {
          const leaf = leafAt(size + at);
          expect(again.append(leaf)).toEqual(other.append(leaf));
        }
        expect(again.root()).toEqual(other.root());
        expect(again.root()).toEqual(naiveRoot(leavesOf(size + more)));
        expect(tail.root()).toEqual(naiveRoot(leavesOf(size)));
        expect(tail.size).toBe(size);
      }),
      { numRuns: 15 },
    );
  });

  it('is not changed by what is done to a root, a tile or a hash that it was given', () => {
    const tail = new TreeTail();
    const leaf = leafAt(0);
    tail.append(leaf);
    const root = naiveRoot([leafAt(0)]);
    tail.root().fill(0);
    tail.partialTiles()[0]?.hashes.fill(0);
    leaf.fill(0);
    expect(tail.root()).toEqual(root);
  });

  it('does not change a tile that it has handed over', () => {
    const tail = new TreeTail();
    const leaves = leavesOf(300);
    const tiles = leaves.flatMap((leaf) => tail.append(leaf));
    expect(tiles.map(({ hashes }) => hashes)).toEqual([Buffer.concat(leaves.slice(0, 256))]);
  });

  it('counts leaves beyond 32 bits', () => {
    const size = 2 ** 40 + 2 ** 33 + 5;
    const widths = partialWidths(size);
    expect(widths.reduceRight((sum, width) => sum * 256 + width, 0)).toBe(size);
    const levels = widths.map((width) => leavesOf(width));
    const tail = new TreeTail(size, levels);
    for (let at = 5; at < 256; at += 1) {
      const tiles = tail.append(leafAt(at));
      expect(tiles.map(({ level, index }) => [level, index])).toEqual(
        at === 255 ? [[0, 2 ** 32 + 2 ** 25]] : [],
      );
    }
    expect(tail.size).toBe(size + 251);
    expect(tail.partialTiles().map(({ level, width }) => [level, width])).toEqual([
      [1, 1],
      [4, 2],
      [5, 1],
    ]);
    const [one, two] = [levels[4]![0]!, levels[4]![1]!];
    const top = hashNode(levels[5]![0]!, hashNode(hashNode(one, two), naiveRoot(leavesOf(256))));
    expect(tail.root()).toEqual(top);
  });

  it('says how wide the unfilled tiles are', () => {
    expect(partialWidths(0)).toEqual([]);
    expect(partialWidths(256)).toEqual([0, 1]);
    expect(partialWidths(70_000)).toEqual([112, 17, 1]);
    expect([0, 1, 255, 256, 65_536].map(levelsOf)).toEqual([0, 1, 1, 2, 3]);
  });

  it.each([
    ['a size below 0', () => new TreeTail(-1), 'TLOG_RANGE'],
    ['half a leaf', () => new TreeTail(0.5), 'TLOG_RANGE'],
    ['a size that has neighbours', () => new TreeTail(2 ** 53), 'TLOG_RANGE'],
    ['a level too many', () => new TreeTail(1, [[leafAt(0)], []]), 'TLOG_TILE'],
    ['a hash too few', () => new TreeTail(2, [[leafAt(0)]]), 'TLOG_TILE'],
    ['no levels', () => new TreeTail(2), 'TLOG_TILE'],
    ['a short hash', () => new TreeTail(1, [[Buffer.alloc(31)]]), 'TLOG_HASH'],
    [
      'a node of hashes cut elsewhere',
      () => hashNode(Buffer.alloc(31), Buffer.alloc(33)),
      'TLOG_HASH',
    ],
    ['a long hash', () => new TreeTail().append(Buffer.alloc(33)), 'TLOG_HASH'],
  ])('refuses %s', (_what, make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
