import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/merkle.ts';
import { verifySubtreeConsistency, verifySubtreeInclusion } from '../../src/tlog/subtree.ts';

const data = process.env['SAYSO_TEST_DATA'];
const title =
  data === undefined
    ? 'Merkle test vectors (skipped: SAYSO_TEST_DATA names no folder with them)'
    : 'Merkle test vectors';
const folder = join(data ?? '', 'merkle-vectors/testdata');

type Json = Readonly<Record<string, unknown>>;

/** Sizes reach beyond what a number of JavaScript can tell apart. */
const readVector = (file: string): Json => {
  const text = readFileSync(join(folder, file), 'utf8');
  const quoted = text.replaceAll(/^(\s*"\w+": )(\d+)(,?)$/gm, '$1"$2"$3');
  return JSON.parse(quoted) as Json;
};

const bytesOf = (text: unknown): Buffer => Buffer.from(text as string, 'base64');

/**
 * Some vectors have a few words in the place of a root. No hash is of another length than 32 bytes,
 * so that these are refused as they stand; what they are about is asked with the hash of the words.
 */
const stretched = (bytes: Buffer): Buffer =>
  bytes.length === 32 || bytes.length === 0 ? bytes : createHash('sha256').update(bytes).digest();

const verify = (kind: string, vector: Json, hash: (bytes: Buffer) => Buffer): void => {
  const big = (name: string): bigint => BigInt(vector[name] as string);
  const root = (name: string): Buffer => hash(bytesOf(vector[name]));
  const proof = ((vector['proof'] as string[] | null) ?? []).map(bytesOf);
  const [start, end] = ['start' in vector ? big('start') : 0n, 'end' in vector ? big('end') : 0n];
  if (kind === 'consistency') {
    const [fromRoot, toRoot] = [root('root1'), root('root2')];
    verifyConsistency({ from: big('size1'), to: big('size2'), fromRoot, toRoot, proof });
  } else if (kind === 'subtreeconsistency') {
    const [size, subtreeRoot] = [big('size'), root('root1')];
    verifySubtreeConsistency({ start, end, size, subtreeRoot, root: root('root2'), proof });
  } else {
    const claim = { index: big('leafIdx'), leaf: bytesOf(vector['leafHash']), root: root('root') };
    if (kind === 'inclusion') verifyInclusion({ ...claim, size: big('treeSize'), proof });
    else verifySubtreeInclusion({ ...claim, start, end, proof });
  }
};

/** Where RFC 6962 and we hold another convention than the vectors; see docs/decisions/0012. */
const otherwise: ReadonlyMap<string, { readonly accepted: boolean; readonly reason: string }> =
  new Map([
    [
      'consistency/additional/size1-is-zero-and-size2-is-not-zero.json',
      { accepted: true, reason: 'each tree begins with the leaves of the empty one' },
    ],
    [
      'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-tree-root-random-proof-is-empty.json',
      { accepted: false, reason: 'the tree without leaves has one root only' },
    ],
  ]);

const kinds = { consistency: 98, inclusion: 98, subtreeconsistency: 118, subtreeinclusion: 204 };

describe.skipIf(data === undefined)(title, () => {
  for (const [kind, count] of Object.entries(kinds)) {
    const files =
      data === undefined
        ? []
        : readdirSync(join(folder, kind), { recursive: true, encoding: 'utf8' })
            .filter((name) => name.endsWith('.json'))
            .sort();

    it(`has all ${count} of ${kind}`, () => {
      expect(files).toHaveLength(count);
    });

    it.each(files)(`answers ${kind}/%s`, (name) => {
      const file = `${kind}/${name}`;
      const vector = readVector(file);
      const accepted = otherwise.get(file)?.accepted ?? vector['wantErr'] === false;
      const asked = (): void => verify(kind, vector, stretched);
      const asItStands = (): void => verify(kind, vector, (bytes) => bytes);
      if (accepted) expect(asked).not.toThrow();
      else expect(asked).toThrow(expect.objectContaining({ code: 'TLOG_PROOF' }));
      const words = ['root', 'root1', 'root2'].filter(
        (root) => root in vector && bytesOf(vector[root]).length !== 32,
      );
      if (words.length > 0 || !accepted) {
        expect(asItStands).toThrow(expect.objectContaining({ code: 'TLOG_PROOF' }));
      }
    });
  }

  it('differs in no more cases than it says', () => {
    const differing = [...otherwise].map(([file, { accepted }]) => [file, accepted]);
    const theirs = [...otherwise.keys()].map((file) => [file, readVector(file)['wantErr']]);
    // `wantErr` true is a refusal: the two are the same where we differ.
    expect(differing).toEqual(theirs);
  });
});
