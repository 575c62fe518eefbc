import { beforeAll, describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { appendSignatures, decodeText, signNote } from '../../src/tlog/note.ts';
import { formatProof, parseProof, verifyProofFile } from '../../src/tlog/proof-file.ts';
import { inclusionProof } from '../../src/tlog/tiles.ts';
import { logKey, witnessKey } from './keys.ts';
import { flips, growLog, leafAt, leavesOf } from './trees.ts';

const coded = (code: string, message?: RegExp): unknown =>
  expect.objectContaining({
    code,
    ...(message && { message: expect.stringMatching(message) as string }),
  });

describe('a proof file', () => {
  const origin = 'log.example/audit';
  const log = logKey(origin);
  const witness = witnessKey('witness.example');
  const size = 13;
  const index = 5;
  const tree = growLog(leavesOf(size));
  const text = formatCheckpoint({ origin, size: BigInt(size), root: tree.tail.root() });
  const seconds = 1_700_000_000;
  const checkpoint = appendSignatures(signNote(text, [log.signer]), [
    witness.cosigner.cosign(text, seconds),
  ]);
  let proof: readonly Buffer[];
  let file: string;
  beforeAll(async () => {
    proof = await inclusionProof(tree, index, size);
    file = formatProof({ index: BigInt(index), proof, checkpoint });
  });
  const verify = (changed: string) =>
    verifyProofFile(changed, leafAt(index), [log.verifier], [witness.verifier]);

  it('says what it is, the place, the path and the checkpoint', () => {
    const path = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
    expect(file).toBe(`c2sp.org/tlog-proof@v1\nindex 5\n${path}\n${checkpoint}`);
    expect(parseProof(file)).toEqual({ index: 5n, proof, checkpoint, extra: undefined });
  });

  it('proves that the leaf is in the log, and who saw the checkpoint', () => {
    expect(verify(file)).toEqual({
      index: 5n,
      checkpoint: { origin, size: 13n, root: tree.tail.root(), extensions: [] },
      cosignatures: [{ name: 'witness.example', keyId: witness.cosigner.keyId, seconds }],
      extra: undefined,
    });
    expect(verifyProofFile(file, leafAt(index), [log.verifier]).cosignatures).toEqual([]);
  });

  it('is refused with any one bit changed', () => {
    const plain = formatProof({
      index: BigInt(index),
      proof,
      checkpoint: signNote(text, [log.signer]),
    });
    for (const changed of flips(Buffer.from(plain))) {
      expect(() => verify(decodeText(changed))).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^TLOG_(FORMAT|SIGNATURE|PROOF)$/) as string,
        }),
      );
    }
  });

  it('is refused, or has lost its witness, with any one bit changed of a cosigned one', () => {
    let lost = 0;
    for (const changed of flips(Buffer.from(file))) {
      try {
        expect(verify(decodeText(changed)).cosignatures).toEqual([]);
        lost += 1;
      } catch (error) {
        expect(error).toMatchObject({ status: 400 });
      }
    }
    // A bit of the name or of the key id makes it the signature of somebody unknown.
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(8 * ('witness.example'.length + 6));
  });

  it('is refused with any one line taken away, doubled or moved', () => {
    const plain = formatProof({
      index: BigInt(index),
      proof,
      checkpoint: signNote(text, [log.signer]),
    });
    const lines = plain.split('\n').slice(0, -1);
    for (const [at, line] of lines.entries()) {
      const isLast = at === lines.length - 1;
      const variants = [
        lines.toSpliced(at, 1),
        lines.toSpliced(at, 2, lines[at + 1] ?? '', line),
        // The same signature may stand twice.
        ...(isLast ? [] : [lines.toSpliced(at, 0, line)]),
      ];
      for (const variant of variants) {
        const changed = `${variant.join('\n')}\n`;
        expect(() => verify(changed), changed).toThrow(expect.objectContaining({ status: 400 }));
      }
    }
  });

  it('is of no other leaf', () => {
    for (const leaf of flips(leafAt(index))) {
      expect(() => verifyProofFile(file, leaf, [log.verifier])).toThrow(coded('TLOG_PROOF'));
    }
    const short = leafAt(index).subarray(1);
    expect(() => verifyProofFile(file, short, [log.verifier])).toThrow(coded('TLOG_PROOF'));
  });

  it('is of no log that signs with another key, or under another name', () => {
    const foreign = logKey('other.example');
    expect(() => verifyProofFile(file, leafAt(index), [foreign.verifier])).toThrow(
      coded('TLOG_SIGNATURE', /^the note is signed by `log\.example\/audit\+/),
    );
    // A log that is accepted cannot speak for another that is.
    const forged = formatProof({
      index: BigInt(index),
      proof,
      checkpoint: signNote(text, [foreign.signer]),
    });
    const both = [log.verifier, foreign.verifier];
    expect(() => verifyProofFile(forged, leafAt(index), both)).toThrow(
      coded('TLOG_SIGNATURE', /^the checkpoint is of `log\.example\/audit`, and signed by/),
    );
  });

  it('carries data of others, for which nobody stands', () => {
    const extra = Buffer.from('context');
    const longer = formatProof({ index: BigInt(index), proof, checkpoint, extra });
    expect(longer.split('\n')[1]).toBe('extra Y29udGV4dA==');
    expect(verify(longer).extra).toEqual(extra);
    const empty = formatProof({ index: BigInt(index), proof, checkpoint, extra: Buffer.alloc(0) });
    expect(parseProof(empty).extra).toEqual(Buffer.alloc(0));
  });

  it('of the one leaf of a log has no hashes', () => {
    const leaf = hashLeaf(Buffer.from('only'));
    const only = formatCheckpoint({ origin, size: 1n, root: leaf });
    const alone = formatProof({ index: 0n, proof: [], checkpoint: signNote(only, [log.signer]) });
    expect(verifyProofFile(alone, leaf, [log.verifier]).index).toBe(0n);
  });

  it.each([
    ['another first line', (lines: string) => lines.replace('@v1', '@v2')],
    ['a leading zero', (lines: string) => lines.replace('index 5', 'index 05')],
    ['two spaces', (lines: string) => lines.replace('index 5', 'index  5')],
    ['a negative index', (lines: string) => lines.replace('index 5', 'index -5')],
    ['no index', (lines: string) => lines.replace('index 5\n', '')],
    ['carriage returns', (lines: string) => lines.replaceAll('\n', '\r\n')],
    ['extra after the index', (lines: string) => lines.replace('index 5', 'index 5\nextra AA==')],
    ['extra that is no base64', (lines: string) => lines.replace('index', 'extra A\nindex')],
    ['two extras', (lines: string) => lines.replace('index', 'extra AA==\nextra AA==\nindex')],
    [
      'too many hashes',
      (lines: string) => lines.replace('5\n', `5\n${'A'.repeat(43)}=\n`.repeat(64)),
    ],
    ['a blank line more', (lines: string) => lines.replace('\n\n', '\n\n\n')],
    ['no blank line', (lines: string) => lines.replaceAll('\n\n', '\n')],
    ['text before', (lines: string) => `\n${lines}`],
    ['no signature', (lines: string) => lines.slice(0, lines.lastIndexOf('\n\n') + 2)],
    ['nothing', () => ''],
  ])('is none with %s', (_what, change) => {
    expect(() => parseProof(change(file))).toThrow(coded('TLOG_FORMAT'));
  });

  it('is not written for what it cannot say', () => {
    const wrong = [
      { index: -1n, proof, checkpoint },
      { index: 2n ** 63n, proof, checkpoint },
      { index: 5n, proof, checkpoint: text },
      { index: 5n, proof: Array.from({ length: 64 }, () => leafAt(0)), checkpoint },
    ];
    for (const claim of wrong) expect(() => formatProof(claim)).toThrow(coded('TLOG_FORMAT'));
    const short = { index: 5n, proof: [leafAt(0).subarray(1)], checkpoint };
    expect(() => formatProof(short)).toThrow(coded('TLOG_HASH'));
  });
});
