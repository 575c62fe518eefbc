import net from 'node:net';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../src/database/connection.ts';
import type { ReadPlan } from '../../../src/policy/plan.ts';
import type { Find } from '../../../src/sources/source.ts';
import { WireClient } from '../../../src/core/wire/wire-client.ts';
import { SqlSource, type SqlSourceOptions } from '../../../src/sources/sql/sql-source.ts';
import { ask } from '../../../src/sources/sql/wire-rows.ts';
import { freshDatabase, type FreshDatabase } from '../../setup/database.ts';
import { dataRow, message } from '../../core/wire/messages.ts';
import { valuesOf } from './reference.ts';

let database: FreshDatabase;
const run = (sql: string, values: unknown[] = []) =>
  withClient(database.connection, (client) => client.query(sql, values));
const opened: SqlSource[] = [];
const openSource = (options: Partial<SqlSourceOptions> = {}): SqlSource => {
  const source = new SqlSource({
    ...{ name: 'shop', connection: database.connection, schema: 'public', poolSize: 1 },
    ...{ timeoutMs: 5_000, maxRows: 1_000_000 },
    ...options,
  });
  opened.push(source);
  return source;
};

beforeAll(async () => {
  database = await freshDatabase();
  await run(`
    create table good (id int primary key, name text);
    insert into good select n, 'name ' || n from generate_series(1, 500) n;
    create view half as select id, case when id < 400 then 1 else 1 / (400 - id) * 0 + 1 / (id - 450) end as n from good;
    create view long as select n as id, repeat('x', 1000) as name from generate_series(1, 200000) n;
    create function forget() returns int language plpgsql as
      $$ begin execute 'deallocate all'; return 1; end $$;
    create view forgetful as select 1 as id, forget() as n;
    create view slow as select n as id, case when n > 300 then pg_sleep(30)::text else repeat('y', 2000) end as nap
      from generate_series(1, 400) n;
  `);
});
afterAll(async () => {
  await Promise.all(opened.map((source) => source.close()));
  await database.drop();
});

const planOf = (table: string, columns: readonly string[]): ReadPlan => ({
  ...{ type: 'T', source: 'shop', table, key: ['id'], columns },
});
const all: Find = { by: 'page', limit: 1_000_000 };
const good = planOf('good', ['name']);
const goodRows = Array.from({ length: 500 }, (_, i) => [`name ${i + 1}`, i + 1]);
const fetchGood = async (source: SqlSource) => valuesOf(await source.fetchRaw(good, all));
/** Both ways to read must do the same. */
const ways = ['fetch', 'fetchRaw'] as const;
const prepared = async (source: SqlSource): Promise<number> => {
  await run(
    `create or replace view kept as select count(*)::int as id from pg_prepared_statements`,
  );
  await source.check([]);
  const [row] = await source.fetch(planOf('kept', []), { by: 'page', limit: 1 });
  return row?.values[0] as number;
};

describe.each(ways)('%s', (way) => {
  it('is an error when the server stops in the middle of its rows; the connection goes on', async () => {
    const source = openSource();
    for (let i = 0; i < 3; i += 1) {
      await expect(source[way](planOf('half', ['n']), all)).rejects.toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
        cause: { code: '22012' },
      });
      expect(await fetchGood(source)).toEqual(goodRows);
    }
  });

  it('is a timeout when rows stop coming, by the server or by us', async () => {
    const source = openSource({ timeoutMs: 400 });
    await expect(source[way](planOf('slow', ['nap']), all)).rejects.toMatchObject({
      code: 'SOURCE_TIMEOUT',
      cause: { code: '57014' },
    });
    expect(await fetchGood(source)).toEqual(goodRows);
  });

  it('is unavailable when its backend is ended while rows come, and there again then', async () => {
    const source = openSource();
    const answer = source[way](planOf('long', ['name']), all);
    const outcome = expect(answer).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    for (;;) {
      const { rows } = await run(
        `select pg_terminate_backend(pid) from pg_stat_activity where query like '%"long"%' and state = 'active'
         and pid <> pg_backend_pid() and datname = current_database()`,
      );
      if (rows.length > 0) break;
    }
    await outcome;
    expect(await fetchGood(source)).toEqual(goodRows);
  });

  it('refuses more rows than may be read at once, and gives none', async () => {
    const source = openSource({ maxRows: 499 });
    await expect(source[way](good, all)).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
    expect(await source[way](good, { by: 'page', limit: 499 })).toBeDefined();
  });

  it('reads a table again after its columns changed', async () => {
    for (const prepare of [true, false]) {
      await run('drop table if exists changing; create table changing (id int primary key, a int)');
      await run(`insert into changing values (1, 7)`);
      const source = openSource({ prepare });
      const read = planOf('changing', ['a']);
      const values = async () => {
        if (way === 'fetch') return (await source.fetch(read, all)).map((row) => row.values);
        return valuesOf(await source.fetchRaw(read, all));
      };
      expect(await values()).toEqual([[7, 1]]);
      expect(await values()).toEqual([[7, 1]]);
      await run(`alter table changing alter a type text using 'a text, ' || a`);
      expect(await values()).toEqual([['a text, 7', 1]]);
      expect(await values()).toEqual([['a text, 7', 1]]);
      await run('alter table changing drop a');
      await expect(values()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      await run('alter table changing add a bool default true');
      expect(await values()).toEqual([[true, 1]]);
    }
  });

  it('prepares anew what the server forgot', async () => {
    const source = openSource();
    expect(await source[way](good, all)).toBeDefined();
    expect(await source[way](planOf('forgetful', ['n']), all)).toBeDefined();
    expect(await source[way](good, all)).toBeDefined();
    expect(await fetchGood(source)).toEqual(goodRows);
  });
});

describe('what the server keeps', () => {
  it('is each text once, and no more than 128 of them', async () => {
    const source = openSource();
    for (let i = 0; i < 3; i += 1) await fetchGood(source);
    // The count itself is one of them.
    expect(await prepared(source)).toBe(2);
    for (let columns = 1; columns <= 150; columns += 1) {
      const read = planOf(
        'good',
        Array.from({ length: columns }, () => 'name'),
      );
      await source.fetchRaw(read, { by: 'page', limit: 1 });
    }
    expect(await prepared(source)).toBe(128);
    expect(await fetchGood(source)).toEqual(goodRows);
  });

  it('is nothing when it must not', async () => {
    const source = openSource({ prepare: false });
    for (let i = 0; i < 3; i += 1) expect(await fetchGood(source)).toEqual(goodRows);
    expect(await prepared(source)).toBe(0);
  });

  it('may be there already, of a connection that a pooler gave to somebody else', async () => {
    const client = new WireClient(database.connection);
    await client.connect();
    const asked = [{ text: 'select $1::int as a', name: 'same', values: ['5'] }];
    const answer = async () => (await ask(client, asked, 5_000))[0].value(0, 0);
    expect(await answer()).toBe(5);
    // The client forgets and the server does not: as if somebody else had prepared it.
    client.prepared.clear();
    expect(await answer()).toBe(5);
    await client.query('deallocate all');
    expect(await answer()).toBe(5);
    await client.end();
  });
});

describe('many at once', () => {
  it('get each their own rows, whatever becomes of the others', async () => {
    const source = openSource({ poolSize: 3, timeoutMs: 10_000 });
    const one = (i: number) =>
      source.fetchRaw(good, { by: 'equal', columns: ['id'], tuples: [[`${i}`]] });
    const jobs = () =>
      Array.from({ length: 20 }, (_, i) => {
        if (i % 5 === 1)
          return source.fetchRaw(planOf('half', ['n']), all).then(
            () => 'rows',
            () => 'error',
          );
        if (i % 5 === 2)
          return source.fetchRaw(planOf('nowhere', []), all).then(
            () => 'rows',
            () => 'error',
          );
        if (i % 5 === 3)
          return source.fetch(good, all).then((rows) => rows.map(({ values }) => values));
        return one(i + 1).then(valuesOf);
      });
    for (let round = 0; round < 3; round += 1) {
      const results = await Promise.all(jobs());
      results.forEach((result, i) => {
        if (i % 5 === 1 || i % 5 === 2) expect(result).toBe('error');
        else if (i % 5 === 3) expect(result).toEqual(goodRows);
        else expect(result).toEqual([[`name ${i + 1}`, i + 1, i + 1].filter((_, k) => k !== 1)]);
      });
    }
  });
});

describe('a server that answers wrongly', () => {
  /** A server in between that may change what the real one says. */
  const openMeddler = async (meddle: (bytes: Buffer, queries: number) => Buffer | undefined) => {
    const { host = '', port = 5432 } = database.connection;
    const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      const up = net.connect(target);
      let queries = 0;
      for (const one of [socket, up]) {
        sockets.add(one);
        one.on('error', () => undefined).on('close', () => sockets.delete(one));
      }
      socket.on('data', (bytes: Buffer) => {
        if (bytes.includes('from "public"."good"')) queries += 1;
        up.write(bytes);
      });
      up.on('data', (bytes: Buffer) => {
        const said = meddle(bytes, queries);
        if (said) socket.write(said);
      });
      up.on('close', () => socket.destroy());
      socket.on('close', () => up.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const connection: pg.ClientConfig = {
      ...database.connection,
      host: '127.0.0.1',
      port: (server.address() as net.AddressInfo).port,
    };
    return {
      connection,
      close: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  };

  const ready = message('Z', 'I');
  /** The server's answer of twenty rows with more of them, and another count. */
  const ending = (bytes: Buffer, rows: readonly Buffer[], count: number): Buffer => {
    const end = bytes.indexOf(message('C', 'SELECT 20\0'));
    expect(end).toBeGreaterThan(0);
    return Buffer.concat([
      bytes.subarray(0, end),
      ...rows,
      message('C', `SELECT ${count}\0`),
      ready,
    ]);
  };
  it.each<[string, string, (bytes: Buffer) => Buffer | undefined]>([
    ['no messages', 'SOURCE_UNAVAILABLE', () => Buffer.from('HTTP/1.1 502 Bad Gateway\r\n\r\n')],
    [
      'a length without end',
      'SOURCE_UNAVAILABLE',
      () => Buffer.from('D\xff\xff\xff\xff', 'latin1'),
    ],
    ['nothing', 'SOURCE_TIMEOUT', () => undefined],
    ['half a row', 'SOURCE_TIMEOUT', (bytes) => bytes.subarray(0, bytes.indexOf('name 1') + 3)],
    [
      'ready before its rows',
      'SOURCE_UNAVAILABLE',
      () => Buffer.concat([message('1'), message('2'), ready]),
    ],
    [
      'rows without columns',
      'SOURCE_UNAVAILABLE',
      () => Buffer.concat([dataRow(['a']), message('C', 'SELECT 1\0'), ready]),
    ],
    ['a row of other width', 'SOURCE_UNAVAILABLE', (bytes) => ending(bytes, [dataRow(['a'])], 21)],
    ['a row too few', 'SOURCE_UNAVAILABLE', (bytes) => ending(bytes, [], 21)],
    ['a row too many', 'SOURCE_UNAVAILABLE', (bytes) => ending(bytes, [dataRow(['a', '1'])], 20)],
  ])('with %s is %s, once', async (_, code, wrong) => {
    let wrongs = 1;
    const meddler = await openMeddler((bytes, queries) => {
      if (queries === 0 || wrongs === 0) return bytes;
      wrongs -= 1;
      return wrong(bytes);
    });
    const source = openSource({ connection: meddler.connection, timeoutMs: 300 });
    await source.check([]);
    const first = source.fetchRaw(good, { by: 'page', limit: 20 });
    await expect(first).rejects.toMatchObject({ code });
    expect(await fetchGood(source)).toEqual(goodRows);
    await source.close();
    await meddler.close();
  });

  it('is understood however its answer is cut', async () => {
    const meddler = await openMeddler((bytes) => bytes);
    const chopped = net.createServer((socket) => {
      const up = net.connect({ host: '127.0.0.1', port: meddler.connection.port ?? 0 });
      socket.setNoDelay(true);
      socket.pipe(up);
      let pending = Promise.resolve();
      up.on('data', (bytes: Buffer) => {
        pending = pending.then(async () => {
          for (let at = 0; at < bytes.length; at += 997) {
            socket.write(bytes.subarray(at, at + 997));
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      });
      for (const one of [socket, up]) one.on('error', () => undefined);
      socket.on('close', () => up.destroy());
    });
    await new Promise<void>((resolve) => chopped.listen(0, '127.0.0.1', resolve));
    const { port } = chopped.address() as net.AddressInfo;
    const source = openSource({ connection: { ...meddler.connection, port } });
    for (let i = 0; i < 5; i += 1) expect(await fetchGood(source)).toEqual(goodRows);
    await source.close();
    await new Promise((resolve) => chopped.close(resolve));
    await meddler.close();
  });
});
