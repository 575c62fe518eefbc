import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditStore } from '../../src/audit/audit-store.ts';
import { openAuditLog } from '../../src/audit/open-audit-log.ts';
import { parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { decodeBundle } from '../../src/tlog/entry-bundle.ts';
import { hashLeaf } from '../../src/tlog/merkle.ts';
import { openNote, verifierOf } from '../../src/tlog/note.ts';
import { rootOf } from '../../src/tlog/tiles.ts';
import { tilePath } from '../../src/tlog/tile-path.ts';
import { operation } from '../audit/log-stage.ts';
import { rightsCrm, rightsSchema, rightsShop } from './rights-shop.ts';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const rules = fileURLToPath(new URL('../../src/sample/rules.ts', import.meta.url));
let gateway: TestGateway;
let origin: string;
let key: string;
/** Entries that a checkpoint holds; two more were written since. */
const size = 600;

beforeAll(async () => {
  gateway = await startTestGateway({
    schema: rightsSchema,
    sources: { shop: rightsShop, crm: rightsCrm },
    rules,
  });
  const { knex } = gateway.own;
  const log = await openAuditLog({
    ...{ knex, dataDir: gateway.config.dataDir, origin: 'test.local' },
    onError: (error) => {
      throw error;
    },
  });
  ({ origin } = log);
  key = log.key.public;
  await Promise.all(Array.from({ length: size }, () => log.store.append(operation())));
  await log.close();
  const unsigned = createAuditStore({ knex, log: log.id, origin });
  await unsigned.append(operation());
  await unsigned.append(operation());
});
afterAll(() => gateway.close());

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly rawPayload: Buffer;
}

const get = async (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  gateway.app.server.inject({
    method: 'GET',
    url: `/audit/${path}`,
    headers: {
      authorization: `Bearer ${await gateway.token({ scope: 'audit:read' })}`,
      ...headers,
    },
  });
const code = (answer: Answer): unknown =>
  (JSON.parse(answer.rawPayload.toString()) as { errors: { extensions: { code: string } }[] })
    .errors[0]?.extensions.code;

describe('who may read', () => {
  const paths = () => [
    'logs',
    `${origin}/checkpoint`,
    `${origin}/log.json`,
    `${origin}/tile/0/000`,
    'nothing',
  ];
  it('nobody without a token, or with one for something else', async () => {
    for (const path of paths()) {
      const none = await gateway.app.server.inject({ url: `/audit/${path}` });
      expect([none.statusCode, none.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(code(none)).toBe('UNAUTHENTICATED');
      const token = await gateway.token({ scope: 'consent:write' });
      const other = await get(path, { authorization: `Bearer ${token}` });
      expect([other.statusCode, code(other)]).toEqual([403, 'FORBIDDEN']);
      expect(other.headers['cache-control']).toBe('no-store');
    }
  });

  it('nobody writes', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const { statusCode } = await gateway.app.server.inject({
        ...{ method, url: `/audit/${origin}/checkpoint` },
        headers: { authorization: `Bearer ${await gateway.token({ scope: 'audit:read' })}` },
      });
      expect(statusCode).toBe(404);
    }
  });

  it('no other site', async () => {
    const answer = await get('logs', { origin: 'https://other.example' });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      [],
    );
  });
});

describe('what is served', () => {
  it('lists the logs with their keys', async () => {
    const answer = await get('logs');
    expect(JSON.parse(answer.rawPayload.toString())).toEqual({
      logs: [{ origin, size, minimumIndex: 0, keys: [key], witnessed: null }],
    });
  });

  it.each([
    ['as it is', (name: string) => name],
    ['percent-encoded', encodeURIComponent],
  ])('the checkpoint of a log whose name is written %s', async (_how, write) => {
    const answer = await get(`${write(origin)}/checkpoint`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    const { text } = openNote(answer.rawPayload.toString(), [verifierOf(key)]);
    expect(parseCheckpoint(text)).toMatchObject({ origin, size: BigInt(size) });
  });

  it('tiles that make the root, of any width that there is', async () => {
    const tiles = {
      tile: async (level: number, index: number, width: number) => {
        const answer = await get(`${origin}/${tilePath(level, index, width)}`);
        expect(answer.statusCode).toBe(200);
        expect(answer.headers['content-type']).toBe('application/octet-stream');
        expect(answer.headers['cache-control']).toBe('private, max-age=31536000, immutable');
        return answer.rawPayload;
      },
    };
    const checkpoint = (await get(`${origin}/checkpoint`)).rawPayload.toString();
    const { root } = parseCheckpoint(openNote(checkpoint, [verifierOf(key)]).text);
    expect(await rootOf(tiles, size)).toEqual(root);
    for (const width of [1, 20, 88]) expect(await tiles.tile(0, 2, width)).toHaveLength(32 * width);
    expect(await tiles.tile(0, 1, 200)).toHaveLength(32 * 200);
    expect(await tiles.tile(1, 0, 2)).toHaveLength(64);
  });

  it('bundles whose entries have these hashes, small for who accepts it', async () => {
    const plain = await get(`${origin}/tile/entries/002.p/88`);
    const small = await get(`${origin}/tile/entries/002.p/88`, { 'accept-encoding': 'br, gzip' });
    expect(small.headers['content-encoding']).toBe('gzip');
    expect(small.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
    expect(gunzipSync(small.rawPayload)).toEqual(plain.rawPayload);
    const hashes = (await get(`${origin}/tile/0/002.p/88`)).rawPayload;
    const leaves = decodeBundle(plain.rawPayload, 88).map((entry) => hashLeaf(entry));
    expect(Buffer.concat(leaves)).toEqual(hashes);
  });

  it.each([
    // Written, and not signed yet.
    ...['tile/0/002.p/89', 'tile/entries/002.p/89', 'tile/0/003', 'tile/1/000', 'tile/1/000.p/3'],
    ...[
      'tile/entries/003.p/1',
      'tile/2/000.p/1',
      'tile/0/002',
      'tile/0/002.p/256',
      'tile/0/002.p/0',
    ],
    ...['tile/0/2', 'tile/0/x000/002', 'tile/00/000', 'tile/64/000', 'tile/-1/000', 'tile/entries'],
    ...[
      'tile/0/999999999999999999999',
      'checkpoints',
      '../checkpoint',
      '%00/checkpoint',
      'log.json/x',
    ],
  ])('nothing at %s', async (path) => {
    const answer = await get(`${origin}/${path}`);
    expect([answer.statusCode, code(answer)]).toEqual([404, 'NOT_FOUND']);
  });

  it('nothing of a log that is not there', async () => {
    for (const name of ['other.example/1', `${origin}/x`, 'test.local', '%00', "' or true --"])
      expect((await get(`${name}/checkpoint`)).statusCode).toBe(404);
  });
});
