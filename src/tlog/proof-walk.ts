import { emptyRoot, hashNode, hashSize, sameHash } from './hash.ts';
import { TlogError } from './tlog-error.ts';

/** A tree has no more leaves: sizes are signed 64-bit numbers to other tools. */
export const maxTreeSize = 2n ** 63n - 1n;

/** That the leaves from `start` to before `end` of a tree have the root. */
export interface SubtreeClaim {
  readonly start: bigint;
  readonly end: bigint;
  readonly size: bigint;
  readonly subtreeRoot: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Ends with what is wrong. @throws TlogError TLOG_PROOF */
export const refuse = (message: string): never => {
  throw new TlogError(message, 'TLOG_PROOF');
};

/** How many bits a number has; 0 for 0. */
export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

export const checkHashes = (what: string, named: Readonly<Record<string, Uint8Array>>): void => {
  for (const [name, { length }] of Object.entries(named)) {
    if (length !== hashSize) refuse(`${what}: ${name} has ${length} bytes, not 32`);
  }
};

/** Where the sibling stands; `both` has it left of a tree that the subtree reaches into. */
type Sibling = 'right' | 'left' | 'both';

/** The siblings from the root down, until what is left lies whole in the subtree. */
const descend = (start: bigint, end: bigint, size: bigint): readonly Sibling[] => {
  const siblings: Sibling[] = [];
  let [from, to, leaves] = [start, end, size];
  while (from !== 0n || to !== leaves) {
    const left = 1n << BigInt(bitLength(leaves - 1n) - 1);
    if (to <= left) {
      siblings.push('right');
      leaves = left;
      continue;
    }
    siblings.push(from >= left ? 'left' : 'both');
    from = from >= left ? from - left : 0n;
    to -= left;
    leaves -= left;
  }
  return siblings;
};

/** The one walk that all proofs are: inclusion is a subtree of one leaf, consistency one from 0. */
export const walk = (what: string, names: readonly [string, string], claim: SubtreeClaim): void => {
  const { start, end, size, subtreeRoot, root, proof } = claim;
  const siblings = descend(start, end, size).toReversed();
  // A subtree that is no node of the tree is not known as a whole: the proof begins with a part.
  const whole = !siblings.includes('both');
  const needed = siblings.length + (whole ? 0 : 1);
  if (proof.length !== needed) {
    refuse(`${what}: the proof has ${proof.length} hashes, and ${needed} are needed`);
  }
  const [first = subtreeRoot, ...rest] = whole ? [subtreeRoot, ...proof] : proof;
  let inner: Uint8Array = first;
  let outer: Uint8Array = first;
  for (const [at, side] of siblings.entries()) {
    const sibling = rest[at] ?? refuse(`${what}: the proof has no hash ${at}`);
    if (side === 'both') inner = hashNode(sibling, inner);
    outer = side === 'right' ? hashNode(outer, sibling) : hashNode(sibling, outer);
  }
  if (!sameHash(inner, subtreeRoot)) refuse(`${what}: the proof leads to another ${names[0]}`);
  if (!sameHash(outer, root)) refuse(`${what}: the proof leads to another ${names[1]}`);
};

export const checkSize = (what: string, size: bigint): void => {
  if (size < 0n || size > maxTreeSize) refuse(`${what}: a tree cannot have ${size} leaves`);
};

export const checkProof = (what: string, proof: readonly Uint8Array[]): void =>
  checkHashes(what, Object.fromEntries(proof.map((hash, at) => [`hash ${at} of the proof`, hash])));

/** A tree without leaves has but one root. */
export const checkEmpty = (what: string, name: string, size: bigint, root: Uint8Array): void => {
  if (size === 0n && !sameHash(root, emptyRoot)) {
    refuse(`${what}: ${name} is not the root of the tree without leaves`);
  }
};
