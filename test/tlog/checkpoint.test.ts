import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { emptyRoot } from '../../src/tlog/merkle.ts';
import { leafAt } from './trees.ts';

const malformed = (message?: RegExp): unknown =>
  expect.objectContaining({
    code: 'TLOG_FORMAT',
    ...(message && { message: expect.stringMatching(message) as string }),
  });

describe('a checkpoint', () => {
  const root = leafAt(1);
  const hash = root.toString('base64');
  const origin = 'log.example/audit';

  it('is read as the specification writes its example', () => {
    const text =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    const read = parseCheckpoint(text);
    expect(read).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163n });
    expect(formatCheckpoint(read)).toBe(text);
  });

  it.each([
    { origin, size: 1n, root, extensions: [] },
    { origin: 'with spaces + more', size: 2n ** 63n - 1n, root, extensions: ['one', '— two'] },
    { origin, size: 0n, root: emptyRoot, extensions: [] },
  ])('is what was written', (checkpoint) => {
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
  });

  it.each([
    ['nothing', ''],
    ['two lines', `${origin}\n1\n`],
    ['no last newline', `${origin}\n1\n${hash}`],
    ['no origin', `\n1\n${hash}\n`],
    ['no size', `${origin}\n\n${hash}\n`],
    ['a leading zero', `${origin}\n01\n${hash}\n`],
    ['a sign', `${origin}\n+1\n${hash}\n`],
    ['a size below 0', `${origin}\n-1\n${hash}\n`],
    ['a size with a space', `${origin}\n1 \n${hash}\n`],
    ['a size in hexadecimal', `${origin}\n0x1\n${hash}\n`],
    ['a size in other digits', `${origin}\n١\n${hash}\n`],
    ['a size that is a float', `${origin}\n1e3\n${hash}\n`],
    ['a size of 2^63', `${origin}\n9223372036854775808\n${hash}\n`],
    ['a size of many digits', `${origin}\n${'9'.repeat(100_000)}\n${hash}\n`],
    ['a short hash', `${origin}\n1\n${root.subarray(1).toString('base64')}\n`],
    ['a long hash', `${origin}\n1\n${Buffer.concat([root, root]).toString('base64')}\n`],
    ['the hash in hexadecimal', `${origin}\n1\n${root.toString('hex')}\n`],
    ['the hash in the URL alphabet', `${origin}\n1\n${root.toString('base64url')}\n`],
    ['no padding', `${origin}\n1\n${hash.replace('=', '')}\n`],
    ['stray bits', `${origin}\n1\n${'A'.repeat(42)}B=\n`],
    ['an empty extension', `${origin}\n1\n${hash}\n\n`],
    ['carriage returns', `${origin}\r\n1\r\n${hash}\r\n`],
    ['half a pair of surrogates', `\ud800\n1\n${hash}\n`],
    ['the root of a tree with leaves and no leaves', `${origin}\n0\n${hash}\n`],
    ['its signatures', `${origin}\n1\n${hash}\n\n— a AAAAAAA=\n`],
  ])('is none with %s', (_what, text) => {
    expect(() => parseCheckpoint(text)).toThrow(malformed());
  });

  it('says which line is wrong', () => {
    expect(() => parseCheckpoint(`${origin}\n01\n${hash}\n`)).toThrow(malformed(/^line 2/));
    expect(() => parseCheckpoint(`${origin}\n1\n?\n`)).toThrow(malformed(/^line 3/));
    expect(() => parseCheckpoint(`${origin}\n1\n${hash}\na\tb\n`)).toThrow(malformed(/^line 4/));
  });

  it.each([
    [{ origin, size: -1n, root }, 'TLOG_RANGE'],
    [{ origin, size: 2n ** 63n, root }, 'TLOG_RANGE'],
    [{ origin, size: 1n, root: root.subarray(1) }, 'TLOG_HASH'],
    [{ origin: '', size: 1n, root }, 'TLOG_FORMAT'],
    [{ origin: `a\n9\n${hash}`, size: 1n, root }, 'TLOG_FORMAT'],
    [{ origin, size: 1n, root, extensions: [''] }, 'TLOG_FORMAT'],
    [{ origin, size: 1n, root, extensions: ['a\nb'] }, 'TLOG_FORMAT'],
    [{ origin, size: 0n, root }, 'TLOG_FORMAT'],
  ])('is not written for what it cannot say (%#)', (checkpoint, code) => {
    expect(() => formatCheckpoint(checkpoint)).toThrow(expect.objectContaining({ code }));
  });
});
