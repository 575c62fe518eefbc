import net from 'node:net';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asText } from '../../src/decision/release-rows.ts';
import type { DomainField, DomainType } from '../../src/policy/model.ts';
import type { ReadPlan } from '../../src/policy/plan.ts';
import type { Source } from '../../src/sources/source.ts';
import { SqlSource, type SqlSourceOptions } from '../../src/sources/sql/sql-source.ts';
import { withClient } from '../../src/database/connection.ts';
import { sourceContract } from '../contract/source.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { valuesOf } from './sql/reference.ts';

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
const sqlTypes = { whole: 'integer', text: 'text' };

const contract = (
  name: string,
  options: Partial<SqlSourceOptions>,
  asSource: (source: SqlSource) => Source,
) =>
  sourceContract(name, {
    open: async (tables, maxRows) => {
      const database = await freshDatabase();
      await withClient(database.connection, async (client) => {
        for (const { name, columns, key, rows } of tables) {
          const defined = columns.map(([column, type]) => `${quote(column)} ${sqlTypes[type]}`);
          await client.query(
            `create table ${quote(name)} (${defined.join(', ')}, primary key (${key.map(quote).join(', ')}))`,
          );
          const marks = columns.map((_, i) => `$${i + 1}`).join(', ');
          for (const row of rows)
            await client.query(`insert into ${quote(name)} values (${marks})`, [...row]);
        }
      });
      const statements: string[] = [];
      const source = new SqlSource({
        name: 'contract',
        connection: database.connection,
        schema: 'public',
        poolSize: 2,
        timeoutMs: 5_000,
        maxRows,
        onStatement: (sql) => statements.push(sql),
        ...options,
      });
      return {
        source: asSource(source),
        statements,
        close: async () => {
          await source.close();
          await database.drop();
        },
      };
    },
  });

contract('SQL on PostgreSQL', {}, (source) => source);
contract('SQL on PostgreSQL, nothing prepared', { prepare: false }, (source) => source);
/** Values made of the bytes of `fetchRaw`. */
contract('SQL on PostgreSQL, as bytes', {}, (source) => ({
  name: source.name,
  maxRows: source.maxRows,
  fetch: async (read, find) =>
    valuesOf(await source.fetchRaw(read, find)).map((values) => ({ values })),
  erase: (requests, id) => source.erase(requests, id),
  check: (types) => source.check(types),
  subjectKind: (type) => source.subjectKind(type),
  close: () => source.close(),
}));

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

const opened: SqlSource[] = [];
const openSource = (options: Partial<SqlSourceOptions> = {}): SqlSource => {
  const source = new SqlSource({
    name: 'shop',
    connection: database.connection,
    schema: 'public',
    poolSize: 2,
    timeoutMs: 2_000,
    maxRows: 1_000,
    ...options,
  });
  opened.push(source);
  return source;
};
afterAll(() => Promise.all(opened.map((source) => source.close())));

const run = (sql: string) => withClient(database.connection, (client) => client.query(sql));
const read = (table: string, columns: readonly string[], key = ['id']): ReadPlan => ({
  type: 'T',
  source: 'shop',
  table,
  key,
  columns,
});
const all = { by: 'page', limit: 100 } as const;

describe('values', () => {
  it('come as they are, whatever the zone and the settings of the two sides', async () => {
    await run(`
      create type mood as enum ('calm', 'so-so');
      create domain positive as integer check (value > 0);
      create domain small as positive check (value < 100);
      create domain feeling as mood;
      create table every (
        id int primary key, i8 bigint, n numeric, d date, ts timestamp, tz timestamptz, j jsonb,
        texts text[], dates date[], stamps timestamp[], numbers numeric[], bigs int8[], moods mood[],
        b bytea, m mood, dom small, f feeling, c char(5), u uuid, t time, iv interval, r float8, yes bool
      );
      insert into every values (
        1, 9007199254740993, 12345678901234567890.10, '2024-02-29', '2024-03-31 02:30:00.123456',
        '2024-03-31 02:30:00+02', '{"__proto__": {"a": 1}, "n": null}', '{a,NULL,"b,c"}',
        '{2024-02-29,NULL}', '{2024-03-31 02:30:00}', '{0.10,NULL}', '{9007199254740993}',
        '{calm,so-so}', '\\xdeadbeef', 'so-so', 42, 'calm', 'ab',
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '10:00', '1 day 02:00', 0.1, true
      );
      insert into every (id, d, ts, tz) values (2, 'infinity', 'infinity', '0044-03-15 BC');
      insert into every (id) values (3);
    `);
    await run(`alter database ${database.connection.database ?? ''} set datestyle = 'SQL, DMY'`);
    await run(`alter database ${database.connection.database ?? ''} set timezone = 'Asia/Tokyo'`);
    const columns =
      'id i8 n d ts tz j texts dates stamps numbers bigs moods b m dom f c u t iv r yes'.split(' ');
    const zone = process.env['TZ'];
    process.env['TZ'] = 'America/New_York';
    try {
      const [full, strange, empty] = await openSource().fetch(read('every', columns), all);
      expect(full?.values.slice(0, -1)).toEqual([
        1,
        '9007199254740993',
        '12345678901234567890.10',
        '2024-02-29',
        new Date('2024-03-31T02:30:00.123Z'),
        new Date('2024-03-31T00:30:00Z'),
        JSON.parse('{"__proto__": {"a": 1}, "n": null}'),
        ['a', null, 'b,c'],
        ['2024-02-29', null],
        [new Date('2024-03-31T02:30:00Z')],
        ['0.10', null],
        ['9007199254740993'],
        ['calm', 'so-so'],
        '\\xdeadbeef',
        'so-so',
        42,
        'calm',
        'ab   ',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        '10:00:00',
        '1 day 02:00:00',
        0.1,
        true,
      ]);
      expect(strange?.values.slice(3, 5)).toEqual(['infinity', 'infinity']);
      expect(strange?.values.map(asText)).toHaveLength(columns.length + 1);
      expect(empty?.values.slice(1, -1)).toEqual(columns.slice(1).map(() => null));
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it.each([
    ['n', '12345678901234567890.1', 'no number'],
    ['d', '2024-02-29', '2024-02-30'],
    ['d', '2024-02-29', '1'],
    ['ts', '2024-03-31 02:30:00.123456', 'June'],
    ['tz', '2024-03-31T00:30:00.000Z', '2024-03-31T25:00:00Z'],
    ['m', 'so-so', 'angry'],
    ['f', 'calm', 'angry'],
    ['dom', '42', '-1'],
    ['c', 'ab', 'abcdef'],
    ['u', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0'],
    ['t', '10:00:00', '25:00'],
    ['iv', '1 day 02:00:00', 'long'],
    ['r', '0.1', '1e999'],
    ['r', '0.1', '1e-999'],
    ['yes', 'true', 'yes'],
    ['b', '\\xdeadbeef', '\\x0'],
  ])('of `%s` are found by their text %j, and none by %j', async (column, text, wrong) => {
    const source = openSource({ poolSize: 1 });
    const find = { by: 'equal', columns: [column], tuples: [[wrong], [text]] } as const;
    for (const one of [find, { ...find, first: 2 }]) {
      const rows = await source.fetch(read('every', ['id']), one);
      expect(rows.map(({ values }) => values[0])).toEqual([1]);
    }
    const pair = await source.fetch(read('every', ['id']), {
      by: 'equal',
      columns: ['id', column],
      tuples: [
        ['1', wrong],
        ['1', text],
      ],
    });
    expect(pair).toHaveLength(1);
    await source.close();
  });

  it('that differ by a microsecond are pages apart', async () => {
    await run(`
      create table moment (at timestamptz primary key);
      insert into moment select timestamptz '2024-01-01' + n * interval '1 microsecond'
        from generate_series(0, 9) n;
    `);
    const source = openSource();
    const seen: string[] = [];
    for (let pages = 0; pages < 20; pages += 1) {
      const last = seen.at(-1);
      const rows = await source.fetch(read('moment', [], ['at']), {
        by: 'page',
        limit: 3,
        ...(last !== undefined && { after: [last] }),
      });
      if (rows.length === 0) break;
      seen.push(...rows.map(({ values }) => asText(values[0]) ?? ''));
    }
    expect(seen).toHaveLength(10);
    expect(new Set(seen).size).toBe(10);
  });

  it('have as many rows as were asked for, written into the statement for a few numbers', async () => {
    await run(`
      create table numbered (id int primary key);
      create table under (id int primary key, of int);
      insert into numbered select generate_series(1, 9);
      insert into under select n, n from generate_series(1, 9) n;
    `);
    const statements: string[] = [];
    const source = openSource({ onStatement: (sql) => statements.push(sql) });
    const below = {
      read: read('under', []),
      column: 0,
      find: { by: 'equal', columns: ['of'] },
    } as const;
    const [rows, under] = [read('numbered', ['id']), []];
    const counts: number[][] = [];
    const limits = [1, 2, 3, 4, 5, 6, 2, 7];
    for (const limit of limits) {
      const find = { by: 'page', limit } as const;
      const alone = await source.fetch(rows, find);
      const along = await source.fetchAlong(rows, find, [below]);
      counts.push([alone.length, ...(along ?? under).map(({ count }) => count)]);
    }
    expect(counts).toEqual(limits.map((limit) => [limit, limit, limit]));
    const written = (limit: number) => new RegExp(`limit ${limit}(?![0-9])`);
    for (const [i, limit] of limits.entries()) {
      const three = statements.slice(3 * i, 3 * i + 3);
      for (const sql of three) expect(written(limit).test(sql)).toBe([1, 2, 3, 4].includes(limit));
    }
    await expect(source.fetch(read('numbered', []), { by: 'page', limit: NaN })).rejects.toThrow();
  });

  it.each(['C', 'und-x-icu', 'en-US-x-icu'])(
    'of a text key under the collation %s come each once',
    async (collation) => {
      const table = `collated_${collation.toLowerCase().replaceAll('-', '_')}`;
      await run(`
        create table ${table} (id text collate "${collation}" primary key);
        insert into ${table} select * from unnest('{a,A,ab,"a b",a-b,ä,Ä,z,Z,é,e,"",1,10,2}'::text[]);
      `);
      const source = openSource();
      const seen: string[] = [];
      for (let pages = 0; pages < 20; pages += 1) {
        const last = seen.at(-1);
        const rows = await source.fetch(read(table, []), {
          by: 'page',
          limit: 2,
          ...(last !== undefined && { after: [last] }),
        });
        seen.push(...rows.map(({ values }) => String(values[0])));
        if (rows.length < 2) break;
      }
      expect(seen).toHaveLength(15);
      expect(new Set(seen).size).toBe(15);
    },
  );
});

describe('the person of a row', () => {
  it('has one text, whatever type the column has that names them', async () => {
    await run(`
      create table person (id int primary key, place text);
      create table number_of (id int primary key, person numeric);
      create table line_of (id int primary key, number int);
      create table padded (id int primary key, person char(9));
      insert into person values (5, 'DE');
      insert into number_of values (1, 5.00), (2, 500);
      insert into line_of values (7, 1), (8, 2), (9, null);
      insert into padded values (1, 'p5');
    `);
    const source = openSource();
    const subject = { type: 'P', hops: [], column: 'person' };
    const direct = await source.fetch(
      { ...read('number_of', []), subject: { path: subject } },
      all,
    );
    expect(direct.map(({ values }) => values[0])).toEqual(['5', '500']);
    const padded = await source.fetch({ ...read('padded', []), subject: { path: subject } }, all);
    expect(padded.map(({ values }) => values[0])).toEqual(['p5']);
    const hops = [{ own: 'number', table: 'number_of', theirs: 'id' }];
    const place = { table: 'person', id: 'id', column: 'place', source: 'shop' };
    const far = await source.fetch(
      { ...read('line_of', ['id']), subject: { path: { ...subject, hops }, place } },
      all,
    );
    expect(far.map(({ values }) => values.slice(0, 3))).toEqual([
      [7, '5', 'DE'],
      [8, '500', null],
      [9, null, null],
    ]);
  });
});

describe('a source in trouble', () => {
  it('is a timeout when a statement takes too long, within the limit', async () => {
    await run(`create view slow as select 1 as id, pg_sleep(20)::text as nap`);
    const source = openSource({ timeoutMs: 300 });
    const before = performance.now();
    await expect(source.fetch(read('slow', ['nap']), all)).rejects.toMatchObject({
      code: 'SOURCE_TIMEOUT',
      message: 'source `shop` did not answer in time',
    });
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('is a timeout when all its connections are busy', async () => {
    const source = openSource({ timeoutMs: 400, poolSize: 1 });
    await source.fetch(read('every', ['id']), all);
    const results = await Promise.allSettled(
      [1, 2, 3].map(() => source.fetch(read('slow', ['nap']), all)),
    );
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SOURCE_TIMEOUT' } });
    }
    expect(await source.fetch(read('every', ['id']), all)).toHaveLength(3);
  });

  it('is only ever read, whatever a view does and whatever options the address has', async () => {
    await run(`
      create table touched (id int);
      create function touch() returns int language sql volatile as
        'insert into touched values (1) returning id';
      create view touching as select touch() as id;
    `);
    const {
      user = '',
      database: name = '',
      host = '',
      port = 5432,
      password,
    } = database.connection;
    const secret = typeof password === 'string' ? password : '';
    const address = new URL(`postgres://localhost:${port}/${name}`);
    address.searchParams.set('host', host);
    address.searchParams.set('user', user);
    address.searchParams.set('password', secret);
    address.searchParams.set('options', '-c default_transaction_read_only=off');
    for (const connection of [database.connection, { connectionString: address.href }]) {
      const source = openSource({ connection });
      await expect(source.fetch(read('touching', []), all)).rejects.toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
      });
    }
    expect((await run('select * from touched')).rows).toEqual([]);
  });

  it('is unavailable while its server is gone, silent or refusing, and then there again', async () => {
    const proxy = await openProxy();
    const source = openSource({ connection: proxy.connection, timeoutMs: 400, poolSize: 2 });
    const get = () => source.fetch(read('every', ['id']), all);
    expect(await get()).toHaveLength(3);

    proxy.drop();
    await proxy.refuse();
    await expect(get()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    await proxy.accept();
    expect(await get()).toHaveLength(3);

    // The connections in the pool stay open and never say a word again.
    proxy.silence();
    await expect(get()).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
    expect(await get()).toHaveLength(3);
    await source.close();
    await proxy.close();
  });

  it('says nothing of itself to the caller but its name', async () => {
    const source = openSource({ connection: { ...database.connection, user: 'nobody_here' } });
    await expect(source.fetch(read('every', ['id']), all)).rejects.toMatchObject({
      message: 'source `shop` cannot be read',
      details: { source: 'shop' },
    });
  });
});

describe('check', () => {
  const field = (name: string, graphqlType: string, column = name): [string, DomainField] => [
    name,
    {
      kind: 'column',
      name,
      column,
      graphqlType,
      coordinate: `T.${name}`,
      guard: { kind: 'bare' },
      where: `t.graphql:1:${name.length}`,
    },
  ];
  const type = (
    table: string,
    fields: [string, DomainField][],
    more: Partial<DomainType> = {},
  ) => ({
    name: 'T',
    where: 't.graphql:1:1',
    table: { name: table, source: 'shop', key: ['id'], root: true, plural: 'ts' },
    fields: new Map(fields),
    ...more,
  });

  it('finds nothing wrong with what fits', async () => {
    const fits = type('every', [
      field('i8', 'String'),
      field('n', 'Decimal'),
      field('d', 'Date'),
      field('ts', 'DateTime'),
      field('j', 'JSON'),
      field('texts', '[String]'),
      field('moods', '[String]'),
      field('m', 'String'),
      field('f', 'Mood'),
      field('dom', 'Int'),
      field('c', 'String'),
      field('yes', 'Boolean'),
    ]);
    expect(await openSource().check([fits])).toEqual([]);
  });

  it('names every table, column and type that is amiss, with the mend', async () => {
    const problems = await openSource().check([
      type('evry', []),
      type('every', [field('moot', 'String'), field('b', 'Boolean'), field('j', 'Int')]),
    ]);
    expect(problems.map(({ what }) => what)).toEqual([
      'source `shop` has no table `evry`, which `T` names',
      'table `every` of source `shop` has no column `moot`, which `T.moot` needs',
      '`T.b` is `Boolean`, but its column `b` is `bytea`',
      '`T.j` is `Int`, but its column `j` is `jsonb`',
    ]);
    expect(problems[0]?.mend).toBe('did you mean `every`?');
  });

  it('refuses to know persons by a column in which one value has several texts', async () => {
    for (const column of ['ts', 'r', 'j', 'b']) {
      const [problem] = await openSource().check([
        type('every', [], { subject: { type: 'T', hops: [], column } }),
      ]);
      expect(problem?.what).toContain('has several texts for one value');
    }
    for (const column of ['id', 'n', 'i8', 'u', 'c', 'm']) {
      const known = type('every', [], { subject: { type: 'T', hops: [], column } });
      expect(await openSource().check([known])).toEqual([]);
    }
  });
});

/** A server in between that can be taken away, or kept open and silent. */
const openProxy = async () => {
  const { host = '', port = 5432 } = database.connection;
  const target = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    const up = net.connect(target);
    for (const one of [socket, up]) {
      sockets.add(one);
      one.on('error', () => undefined).on('close', () => sockets.delete(one));
    }
    socket.pipe(up).pipe(socket);
    socket.on('close', () => up.destroy());
  });
  const listen = (at: number) =>
    new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const at = (server.address() as net.AddressInfo).port;
  const connection: pg.ClientConfig = { ...database.connection, host: '127.0.0.1', port: at };
  return {
    connection,
    drop: () => sockets.forEach((socket) => socket.destroy()),
    silence: () => sockets.forEach((socket) => socket.unpipe().pause()),
    refuse: () => new Promise<void>((resolve) => server.close(() => resolve())),
    accept: () => listen(at),
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
