import { verifyInclusion, type InclusionClaim } from './merkle.ts';
import {
  bitLength,
  checkEmpty,
  checkHashes,
  checkProof,
  checkSize,
  refuse,
  walk,
  type SubtreeClaim,
} from './proof-walk.ts';

/** A subtree begins at a multiple of the smallest power of two that it fits into. */
const isSubtree = (start: bigint, end: bigint): boolean =>
  start >= 0n && start < end && start % (1n << BigInt(bitLength(end - start - 1n))) === 0n;

const checkSubtree = (what: string, start: bigint, end: bigint): void => {
  if (!isSubtree(start, end)) refuse(`${what}: no subtree has these bounds`);
};

/**
 * Checks that a leaf stands in a subtree, by the root of the subtree alone.
 * @throws TlogError TLOG_PROOF
 */
export const verifySubtreeInclusion = (
  claim: Omit<InclusionClaim, 'size'> & { readonly start: bigint; readonly end: bigint },
): void => {
  const { index, start, end, ...rest } = claim;
  const what = `leaf ${index} of leaves ${start} to ${end}`;
  checkSize(what, end);
  checkSubtree(what, start, end);
  verifyInclusion({ ...rest, index: index - start, size: end - start });
};

/**
 * Checks that a tree holds a subtree. The empty subtree is in each tree.
 * @throws TlogError TLOG_PROOF
 */
export const verifySubtreeConsistency = (claim: SubtreeClaim): void => {
  const { start, end, size, subtreeRoot, root, proof } = claim;
  const what = `leaves ${start} to ${end} of ${size}`;
  checkSize(what, size);
  if (end > size) refuse(`${what}: the tree has no such leaves`);
  checkHashes(what, { 'the root of the subtree': subtreeRoot, 'the root': root });
  checkProof(what, proof);
  checkEmpty(what, 'the root', size, root);
  if (start !== end) {
    checkSubtree(what, start, end);
    walk(what, ['root of the subtree', 'root'], claim);
    return;
  }
  checkEmpty(what, 'the root of the subtree', end - start, subtreeRoot);
  if (start < 0n) refuse(`${what}: no subtree has these bounds`);
  if (proof.length > 0) refuse(`${what}: the proof has ${proof.length} hashes, and 0 are needed`);
};
