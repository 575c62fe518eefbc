import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { hashLeaf, verifyConsistency, verifyInclusion } from '../../src/tlog/merkle.ts';
import { appendSignatures, openNote, signNote, signerOf, verifierOf } from '../../src/tlog/note.ts';
import { tilePath } from '../../src/tlog/tile-path.ts';
import { consistencyProof, inclusionProof, rootOf } from '../../src/tlog/tiles.ts';
import { TreeTail } from '../../src/tlog/tree-tail.ts';
import { buildGo, goMissing, type Go, type GoAnswer, type Question } from './go-tlog.ts';
import { logKey, witnessKey } from './keys.ts';
import { evenLog, flips, growLog, leafAt, leavesOf } from './trees.ts';

const missing = goMissing();
const title =
  missing === undefined
    ? 'Go’s transparency log'
    : `Go’s transparency log (skipped: ${missing}; apt-get install golang-go golang-golang-x-mod-dev)`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const throws = (run: () => unknown): boolean => {
  try {
    run();
    return false;
  } catch {
    return true;
  }
};

/** A question for Go with the same one for us, so that both can be held against each other. */
interface Pair {
  readonly question: Question;
  readonly ours: () => void;
}

interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leaf: Buffer;
  readonly root: Buffer;
  readonly proof: readonly Buffer[];
}
const inclusion = (claim: Inclusion): Pair => {
  const { index, size, leaf, root, proof } = claim;
  const [bigIndex, bigSize] = [BigInt(index), BigInt(size)];
  return {
    question: {
      kind: 'inclusion',
      index,
      size,
      leaf: base64(leaf),
      root: base64(root),
      proof: proof.map(base64),
    },
    ours: () => verifyInclusion({ index: bigIndex, size: bigSize, leaf, root, proof }),
  };
};

interface Consistency {
  readonly from: number;
  readonly size: number;
  readonly old: Buffer;
  readonly root: Buffer;
  readonly proof: readonly Buffer[];
}
const consistency = ({ from, size, old, root, proof }: Consistency): Pair => ({
  question: {
    kind: 'consistency',
    from,
    size,
    old: base64(old),
    root: base64(root),
    proof: proof.map(base64),
  },
  ours: () =>
    verifyConsistency({
      from: BigInt(from),
      to: BigInt(size),
      fromRoot: old,
      toRoot: root,
      proof,
    }),
});

const flipOne = (hash: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(hash);
  copy[(bit >> 3) % copy.length]! ^= 1 << (bit & 7);
  return copy;
};

describe.skipIf(missing !== undefined)(title, () => {
  let go: Go;
  beforeAll(() => {
    go = buildGo();
  }, 300_000);
  afterAll(() => {
    go.close();
  });

  /** Both accept all, or both refuse all. */
  const expectBoth = (pairs: readonly Pair[], accepted: boolean): void => {
    const answers = go.ask(pairs.map(({ question }) => question));
    const wrong = pairs.filter(
      ({ ours }, at) => throws(ours) === accepted || !answers[at]?.error !== accepted,
    );
    expect(wrong.map(({ question }) => question)).toEqual([]);
  };

  describe('of proofs from our tiles', () => {
    it('accepts those of all trees of 1 to 300 leaves, and refuses them changed', async () => {
      const [genuine, changed]: [Pair[], Pair[]] = [[], []];
      const all = leavesOf(300);
      const roots: Buffer[] = [];
      for (let size = 1; size <= 300; size += 1) {
        const log = growLog(all.slice(0, size));
        const root = log.tail.root();
        roots.push(root);
        for (const index of new Set([0, size - 1, (size * 7) % size, (size * 31 + 11) % size])) {
          const proof = await inclusionProof(log, index, size);
          const claim = { index, size, leaf: all[index]!, root, proof };
          genuine.push(inclusion(claim));
          changed.push(inclusion({ ...claim, leaf: flipOne(claim.leaf, size) }));
          changed.push(inclusion({ ...claim, root: flipOne(root, size) }));
          changed.push(inclusion({ ...claim, index: size }));
          changed.push(inclusion({ ...claim, proof: [...proof, root] }));
          for (const [at, hash] of proof.entries()) {
            changed.push(inclusion({ ...claim, proof: proof.with(at, flipOne(hash, size + at)) }));
            changed.push(inclusion({ ...claim, proof: proof.toSpliced(at, 1) }));
          }
        }
        for (const from of new Set([1, size, Math.ceil(size / 2), ((size * 13) % size) + 1])) {
          const proof = await consistencyProof(log, from, size);
          const claim = { from, size, old: roots[from - 1]!, root, proof };
          genuine.push(consistency(claim));
          changed.push(consistency({ ...claim, root: flipOne(root, size) }));
          changed.push(consistency({ ...claim, old: flipOne(claim.old, size) }));
          changed.push(consistency({ ...claim, proof: [...proof, root] }));
          changed.push(consistency({ ...claim, from: size + 1 }));
          for (const [at, hash] of proof.entries()) {
            const other = flipOne(hash, size + at);
            changed.push(consistency({ ...claim, proof: proof.with(at, other) }));
            changed.push(consistency({ ...claim, proof: proof.toSpliced(at, 1) }));
          }
        }
      }
      expectBoth(genuine, true);
      expectBoth(changed, false);
      expect(genuine.length).toBeGreaterThan(1_500);
      expect(changed.length).toBeGreaterThan(20_000);
    });

    it('accepts those of large trees, and refuses them with any one bit changed', async () => {
      const leaf = leafAt(0);
      const [genuine, changed]: [Pair[], Pair[]] = [[], []];
      for (const size of [65_537, 1_000_003, 2 ** 31 + 1, 2 ** 40 + 12_345, 2 ** 52 - 1]) {
        const log = evenLog(size, leaf);
        const root = await rootOf(log, size);
        for (const index of [0, 1, Math.floor(size / 3), size - 1]) {
          const proof = await inclusionProof(log, index, size);
          const claim = { index, size, leaf, root, proof };
          genuine.push(inclusion(claim));
          const last = proof.at(-1)!;
          for (const other of flips(last)) {
            changed.push(inclusion({ ...claim, proof: proof.with(-1, other) }));
          }
        }
        for (const from of [1, 2, Math.floor(size / 3), size - 1, size]) {
          const old = await rootOf(log, from);
          const proof = await consistencyProof(log, from, size);
          const claim = { from, size, old, root, proof };
          genuine.push(consistency(claim));
          for (const other of flips(old)) changed.push(consistency({ ...claim, old: other }));
        }
      }
      expectBoth(genuine, true);
      expectBoth(changed, false);
    });

    it('hashes leaves as we do', () => {
      const texts = ['', 'a', 'é', 'x'.repeat(400), 'x'.repeat(4095), 'x'.repeat(70_000)];
      const answers = go.ask(texts.map((text) => ({ kind: 'leaf', text })));
      expect(answers.map(({ hash }) => hash)).toEqual(
        texts.map((text) => base64(hashLeaf(Buffer.from(text)))),
      );
    });
  });

  describe('of our tiles', () => {
    // One perfect subtree for each partial tile: of others, the Go of Debian 12 leaves some full tiles
    // unchecked (it counts subtrees where it means tiles), so that it would accept them changed.
    const size = 65_536 + 256 + 64;
    const tail = new TreeTail();
    const tiles: Record<string, string> = {};
    beforeAll(() => {
      for (const leaf of leavesOf(size)) {
        for (const { level, index, hashes } of tail.append(leaf)) {
          tiles[tilePath(level, index)] = base64(hashes);
        }
      }
      for (const { level, index, width, hashes } of tail.partialTiles()) {
        tiles[tilePath(level, index, width)] = base64(hashes);
      }
    });
    /** Only those that a leaf needs. */
    const near = (index: number): Record<string, string> =>
      Object.fromEntries(
        Object.entries(tiles).filter(
          ([path]) =>
            !path.startsWith('tile/0/') ||
            path.includes('.p/') ||
            path === tilePath(0, Math.floor(index / 256)),
        ),
      );
    const question = (index: number, served: Record<string, string>): Question => ({
      kind: 'tiles',
      size,
      index,
      root: base64(tail.root()),
      tiles: served,
    });

    it('reads the leaves and the proofs that we read', async () => {
      const indexes = [0, 255, 256, 40_000, 65_535, 65_536, size - 1];
      const answers = go.ask(indexes.map((index) => question(index, near(index))));
      const log = growLog(leavesOf(size));
      for (const [at, index] of indexes.entries()) {
        const proof = await inclusionProof(log, index, size);
        expect(answers[at]).toEqual({ hash: base64(leafAt(index)), proof: proof.map(base64) });
      }
    });

    it('refuses each of them with a bit changed, or of another width', () => {
      const index = 40_000;
      const served = near(index);
      const changed = Object.entries(served).flatMap(([path, text]) => {
        const bytes = Buffer.from(text, 'base64');
        const flipped = base64(flipOne(bytes, 12_345));
        return [flipped, base64(bytes.subarray(32))].map((other) => ({ path, other }));
      });
      const asked = changed.map(({ path, other }) => question(index, { ...served, [path]: other }));
      const answers = go.ask(asked);
      const accepted = changed.filter((_, at) => answers[at]?.error === undefined);
      expect(accepted.map(({ path }) => path)).toEqual([]);
    });

    it('finds them under the paths that we give them', () => {
      const places = [
        [0, 0, 256],
        [0, 999, 256],
        [1, 1_000, 255],
        [2, 1_234_067, 1],
        [63, 2 ** 53 - 1, 17],
      ] as const;
      const asked = places.map(([level, index, width]) => ({ kind: 'path', level, index, width }));
      expect(go.ask(asked).map(({ text }) => text)).toEqual(
        places.map(([level, index, width]) =>
          tilePath(level, index, width).replace('tile/', 'tile/8/'),
        ),
      );
    });
  });

  describe('of our notes', () => {
    const log = logKey('log.example/audit');
    const text = formatCheckpoint({ origin: 'log.example/audit', size: 7n, root: leafAt(1) });
    const note = signNote(text, [log.signer]);
    const open = (changed: string): Question => ({ kind: 'note', key: log.public, text: changed });

    it('opens what we sign, cosigned by a witness or not', () => {
      const { cosigner } = witnessKey('witness.example');
      const cosigned = appendSignatures(note, [cosigner.cosign(text, 1_700_000_000)]);
      expect(go.ask([open(note), open(cosigned)])).toEqual([{ text }, { text }]);
    });

    it('refuses it, as we do, with any one line or character changed', () => {
      const lines = note.split('\n');
      const changed = [
        ...lines.slice(0, -1).map((_, at) => lines.toSpliced(at, 1).join('\n')),
        ...lines.map((line, at) => lines.with(at, `${line}x`).join('\n')),
        ...Array.from(note, (_, at) => note.slice(0, at) + note.slice(at + 1)),
        signNote(text, [logKey('log.example/audit').signer]),
      ].filter((other) => other !== note);
      const answers = go.ask(changed.map(open));
      for (const [at, other] of changed.entries()) {
        expect(
          throws(() => openNote(other, [log.verifier])),
          other,
        ).toBe(true);
        expect(answers[at]?.error, other).toBeDefined();
      }
    });

    it('signs with our keys what we open, and opens with our keys what it signs', () => {
      const [signed] = go.ask([{ kind: 'sign', key: log.secret, text }]);
      expect(openNote(signed?.text ?? '', [log.verifier]).verified).toEqual(['log.example/audit']);
      // Ed25519 has one signature for a text.
      expect(signed?.text).toBe(note);
    });

    it('makes keys that are ours too', () => {
      const names = ['go.example/log', 'é', 'x'.repeat(300)];
      const keys = go.ask(names.map((name) => ({ kind: 'generate', name })));
      const notes = keys.map(({ secret = '' }) => signNote('text\n', [signerOf(secret)]));
      for (const [at, { key = '' }] of keys.entries()) {
        expect(openNote(notes[at]!, [verifierOf(key)])).toEqual({
          text: 'text\n',
          verified: [names[at]],
        });
      }
      const opened: readonly GoAnswer[] = go.ask(
        keys.map(({ key }, at) => ({ kind: 'note', key, text: notes[at] })),
      );
      expect(opened).toEqual(names.map(() => ({ text: 'text\n' })));
    });

    it('takes no key with any one character changed', () => {
      for (const [key, kind] of [
        [log.public, 'note'],
        [log.secret, 'sign'],
      ] as const) {
        const changed = Array.from(key, (character, at) => {
          // Go takes capitals in a key id; we do not.
          const other = character === 'A' ? 'B' : character === 'a' ? 'b' : 'A';
          return key.slice(0, at) + other + key.slice(at + 1);
        });
        const answers = go.ask(changed.map((other) => ({ kind, key: other, text: note })));
        for (const [at, other] of changed.entries()) {
          const ours = (): unknown => (kind === 'note' ? verifierOf(other) : signerOf(other));
          expect(throws(ours), other).toBe(true);
          expect(answers[at]?.error, other).toBeDefined();
        }
      }
    });
  });
});
