import { checkEmpty, checkHashes, checkProof, checkSize, refuse, walk } from './proof-walk.ts';

export { emptyRoot, hashLeaf, hashNode } from './hash.ts';

/** That the leaf stands at the index of the tree. */
export interface InclusionClaim {
  readonly index: bigint;
  readonly size: bigint;
  /** The hash of the leaf. */
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** That the later tree begins with the leaves of the earlier one. */
export interface ConsistencyClaim {
  readonly from: bigint;
  readonly to: bigint;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Checks a Merkle audit path (RFC 6962, 2.1.1), leaf's sibling first.
 * @throws TlogError TLOG_PROOF
 */
export const verifyInclusion = ({ index, size, leaf, proof, root }: InclusionClaim): void => {
  const what = `leaf ${index} of ${size}`;
  checkSize(what, size);
  if (index < 0n || index >= size) refuse(`${what}: the tree has no such leaf`);
  checkHashes(what, { 'the leaf hash': leaf, 'the root': root });
  checkProof(what, proof);
  const claim = { start: index, end: index + 1n, size, subtreeRoot: leaf, root, proof };
  walk(what, ['leaf', 'root: the leaf, its index or the tree is another'], claim);
};

/**
 * Checks a Merkle consistency proof (RFC 6962, 2.1.2). Each tree is consistent with the empty one,
 * whose proof is empty.
 * @throws TlogError TLOG_PROOF
 */
export const verifyConsistency = (claim: ConsistencyClaim): void => {
  const { from, to, fromRoot, toRoot, proof } = claim;
  const what = `trees of ${from} and ${to} leaves`;
  checkSize(what, from);
  checkSize(what, to);
  if (from > to) refuse(`${what}: the earlier tree is the larger one`);
  checkHashes(what, { 'the earlier root': fromRoot, 'the later root': toRoot });
  checkProof(what, proof);
  checkEmpty(what, 'the earlier root', from, fromRoot);
  checkEmpty(what, 'the later root', to, toRoot);
  if (from === 0n) {
    if (proof.length > 0) refuse(`${what}: the proof has ${proof.length} hashes, and 0 are needed`);
    return;
  }
  const names = ['earlier root', 'later root: what was there before has changed'] as const;
  walk(what, names, { start: 0n, end: from, size: to, subtreeRoot: fromRoot, root: toRoot, proof });
};
