import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, exchange, type Answered, type Asked } from '../../../src/core/wire/exchange.ts';
import { WireClient } from '../../../src/core/wire/wire-client.ts';
import { dataRow, message, rowDescription } from './messages.ts';

const ready = message('Z', 'I');
const columns = rowDescription([{ name: 'a', oid: 25 }]);
const complete = (text: string) => message('C', `${text}\0`);
const failed = (code: string) => message('E', `SERROR\0C${code}\0Mno\0\0`);
const row = dataRow(['x']);
const good = [message('1'), message('2'), columns, row, complete('SELECT 1'), ready];
const asked: Asked = { text: 'select $1', name: 'select', values: ['x', null] };
const limitMs = 5_000;
const asIs = (answer: Answered): Answered => answer;

/** What the server says to each of a client's requests, in order; nothing when there is no more. */
let answers: Buffer[][];
/** What it was sent, in order. */
let requests: Buffer[];
/** What this process does once it has answered as the server. */
let meanwhile: () => void;
let server: net.Server;
let client: WireClient;

beforeEach(async () => {
  answers = [];
  requests = [];
  meanwhile = () => undefined;
  server = net.createServer((socket) => {
    let started = false;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (!started) {
        started = true;
        socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
        return;
      }
      requests.push(bytes);
      socket.write(Buffer.concat(answers.shift() ?? []));
      meanwhile();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  client = new WireClient({ host: '127.0.0.1', port, user: 'u', database: 'd', password: '' });
  client.on('error', () => undefined);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await new Promise((resolve) => server.close(resolve));
});

const send = (limit = limitMs) => exchange(client, [asked], limit, asIs);
const discarded = (): boolean => client.wire.stream.destroyed;

describe('an answer', () => {
  it('is what the server gave, and how many rows it says there are', async () => {
    answers = [good, [message('2'), columns, complete('SELECT 0'), ready]];
    expect(await send()).toEqual({ columns, rows: row, count: 1, affected: 1 });
    expect(await send()).toEqual({ columns, rows: Buffer.alloc(0), count: 0, affected: 0 });
    expect(requests.map((bytes) => bytes.toString('latin1', 0, 1))).toEqual(['P', 'B']);
  });

  it.each([
    ['INSERT 0 12', 12],
    ['UPDATE 907', 907],
    ['DELETE 0', 0],
    ['CREATE TABLE', null],
    ['BEGIN', null],
    ['', null],
    ['7', null],
  ])('without rows to %j says %s', async (text, affected) => {
    answers = [[message('1'), message('2'), message('n'), complete(text), ready]];
    expect(await send()).toEqual({
      columns: undefined,
      rows: Buffer.alloc(0),
      ...{ count: 0, affected },
    });
  });

  it.each<[string, Buffer[]]>([
    ['rows that nobody described', [message('n'), row, complete('SELECT 1')]],
    ['a row too few', [columns, row, complete('SELECT 2')]],
    ['a row too many', [columns, row, row, complete('SELECT 1')]],
    ['rows and no count', [columns, row, complete('SHOW')]],
    ['rows and no end', [columns, row]],
    ['nothing', []],
  ])('of %s is refused, and so is the connection', async (_, said) => {
    answers = [[message('1'), message('2'), ...said, ready]];
    await expect(send()).rejects.toThrow('the server did not answer in full');
    expect(discarded()).toBe(true);
    expect(client).toHaveProperty('__knex__disposed');
  });

  it('keeps what it is however much is read after it', async () => {
    const manyRows = (letter: string, count: number) =>
      Array.from({ length: count }, (_, i) => dataRow([`${letter}${i}`, letter.repeat(i % 900)]));
    const asked = [
      ['a', 1_000],
      ['b', 3_000],
      ['c', 40],
      ['d', 1],
      ['e', 2_999],
    ] as const;
    const given = asked.map(([letter, count]) => Buffer.concat(manyRows(letter, count)));
    answers = asked.map(([, count], i) => [
      ...(i === 0 ? [message('1')] : []),
      message('2'),
      columns,
      given[i]!,
      complete(`SELECT ${count}`),
      ready,
    ]);
    const got: Answered[] = [];
    for (let i = 0; i < asked.length; i += 1) got.push(await send());
    // Only now: each was read over the one before, where it had left anything there.
    got.forEach(({ rows, count, columns: described }, i) => {
      expect(rows.equals(given[i]!), `answer ${i}`).toBe(true);
      expect(described).toEqual(columns);
      expect(count).toBe(asked[i]![1]);
    });
  });

  it('that cannot be read is an error, and the connection is not used again', async () => {
    answers = [good];
    const unreadable = new RangeError('too large');
    const reading = exchange(client, [asked], limitMs, () => {
      throw unreadable;
    });
    await expect(reading).rejects.toBe(unreadable);
    expect(discarded()).toBe(true);
  });

  it('of an error leaves the connection as it is, whatever came before', async () => {
    answers = [
      [message('1'), message('2'), columns, row, failed('22012'), ready],
      [message('2'), columns, row, complete('SELECT 1'), ready],
    ];
    await expect(send()).rejects.toMatchObject({ code: '22012', severity: 'ERROR' });
    expect(await send()).toMatchObject({ rows: row, count: 1 });
  });

  it('that does not come in time is given up together with its connection', async () => {
    answers = [good, [message('2'), columns, row]];
    await send();
    await expect(send(50)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(discarded()).toBe(true);
    await expect(send()).rejects.toThrow();
  });

  it('that came while this process was busy came in time', async () => {
    answers = [good];
    meanwhile = () => {
      const until = performance.now() + 150;
      while (performance.now() < until);
    };
    expect(await send(100)).toMatchObject({ count: 1 });
    expect(discarded()).toBe(false);
  });

  it('is awaited by one at a time', async () => {
    answers = [good];
    const first = send();
    await expect(send()).rejects.toThrow('one statement at a time');
    expect(await first).toMatchObject({ count: 1 });
    expect(requests).toHaveLength(1);
  });
});

describe('statements that are sent together', () => {
  const both: readonly Asked[] = [asked, { text: 'select $1, 2', name: 'other', values: ['y'] }];
  const allAsTheyAre = (...all: readonly Answered[]) => all;
  const sendBoth = () => exchange(client, both, limitMs, allAsTheyAre);
  const bound = [message('2'), columns];
  const none = [...bound, complete('SELECT 0')];

  it('are one write, and their answers stay apart', async () => {
    const one = [message('1'), ...bound, row, complete('SELECT 1')];
    answers = [
      [...one, message('1'), ...none, ready],
      [...none, ...bound, row, row, complete('SELECT 2'), ready],
    ];
    expect((await sendBoth()).map(({ count }) => count)).toEqual([1, 0]);
    expect((await sendBoth()).map(({ count, rows }) => [count, rows.length])).toEqual([
      [0, 0],
      [2, 2 * row.length],
    ]);
    expect(requests.map((bytes) => bytes.toString('latin1', 0, 1))).toEqual(['P', 'B']);
    // One Sync.
    expect(requests[0]?.toString('latin1').split('S\0\0\0')).toHaveLength(2);
  });

  it.each<readonly [string, Buffer[]]>([
    ['one answer', none],
    ['three answers', [...none, ...none, ...none]],
    ['rows of one in the other', [...bound, row, complete('SELECT 0'), ...none]],
    ['rows behind the last', [...none, ...none, columns, row]],
  ])('are refused with %s', async (_, said) => {
    answers = [[message('1'), message('1'), ...said, ready]];
    await expect(sendBoth()).rejects.toThrow('the server did not answer in full');
    expect(discarded()).toBe(true);
  });

  it('fail together', async () => {
    answers = [
      [message('1'), ...none, failed('42P01'), ready],
      [...none, message('1'), ...none, ready],
    ];
    await expect(sendBoth()).rejects.toMatchObject({ code: '42P01' });
    // The second was never prepared, which its client knows.
    expect(await sendBoth()).toHaveLength(2);
    expect(requests[1]?.toString('latin1')).toContain('select $1, 2');
    expect(requests[1]?.toString('latin1')).not.toContain('select $1\0');
  });

  it('are prepared anew, both, when the server keeps one of them no more', async () => {
    const anew = [message('3'), message('1'), ...none];
    answers = [
      [message('1'), ...none, message('1'), ...none, ready],
      [...none, failed('26000'), ready],
      [...anew, ...anew, ready],
    ];
    await sendBoth();
    expect(await ask(client, both, limitMs, allAsTheyAre)).toHaveLength(2);
    expect(requests).toHaveLength(3);
  });
});

describe('a statement that the server keeps no more', () => {
  it.each(['26000', '42P05', '0A000'])('(%s) is prepared anew, once', async (code) => {
    answers = [good, [failed(code), ready], good, [failed(code), ready], [failed(code), ready]];
    const again = () => ask(client, [asked], limitMs, asIs);
    await again();
    expect(await again()).toMatchObject({ count: 1 });
    expect(requests.map((bytes) => bytes.toString('latin1', 0, 1))).toEqual(['P', 'B', 'C']);
    await expect(again()).rejects.toMatchObject({ code });
    expect(requests).toHaveLength(5);
  });

  it('is an error like any other where it was kept under no name', async () => {
    answers = [[failed('26000'), ready]];
    const { text, values } = asked;
    await expect(ask(client, [{ text, values }], limitMs, asIs)).rejects.toMatchObject({
      code: '26000',
    });
    expect(requests).toHaveLength(1);
  });
});
