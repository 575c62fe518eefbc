import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { cosignatureVerifierOf, verifyCosignatures } from '../../src/tlog/cosignature.ts';
import { KeyType, parseSecretKey, signText } from '../../src/tlog/note-key.ts';
import { appendSignatures, openNote, parseNote, signNote } from '../../src/tlog/note.ts';
import { logKey, witnessKey } from './keys.ts';
import { flips, leafAt } from './trees.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });

describe('a cosignature', () => {
  const log = logKey('log.example');
  const witness = witnessKey('witness.example/w1');
  const text = formatCheckpoint({ origin: 'log.example', size: 9n, root: leafAt(0) });
  const seconds = 1_679_315_147;
  const line = witness.cosigner.cosign(text, seconds);
  const note = appendSignatures(signNote(text, [log.signer]), [line]);
  const own = parseNote(note).signatures.find(({ name }) => name === 'witness.example/w1')!;

  it('is the time and a signature of time and text', () => {
    expect(line).toMatch(/^— witness\.example\/w1 [A-Za-z0-9+/]+=*$/);
    expect(own.keyId).toBe(witness.verifier.keyId);
    expect(own.signature).toHaveLength(72);
    expect(own.signature.readBigUInt64BE()).toBe(BigInt(seconds));
    expect(witness.verifier.secondsOf(text, own.signature)).toBe(seconds);
    expect(verifyCosignatures(note, [witness.verifier])).toEqual([
      { name: 'witness.example/w1', keyId: own.keyId, seconds },
    ]);
  });

  it('opens a note as any known signature does', () => {
    expect(openNote(note, [log.verifier, witness.verifier]).verified).toEqual([
      'log.example',
      'witness.example/w1',
    ]);
  });

  it('is refused with any one bit changed, of time, signature or text', () => {
    for (const changed of flips(own.signature)) {
      expect(witness.verifier.verify(text, changed)).toBe(false);
    }
    for (const changed of flips(Buffer.from(text))) {
      expect(witness.verifier.verify(changed.toString('latin1'), own.signature)).toBe(false);
    }
    for (let length = 0; length < own.signature.length; length += 1) {
      expect(witness.verifier.verify(text, own.signature.subarray(0, length))).toBe(false);
    }
  });

  it('is no signature of the text alone, nor the other way round', () => {
    const key = logKey('log.example');
    const plain = key.signer.sign(text);
    const disguised = Buffer.concat([Buffer.alloc(8), plain]);
    const vkey = witnessKey('log.example').public;
    expect(cosignatureVerifierOf(vkey).verify(text, disguised)).toBe(false);
    expect(key.verifier.verify(text, own.signature.subarray(8))).toBe(false);
  });

  it('that is wrong is an error, that is missing is none', () => {
    const other = witness.cosigner.cosign(text.replace('9', '8'), seconds);
    const wrong = appendSignatures(note, [other]);
    expect(() => verifyCosignatures(wrong, [witness.verifier])).toThrow(coded('TLOG_SIGNATURE'));
    expect(verifyCosignatures(note, [witnessKey('witness.example/w1').verifier])).toEqual([]);
  });

  it('counts once, with its latest time', () => {
    const later = appendSignatures(note, [witness.cosigner.cosign(text, seconds + 60)]);
    expect(verifyCosignatures(later, [witness.verifier])).toMatchObject([
      { seconds: seconds + 60 },
    ]);
  });

  it('is given for checkpoints only, at a whole second', () => {
    expect(() => witness.cosigner.cosign('text\n', seconds)).toThrow(coded('TLOG_FORMAT'));
    for (const wrong of [-1, 0.5, 2 ** 53, NaN]) {
      expect(() => witness.cosigner.cosign(text, wrong)).toThrow(coded('TLOG_RANGE'));
    }
  });

  it('of a time that no number can tell from its neighbours is refused, genuine as it is', () => {
    const { key } = parseSecretKey(witness.secret, KeyType.cosignature);
    const given = (time: bigint): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(time);
      // As `Number` would write it in the message.
      const message = `cosignature/v1\ntime ${Number(time)}\n${text}`;
      return Buffer.concat([bytes, signText(key, message)]);
    };
    expect(witness.verifier.secondsOf(text, given(2n ** 53n - 1n))).toBe(2 ** 53 - 1);
    for (const time of [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      expect(witness.verifier.verify(text, given(time))).toBe(false);
    }
  });

  it('is the one that the specification shows', () => {
    // The example's own key is not told, so that only its form can be held against ours.
    const shown =
      '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==';
    const { signatures } = parseNote(appendSignatures(note, [shown]));
    const { signature } = signatures.at(-1)!;
    expect(signature).toHaveLength(72);
    expect(Number(signature.readBigUInt64BE())).toBe(seconds);
  });
});
