import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/merkle.ts';
import { consistencyProof, inclusionProof, rootOf } from '../../src/tlog/tiles.ts';
import {
  evenLog,
  flips,
  growLog,
  leafAt,
  leavesOf,
  naiveConsistency,
  naivePath,
  naiveRoot,
} from './trees.ts';

const refused = expect.objectContaining({ code: 'TLOG_PROOF' }) as unknown as Error;

describe('proofs from tiles', () => {
  it('are those of RFC 6962, for all leaves and all earlier trees of small trees', async () => {
    for (let size = 0; size <= 40; size += 1) {
      const leaves = leavesOf(size);
      const log = growLog(leaves);
      const root = await rootOf(log, size);
      expect(root).toEqual(naiveRoot(leaves));
      for (let at = 0; at < size; at += 1) {
        expect(await inclusionProof(log, at, size)).toEqual(naivePath(at, leaves));
      }
      for (let from = 0; from <= size; from += 1) {
        expect(await consistencyProof(log, from, size)).toEqual(naiveConsistency(from, leaves));
      }
    }
  });

  it('are those of RFC 6962 across tiles, and verify', async () => {
    const log = growLog(leavesOf(66_000));
    const cases = fc.record({ size: fc.integer({ min: 1, max: 2_000 }), part: fc.nat() });
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, part }) => {
        const leaves = leavesOf(size);
        const own = growLog(leaves);
        const index = part % size;
        const from = part % (size + 1);
        const root = naiveRoot(leaves);
        const path = await inclusionProof(own, index, size);
        expect(path).toEqual(naivePath(index, leaves));
        const proof = await consistencyProof(own, from, size);
        expect(proof).toEqual(naiveConsistency(from, leaves));
        verifyInclusion({
          index: BigInt(index),
          size: BigInt(size),
          leaf: leafAt(index),
          proof: path,
          root,
        });
        verifyConsistency({
          from: BigInt(from),
          to: BigInt(size),
          fromRoot: naiveRoot(leaves.slice(0, from)),
          toRoot: root,
          proof,
        });
        const later = await consistencyProof(log, size, 66_000);
        const [fromRoot, toRoot] = [root, log.tail.root()];
        verifyConsistency({ from: BigInt(size), to: 66_000n, fromRoot, toRoot, proof: later });
      }),
      { numRuns: 60 },
    );
  });

  it('hold for sizes beyond 32 bits', async () => {
    for (const size of [2 ** 32 + 1, 2 ** 40 + 12_345, 2 ** 47 - 1]) {
      const log = evenLog(size, leafAt(0));
      const root = await rootOf(log, size);
      expect(root).toEqual(log.tail.root());
      for (const index of [0, 2 ** 31, 2 ** 32, size - 1]) {
        const proof = await inclusionProof(log, index, size);
        const claim = { size: BigInt(size), leaf: leafAt(0), proof, root };
        verifyInclusion({ ...claim, index: BigInt(index) });
      }
      for (const from of [1, 2 ** 31 + 7, 2 ** 32, size - 1, size]) {
        const proof = await consistencyProof(log, from, size);
        const fromRoot = await rootOf(log, from);
        verifyConsistency({ from: BigInt(from), to: BigInt(size), fromRoot, toRoot: root, proof });
      }
    }
  });

  it('read each tile that they need once, and no other', async () => {
    const log = growLog(leavesOf(66_000));
    await rootOf(log, 66_000);
    expect(log.reads.toSorted()).toEqual(['0/257/208', '1/1/1', '2/0/1']);
    log.reads.length = 0;
    await inclusionProof(log, 1_000, 66_000);
    expect(log.reads.toSorted()).toEqual(['0/257/208', '0/3/256', '1/0/256', '1/1/1']);
    log.reads.length = 0;
    await consistencyProof(log, 0, 66_000);
    await consistencyProof(log, 66_000, 66_000);
    expect(log.reads).toEqual([]);
  });

  it('name the tile that has not the bytes it must', async () => {
    const log = growLog(leavesOf(700));
    const short = {
      tile: async (level: number, index: number, width: number) =>
        (await log.tile(level, index, width)).subarray(0, width * 32 - (width === 188 ? 1 : 0)),
    };
    await expect(rootOf(short, 700)).rejects.toMatchObject({
      code: 'TLOG_TILE',
      message: 'tile `tile/0/002.p/188` has 6015 bytes, and 6016 are needed',
    });
  });

  it.each([
    [() => inclusionProof(growLog([]), 0, 0)],
    [() => inclusionProof(growLog([]), 5, 5)],
    [() => inclusionProof(growLog([]), -1, 5)],
    [() => inclusionProof(growLog([]), 0.5, 5)],
    [() => consistencyProof(growLog([]), 6, 5)],
    [() => consistencyProof(growLog([]), -1, 5)],
    [() => rootOf(growLog([]), 2 ** 53)],
  ])('refuse what is in no tree (%#)', async (ask) => {
    await expect(ask()).rejects.toMatchObject({ code: 'TLOG_RANGE' });
  });
});

describe('a proof with anything changed', () => {
  const size = 13;
  const leaves = leavesOf(size);
  const root = naiveRoot(leaves);

  it('of inclusion is refused: each bit, each other index, size, length', async () => {
    const log = growLog(leaves);
    for (let index = 0; index < size; index += 1) {
      const proof = await inclusionProof(log, index, size);
      const claim = { index: BigInt(index), size: BigInt(size), leaf: leafAt(index), proof, root };
      verifyInclusion(claim);
      for (const leaf of flips(claim.leaf)) {
        expect(() => verifyInclusion({ ...claim, leaf })).toThrow(refused);
      }
      for (const other of flips(root)) {
        expect(() => verifyInclusion({ ...claim, root: other })).toThrow(refused);
      }
      for (const [at, hash] of proof.entries()) {
        for (const other of flips(hash)) {
          const changed = proof.with(at, other);
          expect(() => verifyInclusion({ ...claim, proof: changed })).toThrow(refused);
        }
        const without = proof.toSpliced(at, 1);
        expect(() => verifyInclusion({ ...claim, proof: without })).toThrow(refused);
        const twice = proof.toSpliced(at, 0, hash);
        expect(() => verifyInclusion({ ...claim, proof: twice })).toThrow(refused);
        const short = proof.with(at, hash.subarray(1));
        expect(() => verifyInclusion({ ...claim, proof: short })).toThrow(refused);
      }
      for (let other = -1n; other < 20n; other += 1n) {
        if (other === claim.index) continue;
        expect(() => verifyInclusion({ ...claim, index: other })).toThrow(refused);
      }
      for (const other of [-1n, 0n, 2n ** 63n, 2n ** 2000n]) {
        expect(() => verifyInclusion({ ...claim, size: other })).toThrow(refused);
      }
    }
  });

  it('of consistency is refused: each bit, each length', async () => {
    const log = growLog(leaves);
    for (let from = 1; from <= size; from += 1) {
      const proof = await consistencyProof(log, from, size);
      const fromRoot = naiveRoot(leaves.slice(0, from));
      const claim = { from: BigInt(from), to: BigInt(size), fromRoot, toRoot: root, proof };
      verifyConsistency(claim);
      for (const other of flips(fromRoot)) {
        expect(() => verifyConsistency({ ...claim, fromRoot: other })).toThrow(refused);
      }
      for (const other of flips(root)) {
        expect(() => verifyConsistency({ ...claim, toRoot: other })).toThrow(refused);
      }
      for (const [at, hash] of proof.entries()) {
        for (const other of flips(hash)) {
          const changed = proof.with(at, other);
          expect(() => verifyConsistency({ ...claim, proof: changed })).toThrow(refused);
        }
        const without = proof.toSpliced(at, 1);
        expect(() => verifyConsistency({ ...claim, proof: without })).toThrow(refused);
      }
      const longer = [...proof, root];
      expect(() => verifyConsistency({ ...claim, proof: longer })).toThrow(refused);
      expect(() => verifyConsistency({ ...claim, from: claim.to, to: claim.from - 1n })).toThrow(
        refused,
      );
    }
  });
});
