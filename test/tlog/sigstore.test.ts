import { createPublicKey } from 'node:crypto';
import { LogCheckpoint, verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js';
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { hashLeaf, verifyInclusion } from '../../src/tlog/merkle.ts';
import { signNote } from '../../src/tlog/note.ts';
import { inclusionProof } from '../../src/tlog/tiles.ts';
import { logKey } from './keys.ts';
import { flips, growLog } from './trees.ts';

/** The parts of an entry of Sigstore that these two functions read. */
type Entry = Parameters<typeof verifyMerkleInclusion>[0];
type Authority = Parameters<typeof verifyCheckpoint>[1][number];

const entryOf = (index: number, body: Buffer, hashes: readonly Buffer[], envelope: string): Entry =>
  ({
    canonicalizedBody: body,
    inclusionProof: { logIndex: String(index), hashes, checkpoint: { envelope } },
    // The rest of an entry is not looked at.
  }) as unknown as Entry;

describe('what Sigstore’s verifier makes of our log', () => {
  const origin = 'log.example';
  const log = logKey(origin);
  const bodies = Array.from({ length: 300 }, (_, index) => Buffer.from(`entry ${index}`));
  const leaves = bodies.map(hashLeaf);

  const [, id = '', ...encoded] = log.public.split('+');
  const x = Buffer.from(encoded.join('+'), 'base64').subarray(1).toString('base64url');
  const authority = {
    logID: Buffer.from(id, 'hex'),
    baseURL: `https://${origin}`,
    publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
    // What it reads of an authority.
  } as unknown as Authority;

  const signed = (size: number, root: Buffer): string =>
    signNote(formatCheckpoint({ origin, size: BigInt(size), root }), [log.signer]);

  it('is what we make of it, for leaves of trees of all kinds of sizes', async () => {
    for (const size of [1, 2, 3, 7, 8, 9, 64, 100, 255, 256, 257, 300]) {
      const tree = growLog(leaves.slice(0, size));
      const envelope = signed(size, tree.tail.root());
      for (const index of new Set([0, size >> 1, Math.max(0, size - 2), size - 1])) {
        const proof = await inclusionProof(tree, index, size);
        const entry = entryOf(index, bodies[index]!, proof, envelope);
        const checkpoint = verifyCheckpoint(entry, [authority]);
        expect(checkpoint).toMatchObject({ origin, logSize: BigInt(size) });
        verifyMerkleInclusion(entry, checkpoint);
        const claim = { index: BigInt(index), size: BigInt(size), leaf: leaves[index]! };
        verifyInclusion({ ...claim, proof, root: checkpoint.logHash });
      }
    }
  });

  it('is a refusal, as with us, with any one bit of a proof, the root or the leaf changed', async () => {
    const [size, index] = [13, 9];
    const tree = growLog(leaves.slice(0, size));
    const root = tree.tail.root();
    const proof = await inclusionProof(tree, index, size);
    const bothRefuse = (hashes: readonly Buffer[], body: Buffer, logHash: Buffer): void => {
      const checkpoint = new LogCheckpoint(origin, BigInt(size), logHash, []);
      expect(() => verifyMerkleInclusion(entryOf(index, body, hashes, ''), checkpoint)).toThrow(
        /./,
      );
      const claim = { index: BigInt(index), size: BigInt(size), leaf: hashLeaf(body) };
      expect(() => verifyInclusion({ ...claim, proof: hashes, root: logHash })).toThrow(/./);
    };
    for (const [at, hash] of proof.entries()) {
      for (const other of flips(hash)) bothRefuse(proof.with(at, other), bodies[index]!, root);
      bothRefuse(proof.toSpliced(at, 1), bodies[index]!, root);
    }
    for (const other of flips(root)) bothRefuse(proof, bodies[index]!, other);
    for (const other of flips(bodies[index]!)) bothRefuse(proof, other, root);
  });

  it('is a refusal of a checkpoint of which the text was changed, or that another signed', () => {
    const root = growLog(leaves).tail.root();
    const envelope = signed(300, root);
    const read = (note: string): unknown =>
      verifyCheckpoint(entryOf(0, bodies[0]!, [], note), [authority]);
    expect(read(envelope)).toMatchObject({ logSize: 300n });
    expect(() => read(envelope.replace('300', '301'))).toThrow(/signature/);
    const forged = signNote(envelope.slice(0, envelope.indexOf('\n\n') + 1), [
      logKey(origin).signer,
    ]);
    expect(() => read(forged)).toThrow(/signature/);
  });
});
