import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendSignatures, signNote } from '../../src/tlog/note.ts';
import { createWitnessServer } from '../../src/witness/witness-server.ts';
import { openWitnessStore, type WitnessStore } from '../../src/witness/witness-store.ts';
import { createWitness, type Refused } from '../../src/witness/witness.ts';
import { logKey, witnessKey } from '../tlog/keys.ts';
import { leafAt, leavesOf, naiveConsistency, naiveRoot } from '../tlog/trees.ts';
import {
  bodyOf,
  checkByHand,
  checkpointText,
  honestBody,
  noteOf,
  temporaryFolder,
  textOf,
} from './drive.ts';

const log = logKey('log.example/1');
const second = logKey('log.example/1');
const other = logKey('log.example/2');
const stranger = logKey('stranger.example');
const own = witnessKey('witness.example/w');
const seconds = 1_795_456_821;
const plain = 'text/plain; charset=utf-8';
/** A tree that shares its first leaves and then goes another way. */
const fork = (shared: number, size: number) => [
  ...leavesOf(shared),
  ...Array.from({ length: size - shared }, (_, at) => leafAt(1_000_000 + at)),
];

const open = (folder: string, store: WitnessStore = openWitnessStore(folder)) => {
  const refused: Refused[] = [];
  const errors: unknown[] = [];
  const witness = createWitness({
    store,
    logs: [
      { origin: log.signer.name, verifiers: [log.verifier, second.verifier] },
      { origin: other.signer.name, verifiers: [other.verifier] },
    ],
    cosigner: own.cosigner,
    now: () => seconds * 1_000 + 999,
    onRefused: (one) => refused.push(one),
  });
  const server = createWitnessServer({
    witness,
    vkey: own.public,
    onError: (error) => errors.push(error),
  });
  const post = async (payload: string | Buffer, headers: Record<string, string> = {}) => {
    const { statusCode, body, ...answer } = await server.inject({
      method: 'POST',
      url: '/add-checkpoint',
      headers,
      payload,
    });
    return { status: statusCode, type: answer.headers['content-type'], body };
  };
  return { store, server, witness, post, refused, errors };
};

const cosigned = async (
  post: ReturnType<typeof open>['post'],
  old: number,
  size: number,
  signer = log.signer,
) => {
  const answer = await post(honestBody(signer, old, leavesOf(size)));
  expect(answer).toMatchObject({ status: 200, type: plain });
  return answer.body;
};
const conflictAt = (size: number) => ({ status: 409, type: 'text/x.tlog.size', body: `${size}\n` });

describe('a checkpoint that grew out of the last one', () => {
  it('is cosigned by a line that the specification’s own words verify', async () => {
    const { post } = open(temporaryFolder());
    const body = await cosigned(post, 0, 5);
    expect(body).toMatch(/^\u2014 witness\.example\/w [A-Za-z0-9+/]+={0,2}\n$/);
    const text = textOf(noteOf(log.signer, leavesOf(5)));
    expect(checkByHand(own.public, text, body.trimEnd())).toBe(seconds);
    expect(checkByHand(own.public, text.replace('\n5\n', '\n6\n'), body.trimEnd())).toBe(undefined);
  });

  it.each([
    [0, 0],
    [0, 1],
    [1, 2],
    [3, 8],
    [7, 7],
    [255, 600],
  ])('from %i to %i entries', async (from, to) => {
    const { post } = open(temporaryFolder());
    await cosigned(post, 0, from);
    await cosigned(post, from, to);
  });

  it('may be signed by either of two keys of the log, and by strangers as well', async () => {
    const { post } = open(temporaryFolder());
    const text = textOf(noteOf(log.signer, leavesOf(3)));
    const note = signNote(text, [stranger.signer, second.signer]);
    expect(await post(bodyOf(0, [], note))).toMatchObject({ status: 200 });
    const both = signNote(text, [log.signer, second.signer]);
    expect(await post(bodyOf(3, [], both))).toMatchObject({ status: 200 });
  });

  it('is cosigned again as often as it is sent, and nothing is written for that', async () => {
    const folder = temporaryFolder();
    const store = openWitnessStore(folder);
    let writes = 0;
    const { post, witness } = open(folder, {
      ...store,
      replace: (...args) => {
        writes += 1;
        return store.replace(...args);
      },
    });
    const first = await cosigned(post, 0, 5);
    for (let again = 0; again < 3; again += 1) expect(await cosigned(post, 5, 5)).toBe(first);
    expect(writes).toBe(1);
    await cosigned(post, 5, 6);
    expect(writes).toBe(2);
    expect(witness.addCheckpoint(Buffer.from(honestBody(log.signer, 6, fork(2, 6))))).toMatchObject(
      { status: 422 },
    );
  });

  it('is told of without lines that strangers put beside the signatures of the log', async () => {
    const { post, refused } = open(temporaryFolder());
    await cosigned(post, 0, 5);
    const ours = noteOf(log.signer, fork(2, 5));
    const theirs = appendSignatures(ours, ['\u2014 a\u009b31mb AAAAAAAA']);
    expect(await post(bodyOf(5, [], theirs))).toMatchObject({ status: 422 });
    expect(refused.map(({ why, offered }) => [why, offered])).toEqual([['FORKED', ours]]);
  });

  it('may have extension lines, which are part of what is cosigned', async () => {
    const { post } = open(temporaryFolder());
    const text = `${checkpointText(log.signer.name, 2, naiveRoot(leavesOf(2)))}more\n`;
    const { status, body } = await post(bodyOf(0, [], signNote(text, [log.signer])));
    expect(status).toBe(200);
    expect(checkByHand(own.public, text, body.trimEnd())).toBe(seconds);
  });

  it('comes with any content type, or none', async () => {
    const { post } = open(temporaryFolder());
    for (const type of ['application/json', 'application/octet-stream', 'x/y']) {
      const answer = await post(bodyOf(9, [], 'x'), { 'content-type': type });
      expect(answer).toMatchObject({ status: 400 });
    }
    const answer = await post(Buffer.from(honestBody(log.signer, 0, leavesOf(2))));
    expect(answer).toMatchObject({ status: 200 });
  });

  it('of one log leaves the other where it was', async () => {
    const { post } = open(temporaryFolder());
    await cosigned(post, 0, 5);
    await cosigned(post, 0, 3, other.signer);
    expect(await post(honestBody(other.signer, 0, leavesOf(4)))).toEqual(conflictAt(3));
  });
});

describe('refused', () => {
  const good = noteOf(log.signer, leavesOf(4));
  it.each([
    ['nothing', '', 'the request has no blank line before its checkpoint\n'],
    ['no old size', `\n\n${good}`, 'line 1 of the request is not `old` and a size\n'],
    ['an old size with a zero before it', `old 01\n\n${good}`, /^line 1/],
    ['an old size with a sign', `old +1\n\n${good}`, /^line 1/],
    ['two spaces', `old  1\n\n${good}`, /^line 1/],
    ['an old size beyond every tree', `old 9223372036854775808\n\n${good}`, /^line 1/],
    ['a carriage return', `old 0\r\n\n${good}`, /^line 1/],
    ['a hash of 31 bytes', `old 0\n${'A'.repeat(42)}==\n\n${good}`, /^line 2/],
    ['a hash in another alphabet', `old 0\n${'-'.repeat(43)}=\n\n${good}`, /^line 2/],
    [
      '64 hashes',
      bodyOf(
        0,
        Array.from({ length: 64 }, () => leafAt(0)),
        good,
      ),
      'the proof has 64 hashes, at most 63 can be\n',
    ],
    ['no signatures', `old 0\n\n${textOf(good)}\n`, /the note has no/],
    ['text after them', `old 0\n\n${good}more\n`, /is no signature/],
    ['a checkpoint of two lines', `old 0\n\n${signNote('a\n1\n', [log.signer])}`, /2 lines/],
    ['a byte that is no UTF-8', Buffer.from([0x6f, 0xff, 0x0a]), /UTF-8/],
    [
      'an old size larger than the checkpoint’s',
      bodyOf(5, [], good),
      "the old size, 5, is larger than the checkpoint's\n",
    ],
  ])('400: %s', async (_what, payload, message) => {
    const { post } = open(temporaryFolder());
    const answer = await post(payload);
    expect(answer).toMatchObject({ status: 400, type: plain });
    expect(answer.body).toMatch(message);
    await cosigned(post, 0, 4);
  });

  it('404: a log that it does not know', async () => {
    const { post } = open(temporaryFolder());
    expect(await post(honestBody(stranger.signer, 0, leavesOf(4)))).toEqual({
      status: 404,
      type: plain,
      body: 'this witness does not know the log `stranger.example`\n',
    });
  });

  it('403: no signature by a key of the log', async () => {
    const { post } = open(temporaryFolder());
    const text = textOf(good);
    const answer = await post(bodyOf(0, [], signNote(text, [stranger.signer, other.signer])));
    expect(answer).toMatchObject({ status: 403, type: plain });
    expect(answer.body).toContain('the note is signed by `stranger.example+');
  });

  it('403: a wrong signature under the name and id of its key, even beside a right one', async () => {
    const { post } = open(temporaryFolder());
    const elsewhere = noteOf(log.signer, leavesOf(5)).slice(-200).split('\n').at(-2)!;
    const right = signNote(textOf(good), [second.signer]);
    for (const note of [`${textOf(good)}\n${elsewhere}\n`, appendSignatures(right, [elsewhere])]) {
      const answer = await post(bodyOf(0, [], note));
      expect(answer).toMatchObject({ status: 403, type: plain });
      expect(answer.body).toContain('is wrong: the note was changed after it was signed');
    }
  });

  it('409: another old size than the one cosigned last, which it names', async () => {
    const { post } = open(temporaryFolder());
    expect(await post(honestBody(log.signer, 2, leavesOf(4)))).toEqual(conflictAt(0));
    await cosigned(post, 0, 5);
    expect(await post(honestBody(log.signer, 0, leavesOf(7)))).toEqual(conflictAt(5));
    expect(await post(honestBody(log.signer, 6, leavesOf(7)))).toEqual(conflictAt(5));
  });

  it('409: a tree that went back', async () => {
    const { post, refused } = open(temporaryFolder());
    await cosigned(post, 0, 5);
    expect(await post(honestBody(log.signer, 3, leavesOf(4)))).toEqual(conflictAt(5));
    expect(await post(honestBody(log.signer, 0, leavesOf(4)))).toEqual(conflictAt(5));
    expect(refused.map(({ why }) => why)).toEqual(['BEHIND', 'BEHIND']);
    await cosigned(post, 5, 6);
  });

  it('422: another tree of the same size, and says so with both notes', async () => {
    const { post, refused } = open(temporaryFolder());
    await cosigned(post, 0, 5);
    const forked = noteOf(log.signer, fork(3, 5));
    const answer = await post(bodyOf(5, [], forked));
    expect(answer).toMatchObject({ status: 422, type: plain });
    expect(refused).toEqual([
      {
        why: 'FORKED',
        origin: log.signer.name,
        offered: forked,
        cosigned: noteOf(log.signer, leavesOf(5)),
      },
    ]);
    await cosigned(post, 5, 6);
  });

  it('422: a longer tree that is none of the one cosigned, by whatever proof', async () => {
    const { post } = open(temporaryFolder());
    await cosigned(post, 0, 5);
    const leaves = fork(4, 9);
    const note = noteOf(log.signer, leaves);
    const right = naiveConsistency(5, leavesOf(9));
    for (const proof of [naiveConsistency(5, leaves), right, [], right.slice(1)]) {
      expect(await post(bodyOf(5, proof, note))).toMatchObject({ status: 422, type: plain });
    }
    await cosigned(post, 5, 9);
  });

  it('422: a proof that is not empty where the old size is 0 or the same', async () => {
    const { post } = open(temporaryFolder());
    expect(await post(bodyOf(0, [leafAt(1)], good))).toMatchObject({ status: 422 });
    await cosigned(post, 0, 4);
    expect(await post(bodyOf(4, [leafAt(1)], good))).toMatchObject({ status: 422 });
  });

  it('422: a tree without leaves that has a root, once its log is known', async () => {
    const { post } = open(temporaryFolder());
    const empty = (signer: typeof log.signer) =>
      bodyOf(0, [], signNote(checkpointText(log.signer.name, 0, leafAt(3)), [signer]));
    expect(await post(empty(log.signer))).toMatchObject({ status: 422, type: plain });
    expect(await post(empty(stranger.signer))).toMatchObject({ status: 403 });
    await cosigned(post, 0, 4);
    expect(await post(empty(log.signer))).toEqual(conflictAt(4));
  });

  it('405, 404, 413: what is not the protocol', async () => {
    const { server, post } = open(temporaryFolder());
    const get = await server.inject({ method: 'GET', url: '/add-checkpoint' });
    expect(get).toMatchObject({ statusCode: 405, body: 'send `/add-checkpoint` by POST\n' });
    expect(get.headers['allow']).toBe('POST');
    expect(await server.inject({ method: 'POST', url: '/elsewhere' })).toMatchObject({
      statusCode: 404,
    });
    expect(await post(Buffer.alloc(200_000))).toMatchObject({
      status: 413,
      body: 'a request has at most 131072 bytes\n',
    });
  });
});

describe('a restart', () => {
  it('does not let it forget', async () => {
    const folder = temporaryFolder();
    const first = open(folder);
    await cosigned(first.post, 0, 5);
    first.store.close();
    const { post } = open(folder);
    expect(await post(honestBody(log.signer, 0, leavesOf(4)))).toEqual(conflictAt(5));
    expect(await post(bodyOf(5, [], noteOf(log.signer, fork(3, 5))))).toMatchObject({
      status: 422,
    });
    await cosigned(post, 5, 6);
  });

  it('between the write and the signature leaves the state that was written', async () => {
    const folder = temporaryFolder();
    const store = openWitnessStore(folder);
    const witness = createWitness({
      store,
      logs: [{ origin: log.signer.name, verifiers: [log.verifier] }],
      cosigner: {
        ...own.cosigner,
        cosign: () => {
          throw new Error('killed');
        },
      },
    });
    const body = Buffer.from(honestBody(log.signer, 0, leavesOf(5)));
    expect(() => witness.addCheckpoint(body)).toThrow('killed');
    store.close();
    const { post } = open(folder);
    expect(await post(honestBody(log.signer, 0, leavesOf(4)))).toEqual(conflictAt(5));
    await cosigned(post, 5, 5);
  });
});

describe('when the state cannot be kept', () => {
  it('signs nothing, tells its operator, and says no more to the client than that', async () => {
    const folder = temporaryFolder();
    const { post, store, errors } = open(folder);
    await cosigned(post, 0, 5);
    const [digest = ''] = readdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', digest, '1'), 'sayso witness state 1\n');
    const answer = await post(honestBody(log.signer, 5, leavesOf(6)));
    expect(answer).toEqual({
      status: 500,
      type: plain,
      body: 'this witness cannot sign at the moment; its operator was told why\n',
    });
    expect(errors).toMatchObject([{ code: 'WITNESS_STATE_INVALID' }]);
    store.close();
  });
});

describe('requests at once', () => {
  it('for one log are judged one after another', async () => {
    const { post } = open(temporaryFolder());
    await cosigned(post, 0, 3);
    const sizes = Array.from({ length: 40 }, (_, at) => 4 + (at % 20));
    const answers = await Promise.all(
      sizes.map((size) => post(honestBody(log.signer, 3, leavesOf(size)))),
    );
    const granted = answers.flatMap(({ status }, at) => (status === 200 ? [sizes[at]!] : []));
    expect(granted).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 200);
    expect(new Set(others.map(({ body }) => body))).toEqual(new Set([`${granted[0]}\n`]));
  });
});

describe('to monitors', () => {
  it('shows its key, and the newest checkpoint with the cosignature that it gave', async () => {
    const folder = temporaryFolder();
    const { server, post, store } = open(folder);
    expect((await server.inject('/')).body).toBe(`${own.public}\n`);
    const digest = await import('node:crypto').then(({ createHash }) =>
      createHash('sha256').update(log.signer.name).digest('hex'),
    );
    const url = `/${digest}/checkpoint`;
    expect(await server.inject(url)).toMatchObject({ statusCode: 404 });
    const text = textOf(noteOf(log.signer, leavesOf(3)));
    const signed = signNote(text, [stranger.signer, log.signer]);
    const { body } = await post(bodyOf(0, [], signed));
    const expected = appendSignatures(signNote(text, [log.signer]), [body]);
    expect((await server.inject(url)).body).toBe(expected);
    store.close();
    expect((await open(folder).server.inject(url)).body).toBe(expected);
    expect(await server.inject('/../../etc/checkpoint')).toMatchObject({ statusCode: 404 });
  });
});

it('ends, though somebody never sends the rest of a checkpoint', async () => {
  const { server, store } = open(temporaryFolder());
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write('POST /add-checkpoint HTTP/1.1\r\nHost: witness\r\nContent-Length: 9\r\n\r\nold ');
  await once(server.server, 'request');
  const begin = performance.now();
  await server.close();
  store.close();
  expect(performance.now() - begin).toBeLessThan(8_000);
  socket.destroy();
});
