import { describe, expect, it } from 'vitest';
import { cosignerOf } from '../../src/tlog/cosignature.ts';
import {
  appendSignatures,
  createKey,
  decodeText,
  openNote,
  parseNote,
  signNote,
  signerOf,
  verifierOf,
} from '../../src/tlog/note.ts';
import type { TlogError } from '../../src/tlog/tlog-error.ts';
import { logKey, witnessKey } from './keys.ts';
import { flips } from './trees.ts';

const coded = (code: string, message?: RegExp): unknown =>
  expect.objectContaining({
    code,
    ...(message && { message: expect.stringMatching(message) as string }),
  });

const malformed = (message?: RegExp): unknown => coded('TLOG_FORMAT', message);
const refusedBy = (message?: RegExp): unknown => coded('TLOG_SIGNATURE', message);

/** The example of c2sp.org/signed-note. */
const example = {
  vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};

describe('a note', () => {
  const log = logKey('log.example/audit');
  const text = 'one line\n\nand another, é and 🜁\n';
  const note = signNote(text, [log.signer]);

  it('is read as the specification writes its example', () => {
    expect(openNote(example.note, [verifierOf(example.vkey)])).toEqual({
      text: 'This is an example message.\n',
      verified: ['example.com/foo'],
    });
  });

  it('opens with the key that signed it', () => {
    expect(openNote(note, [log.verifier])).toEqual({ text, verified: ['log.example/audit'] });
    const [signature] = parseNote(note).signatures;
    expect(signature).toMatchObject({ name: log.signer.name, keyId: log.signer.keyId });
    expect(signature?.signature).toHaveLength(64);
  });

  it('is refused with any one bit changed', () => {
    let count = 0;
    for (const changed of flips(Buffer.from(note))) {
      expect(() => openNote(decodeText(changed), [log.verifier])).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^TLOG_(FORMAT|SIGNATURE)$/) }),
      );
      count += 1;
    }
    expect(count).toBe(Buffer.byteLength(note) * 8);
  });

  it('is refused with any one character taken away or put in twice', () => {
    const characters = Array.from(note);
    for (const [at, character] of characters.entries()) {
      const without = characters.toSpliced(at, 1).join('');
      const twice = characters.toSpliced(at, 0, character).join('');
      for (const changed of [without, twice]) {
        expect(() => openNote(changed, [log.verifier])).toThrow(/./);
      }
    }
  });

  it('names the keys that signed when none of them is known', () => {
    const other = logKey('log.example/audit');
    expect(() => openNote(note, [other.verifier])).toThrow(refusedBy(/^the note is signed by/));
    expect(() => openNote(note, [])).toThrow(
      refusedBy(/`log\.example\/audit\+[0-9a-f]{8}`.*no key/),
    );
  });

  it('passes over signatures of others and keeps to those it knows', () => {
    const [other, third] = [logKey('other.example'), logKey('third.example')];
    const both = signNote(text, [other.signer, log.signer]);
    expect(openNote(both, [log.verifier]).verified).toEqual(['log.example/audit']);
    expect(openNote(both, [log.verifier, third.verifier, other.verifier]).verified).toEqual([
      'other.example',
      'log.example/audit',
    ]);
    const forged = appendSignatures(note, [signNote('x\n', [other.signer]).split('\n')[2]!]);
    expect(openNote(forged, [log.verifier]).text).toBe(text);
    expect(() => openNote(forged, [log.verifier, other.verifier])).toThrow(refusedBy(/wrong/));
  });

  it('verifies each signature of a known key, and not only its first', () => {
    const wrong = signNote('x\n', [log.signer]).split('\n')[2]!;
    expect(() => openNote(appendSignatures(note, [wrong]), [log.verifier])).toThrow(refusedBy());
  });

  it('is refused when two of the keys given cannot be told apart', () => {
    expect(() => openNote(note, [log.verifier, verifierOf(log.public)])).toThrow(
      refusedBy(/give one/),
    );
  });

  it('takes further signatures once each', () => {
    const other = logKey('other.example');
    const line = signNote(text, [other.signer]).slice(text.length + 1);
    const longer = appendSignatures(note, [line, line.trimEnd()]);
    expect(longer).toBe(note + line);
    expect(appendSignatures(longer, [line])).toBe(longer);
  });

  it.each([
    ['a blank line', ''],
    ['two lines', `— a ${Buffer.alloc(5).toString('base64')}\n\n— b AAAAAAA=`],
    ['no signature', 'hello'],
    ['an empty signature', `— a ${Buffer.alloc(4).toString('base64')}`],
  ])('takes %s for no signature', (_what, line) => {
    expect(() => appendSignatures(note, [line])).toThrow(malformed());
  });

  const signature = Buffer.alloc(68, 7).toString('base64');
  it.each([
    ['no text', ''],
    ['no blank line', `text\n— a ${signature}\n`],
    ['no signature', 'text\n\n'],
    ['no last newline', `text\n\n— a ${signature}`],
    ['a hyphen for the dash', `text\n\n- a ${signature}\n`],
    ['no name', `text\n\n—  ${signature}\n`],
    ['a plus in a name', `text\n\n— a+b ${signature}\n`],
    ['a no-break space in a name', `text\n\n— a\u00a0b ${signature}\n`],
    ['a next-line character in a name', `text\n\n— a\u0085b ${signature}\n`],
    ['two spaces', `text\n\n— a  ${signature}\n`],
    ['a space at the end', `text\n\n— a ${signature} \n`],
    ['no base64', `text\n\n— a !${signature}\n`],
    ['the URL alphabet', `text\n\n— a __${signature.slice(2)}\n`],
    ['no padding', `text\n\n— a ${signature.slice(0, -1)}\n`],
    ['stray bits', `text\n\n— a AAAAAAB=\n`],
    ['a key id only', `text\n\n— a AAAAAA==\n`],
    ['a carriage return', `text\r\n\n— a ${signature}\n`],
    ['a tab', `te\txt\n\n— a ${signature}\n`],
    ['a NUL', `te\0xt\n\n— a ${signature}\n`],
    ['half a pair of surrogates', `te\ud800xt\n\n— a ${signature}\n`],
    ['text after the signatures', `text\n\n— a ${signature}\nmore\n`],
  ])('is none with %s', (_what, wrong) => {
    expect(() => parseNote(wrong)).toThrow(malformed());
  });

  it('says which line is wrong', () => {
    expect(() => parseNote('a\nb\tc\n\n— a AAAAAAA=\n')).toThrow(malformed(/^line 2 of the note/));
    expect(() => parseNote('a\nb\n\n— a AAAAAAA=\nb\n')).toThrow(malformed(/^line 5 of the note/));
  });

  it('has at least the signatures that all must read, and bounds', () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, at) => `— a${at} ${signature}\n`).join('');
    expect(parseNote(`text\n\n${lines(100)}`).signatures).toHaveLength(100);
    expect(() => parseNote(`text\n\n${lines(101)}`)).toThrow(malformed(/101 signatures/));
    expect(() => parseNote(`${'x'.repeat(1_000_000)}\n\n${lines(1)}`)).toThrow(malformed(/bytes/));
  });

  it.each([
    ['nobody', 'text\n', []],
    ['one signer twice', 'text\n', [log.signer, log.signer]],
  ])('is not signed by %s', (_what, unsigned, signers) => {
    expect(() => signNote(unsigned, signers)).toThrow(malformed());
  });

  it.each(['', 'text', 'te\rxt\n', 'te\ud800xt\n'])('is not signed for the text %j', (unsigned) => {
    expect(() => signNote(unsigned, [log.signer])).toThrow(malformed());
  });

  it('is UTF-8 to the last byte, a byte order mark included', () => {
    expect(() => decodeText(Buffer.from([0xff]))).toThrow(malformed());
    expect(() => decodeText(Buffer.from([0xed, 0xa0, 0x80]))).toThrow(malformed());
    expect(decodeText(Buffer.from('\ufeffa'))).toBe('\ufeffa');
  });

  it('shows no control sequences of a stranger’s name', () => {
    const stranger = signNote('text\n', [logKey(`a\u009b31m\u202e${'b'.repeat(500)}`).signer]);
    expect.assertions(2);
    try {
      openNote(stranger, [log.verifier]);
    } catch (error) {
      const { message } = error as TlogError;
      expect(message).not.toMatch(/\p{C}/u);
      expect(message.length).toBeLessThan(300);
    }
  });
});

describe('a key', () => {
  const { secret, public: vkey } = createKey('log.example');

  it('is one line for each half, and the halves belong together', () => {
    expect(secret).toMatch(/^PRIVATE\+KEY\+log\.example\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/);
    expect(vkey).toMatch(/^log\.example\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/);
    expect(secret.split('+')[3]).toBe(vkey.split('+')[1]);
    expect(signerOf(secret).keyId).toBe(verifierOf(vkey).keyId);
    expect(createKey('log.example').secret).not.toBe(secret);
  });

  it('is made again from its text, however many times there are pluses in it', () => {
    for (let at = 0; at < 200; at += 1) {
      const key = createKey('a');
      const note = signNote('text\n', [signerOf(key.secret)]);
      expect(openNote(note, [verifierOf(key.public)]).verified).toEqual(['a']);
    }
  });

  it('is refused with any one bit of its text changed', () => {
    for (const [text, read] of [
      [secret, signerOf],
      [vkey, verifierOf],
    ] as const) {
      for (const changed of flips(Buffer.from(text))) {
        expect(() => read(changed.toString('latin1'))).toThrow(malformed());
      }
    }
  });

  it.each(['', 'a b', 'a+b', 'a\u2003b', 'a\nb', 'a\tb', 'a\0b', 'a\ud800'])(
    'cannot be named %j',
    (name) => {
      expect(() => createKey(name)).toThrow(malformed(/cannot name a key/));
    },
  );

  it.each([
    ['the other half', () => verifierOf(secret), /give the public one/],
    ['the other half again', () => signerOf(vkey), /begins with/],
    ['nothing', () => verifierOf(''), /is not `name\+8/],
    ['a newline after it', () => verifierOf(`${vkey}\n`), /newline/],
    ['a cosigner’s', () => verifierOf(witnessKey('w').public), /type 4/],
    ['a cosigner’s secret', () => signerOf(witnessKey('w').secret), /type 4/],
    ['a log’s for a cosigner', () => cosignerOf(secret), /type 1/],
    ['capital hexadecimal', () => verifierOf(vkey.replace(/\+[0-9a-f]{8}/, '+ABCDEF00')), /digits/],
    ['another name', () => verifierOf(vkey.replace('log', 'lag')), /does not belong/],
  ])('is not read from %s', (_what, read, message) => {
    expect(read).toThrow(malformed(message));
  });

  it('never shows a secret in an error', () => {
    const [, , , id = '', ...encoded] = secret.split('+');
    const seed = encoded.join('+');
    const cut = [
      secret.replace('log', 'lag'),
      `${secret}A`,
      secret.slice(0, -4),
      `x${secret}`,
      `PRIVATE+KEY+${seed}`,
      `PRIVATE+KEY+${id}+${seed}`,
      `PRIVATE+KEY+log.example+${seed}`,
      `PRIVATE+KEY+log.example+${seed}+${id}`,
      seed,
    ];
    expect.assertions(cut.length);
    const part = seed
      .split('+')
      .toSorted((a, b) => b.length - a.length)[0]!
      .slice(0, 8);
    for (const wrong of cut) {
      try {
        signerOf(wrong);
      } catch (error) {
        expect((error as TlogError).message).not.toContain(part);
      }
    }
  });
});
