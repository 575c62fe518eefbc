import net from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReadPlan } from '../../../src/policy/plan.ts';
import type { RestSourceOptions } from '../../../src/sources/rest/rest-source.ts';
import { startJsonServer, type JsonServer } from '../json-server.ts';
import { by, closeAll, members, open, table } from './open-rest.ts';

afterAll(closeAll);

let server: JsonServer;
beforeAll(async () => {
  server = await startJsonServer(() => []);
});
afterAll(() => server.close());
beforeEach(() => void (server.seen.length = 0));

describe('an answer that cannot be used', () => {
  const secret = 'ada@example.com';
  const failure = async (
    answer: JsonServer['answer'],
    options: Partial<RestSourceOptions> = {},
    read: ReadPlan = members(),
  ): Promise<unknown> => {
    server.answer = answer;
    const error: unknown = await open({ url: server.url, ...options })
      .fetch(read, by('1', '2'))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    const { message, cause } = error as Error;
    expect(`${message} ${String(cause)} ${JSON.stringify(cause)}`).not.toContain(secret);
    return error;
  };
  const unavailable = (cause: string) => ({
    code: 'SOURCE_UNAVAILABLE',
    message: 'source `crm` cannot be read',
    details: { source: 'crm' },
    cause: { code: cause },
  });
  const send =
    (status: number, headers: Readonly<Record<string, string>>, body: string | Buffer) =>
    (...[, response]: Parameters<JsonServer['answer']>): undefined => {
      response.writeHead(status, headers).end(body);
    };
  const json = { 'content-type': 'application/json' };
  const good = JSON.stringify([{ customer_id: 1, tier: secret }]);

  it.each([
    ['an object', { items: [] }],
    ['null', null],
    ['a text', secret],
    ['a list in the wrong place', { data: [{ customer_id: 1 }] }],
  ])('is %s where rows should be', async (_name, answer) => {
    const body = JSON.stringify(answer);
    expect(await failure(send(200, json, body))).toMatchObject(unavailable('WRONG_SHAPE'));
  });

  it('has no row with the column that was looked for, or that names the person', async () => {
    const misspelt = send(200, json, JSON.stringify([{ customerId: 1, tier: secret }]));
    expect(await failure(misspelt)).toMatchObject(unavailable('COLUMN_MISSING'));
    const subject = { path: { type: 'Customer', hops: [], column: 'owner' } };
    expect(await failure(send(200, json, good), {}, members(['tier'], { subject }))).toMatchObject(
      unavailable('COLUMN_MISSING'),
    );
  });

  it.each([
    ['broken', send(200, json, `[{"customer_id": 1, "tier": "${secret}"`)],
    ['empty', send(200, json, '')],
    ['HTML', send(200, { 'content-type': 'text/html' }, good)],
    ['without a type', send(200, {}, good)],
    ['text', send(200, { 'content-type': 'text/plain; x=application/json' }, good)],
    ['compressed', send(200, { ...json, 'content-encoding': 'gzip' }, good)],
    ['not UTF-8', send(200, json, Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]))],
    ['two values', send(200, json, '[] []')],
  ])('is no JSON: %s', async (_name, answer) => {
    expect(await failure(answer)).toMatchObject(unavailable('NOT_JSON'));
  });

  it.each([201, 204, 206, 400, 401, 404, 429, 500, 503])('has status %s', async (status) => {
    expect(await failure(send(status, json, good))).toMatchObject(unavailable(`STATUS_${status}`));
  });

  it.each([301, 302, 303, 307, 308])('redirects by %s, and is not followed', async (status) => {
    const answer = send(status, { ...json, location: `${server.url}/elsewhere` }, good);
    expect(await failure(answer)).toMatchObject(unavailable(`STATUS_${status}`));
    expect(server.seen.map(({ url }) => url.pathname)).toEqual(['/members']);
  });

  it.each(['application/json; charset=utf-8', 'application/hal+json', 'Application/JSON'])(
    'is none of the type %s',
    async (type) => {
      server.answer = send(200, { 'content-type': type }, good);
      expect(await open({ url: server.url }).fetch(members(), by('1'))).toHaveLength(1);
    },
  );

  it('is too large, and is not read to its end', async () => {
    let sent = 0;
    const error = await failure(
      (_request, response) => {
        response.writeHead(200, json);
        const chunk = ' '.repeat(65_536);
        const more = (): void => {
          if (response.destroyed || sent > 100_000_000) return;
          sent += chunk.length;
          response.write(chunk, more);
        };
        more();
      },
      { maxBytes: 200_000 },
    );
    expect(error).toMatchObject({
      code: 'SOURCE_TOO_LARGE',
      message: 'source `crm` sent more than 200000 bytes for this field; ask for fewer',
    });
    expect(sent).toBeLessThan(50_000_000);
  });

  it('is too large together with those to other batches', async () => {
    const answer = () => [{ customer_id: 1, tier: 'x'.repeat(600) }];
    const tables = new Map([['members', table({ batch: 1 })]]);
    expect(await failure(answer, { maxBytes: 1_000, tables })).toMatchObject({
      code: 'SOURCE_TOO_LARGE',
    });
  });

  it('has more rows than may be read at once, over all batches', async () => {
    const tables = new Map([['members', table({ batch: 1 })]]);
    const answer = () => [1, 2, 1, 2].map((id) => ({ customer_id: id, tier: 'x' }));
    expect(await failure(answer, { maxRows: 3, tables })).toMatchObject({
      code: 'SOURCE_TOO_LARGE',
    });
    server.answer = () => Array.from({ length: 9 }, () => ({ customer_id: 5, tier: 'x' }));
    expect(await open({ url: server.url, maxRows: 3 }).fetch(members(), by('1'))).toEqual([]);
  });

  const timeout = {
    code: 'SOURCE_TIMEOUT',
    message: 'source `crm` did not answer in time',
    details: { source: 'crm' },
  };
  it('never begins', async () => {
    const before = performance.now();
    expect(await failure(() => undefined, { timeoutMs: 200 })).toMatchObject(timeout);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('never ends, however busily it goes on', async () => {
    const before = performance.now();
    const drip: JsonServer['answer'] = (_request, response) => {
      response.writeHead(200, json);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    };
    expect(await failure(drip, { timeoutMs: 300 })).toMatchObject(timeout);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('breaks off', async () => {
    const broken: JsonServer['answer'] = (_request, response) => {
      response.writeHead(200, { ...json, 'content-length': '1000' });
      response.write('[', () => response.destroy());
    };
    expect(await failure(broken)).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('does not come while connections are busy, and comes afterwards', async () => {
    server.answer = () => undefined;
    const source = open({ url: server.url, timeoutMs: 300, poolSize: 1 });
    const results = await Promise.allSettled([1, 2, 3].map(() => source.fetch(members(), by('1'))));
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: timeout });
    server.answer = () => [{ customer_id: 1, tier: 'x' }];
    expect(await source.fetch(members(), by('1'))).toHaveLength(1);
  });

  it('comes from nobody, and then from somebody', async () => {
    const spare = net.createServer();
    await new Promise<void>((resolve) => spare.listen(0, '127.0.0.1', resolve));
    const { port } = spare.address() as net.AddressInfo;
    await new Promise((resolve) => spare.close(resolve));
    const source = open({ url: `http://127.0.0.1:${port}` });
    await expect(source.fetch(members(), by('1'))).rejects.toMatchObject(
      unavailable('ECONNREFUSED'),
    );
    const garbage = net.createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('SSH-2.0-x\r\n'),
    );
    await new Promise<void>((resolve) => garbage.listen(port, '127.0.0.1', resolve));
    await expect(source.fetch(members(), by('1'))).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
    await new Promise((resolve) => garbage.close(resolve));
  });

  it('ends the other requests of its read', async () => {
    let ended = 0;
    const tables = new Map([['members', table({ batch: 1 })]]);
    const error = await failure(
      ({ url }, response) => {
        if (url.searchParams.get('ids') === '1') return { not: 'a list' };
        response.on('close', () => (ended += 1));
        return undefined;
      },
      { tables },
    );
    expect(error).toMatchObject(unavailable('WRONG_SHAPE'));
    await expect.poll(() => ended).toBe(1);
  });
});
