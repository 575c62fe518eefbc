import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../src/database/connection.ts';
import type { ReadPlan } from '../../../src/policy/plan.ts';
import type { Find, RawKind } from '../../../src/sources/source.ts';
import { SqlSource } from '../../../src/sources/sql/sql-source.ts';
import { freshDatabase, type FreshDatabase } from '../../setup/database.ts';
import { openReference, textOf, valuesOf } from './reference.ts';

const texts = [
  ...[
    '',
    ' ',
    'a',
    'ä',
    '😀',
    "O'Brien",
    'say "so"',
    '\\',
    '\\N',
    '\n',
    '\r\n\t',
    '\u2028',
    'null',
  ],
  ...['{"a"}', '%', '$1', '?', '\u0001', 'x'.repeat(12), 'x'.repeat(13), 'ü'.repeat(200)],
  ...['e\u0301', '\u{10ffff}', '\ufeff', 'true', '1'],
];
const quoteArray = (values: readonly (string | null)[]) =>
  `{${values.map((one) => (one === null ? 'NULL' : `"${one.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
const instants = [
  ...[
    'infinity',
    '-infinity',
    '0044-03-15 12:00:00 BC',
    '0001-01-01 00:00:00',
    '1969-12-31 23:59:59.999999',
  ],
  ...[
    '2024-02-29 02:30:00.123456',
    '2024-03-31 02:30:00.1',
    '2024-10-27 01:30:00',
    '99999-01-01 00:00:00',
  ],
];
const numbers = [
  'NaN',
  'Infinity',
  '-Infinity',
  '0',
  '-0',
  '0.10',
  '12345678901234567890.1234567890',
];
const json = [
  '{ "a" : 1,  "a": 2 }',
  '[]',
  'null',
  '"\\ud83d\\ude00"',
  '1e2',
  '{"__proto__": {"x": null}}',
  '""',
];

/** By type: texts of values that PostgreSQL takes, and what kind of bytes come back. */
const types: readonly (readonly [type: string, kind: RawKind, values: readonly string[]])[] = [
  ['int2', 'int', ['0', '-1', '32767', '-32768']],
  ['int4', 'int', ['0', '7', '2147483647', '-2147483648']],
  ['int8', 'text', ['0', '9223372036854775807', '-9223372036854775808']],
  ['numeric', 'text', numbers],
  ['numeric(20,5)', 'text', ['0', '-1.5', '123456789012345.00001']],
  ['float4', 'float', [...numbers, '1e-45', '3.4028235e38', '0.1']],
  ['float8', 'float', [...numbers, '5e-324', '1.7976931348623157e308', '0.1']],
  ['bool', 'bool', ['true', 'false']],
  ['text', 'text', texts],
  ['varchar', 'text', texts],
  ['bpchar', 'text', texts],
  ['char(9)', 'text', ['', 'a', 'ä 😀', '123456789']],
  ['"char"', 'text', ['', 'a']],
  ['name', 'text', ['', 'a', 'ä']],
  ['citext', 'text', texts],
  ['uuid', 'text', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  ['mood', 'text', ['calm', 'so-so', 'ä "x"']],
  ['positive', 'int', ['1', '2147483647']],
  ['feeling', 'text', ['calm', 'so-so']],
  ['date', 'text', ['infinity', '-infinity', '0044-03-15 BC', '2024-02-29', '99999-01-01']],
  ['timestamp', 'timestamp', instants],
  ['timestamptz', 'timestamp', instants],
  ['timestamp(0)', 'timestamp', instants],
  ['time', 'text', ['00:00:00', '24:00:00', '10:00:00.123456']],
  ['timetz', 'text', ['10:00:00+02']],
  ['interval', 'text', ['1 day 02:00', '-1 year 3 mons', '0']],
  ['json', 'json', json],
  ['jsonb', 'json', json],
  ['bytea', 'text', ['', '\\x00ff', '\\xdeadbeef']],
  ['inet', 'text', ['10.0.0.1/8', '::1']],
  ['money', 'text', ['1.50']],
  ['oid', 'other', ['0', '4294967295']],
  ['point', 'other', ['(1,-2.5)']],
  ['circle', 'other', ['<(1,2),3>']],
  ['int4[]', 'other', ['{}', '{1,NULL,-3}', '{{1,2},{3,4}}']],
  ['text[]', 'other', ['{}', ...texts.map((one) => quoteArray([one, null]))]],
  ['varchar[]', 'other', [quoteArray(texts)]],
  ['timestamptz[]', 'other', ['{infinity,2024-03-31 02:30:00.123456,NULL}']],
  ['timestamp[]', 'other', ['{infinity,2024-03-31 02:30:00.123456,NULL}']],
  ['numeric[]', 'other', ['{NaN,0.10,NULL}']],
  ['int8[]', 'other', ['{9223372036854775807,NULL}']],
  ['date[]', 'other', ['{infinity,2024-02-29}']],
  ['bytea[]', 'other', ['{"\\\\xdeadbeef"}']],
  ['jsonb[]', 'other', ['{"{\\"a\\": [1]}",null}']],
  ['mood[]', 'other', ['{calm,so-so}']],
  ['int4range', 'text', ['[1,5)', 'empty']],
];

let database: FreshDatabase;
let source: SqlSource;
let reference: ReturnType<typeof openReference>;
const run = (sql: string, values: unknown[] = []) =>
  withClient(database.connection, (client) => client.query(sql, values));

beforeAll(async () => {
  database = await freshDatabase();
  const { database: name = '' } = database.connection;
  await run(`
    create extension citext;
    create type mood as enum ('calm', 'so-so', 'ä "x"');
    create domain positive as integer check (value > 0);
    create domain feeling as mood;
    alter database ${name} set datestyle = 'SQL, DMY';
    alter database ${name} set timezone = 'Asia/Kathmandu';
    alter database ${name} set intervalstyle = 'iso_8601';
  `);
  const options = { connection: database.connection, schema: 'public', timeoutMs: 20_000 };
  source = new SqlSource({ ...options, name: 'shop', poolSize: 2, maxRows: 5_000 });
  reference = openReference(database.connection, 5_000);
});
afterAll(async () => {
  await source.close();
  await reference.close();
  await database.drop();
});

const all: Find = { by: 'page', limit: 5_000 };
const planOf = (
  table: string,
  columns: readonly string[],
  more: Partial<ReadPlan> = {},
): ReadPlan => ({
  ...{ type: 'T', source: 'shop', table, key: ['id'], columns },
  ...more,
});

/** What `RawKind` promises of a cell that is not null. */
const keepsPromise = (kind: RawKind, text: string, value: unknown): boolean => {
  switch (kind) {
    case 'text':
      return value === text;
    case 'int':
      return Number.isInteger(value) && String(value) === text && (Number(value) | 0) === value;
    case 'bool':
      return (text === 't' && value === true) || (text === 'f' && value === false);
    case 'float':
      return typeof value === 'number' && Object.is(value, Number(text));
    case 'timestamp':
      return value instanceof Date || value === null || /infinity|BC|^\d{5}/.test(text);
    case 'json':
      return JSON.stringify(value) === JSON.stringify(JSON.parse(text));
    case 'other':
      return true;
  }
};

const expectSame = async (read: ReadPlan, find: Find): Promise<number> => {
  const [old, rows, raw] = await Promise.all([
    reference.fetch(read, find),
    source.fetch(read, find),
    source.fetchRaw(read, find),
  ]);
  expect(rows.map(({ values }) => values)).toEqual(old);
  expect(valuesOf(raw)).toEqual(old);
  expect(raw.count).toBe(old.length);
  expect(raw.kinds).toHaveLength(raw.width);
  old.forEach((values, row) =>
    values.forEach((value, column) => {
      const text = textOf(raw, row, column);
      const kind = raw.kinds[column]!;
      expect(text === null, `${kind} null`).toBe(value === null && text !== 'null');
      if (text !== null) expect(keepsPromise(kind, text, value), `${kind} ${text}`).toBe(true);
    }),
  );
  return old.length;
};

let tables = 0;
const fill = async (
  columns: readonly (readonly [type: string, values: readonly (string | null)[]])[],
  count: number,
) => {
  tables += 1;
  const table = `t${tables}`;
  const names = columns.map((_, i) => `c${i}`);
  const defined = columns.map(([type], i) => `c${i} ${type}`);
  await run(`create table ${table} (id int primary key, ${defined.join(', ')})`);
  const marks = columns.map(([type], i) => `($${i + 1}::text[])[n]::${type}`);
  await run(
    `insert into ${table} select n, ${marks.join(', ')} from generate_series(1, ${count}) n`,
    columns.map(([, values]) => [...values]),
  );
  // Reads the catalog again, in which the table now is.
  await source.check([]);
  return { table, names };
};

describe('rows as bytes', () => {
  it.each(types)('of %s are %s, and the values that pg alone makes', async (type, kind, values) => {
    const { table, names } = await fill([[type, [...values, null]]], values.length + 1);
    const raw = await source.fetchRaw(planOf(table, names), all);
    expect(raw.kinds[0]).toBe(kind);
    expect(await expectSame(planOf(table, names), all)).toBe(values.length + 1);
  });

  it('of random tables are the values that pg alone makes', async () => {
    const column = fc
      .constantFrom(...types)
      .chain(([type, , values]) =>
        fc.tuple(
          fc.constant(type),
          fc.array(fc.option(fc.constantFrom(...values)), { minLength: 40, maxLength: 40 }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(column, { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 0, max: 40 }),
        async (columns, count) => {
          const { table, names } = await fill(columns, count);
          expect(await expectSame(planOf(table, names), all)).toBe(count);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('of random texts are those texts', async () => {
    await run('create table said (id int primary key, what text)');
    const word = fc.string({ unit: 'binary', maxLength: 300 }).filter((one) => !one.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 60 }), async (words) => {
        await run('truncate said');
        await run('insert into said select n, w from unnest($1::text[]) with ordinality u (w, n)', [
          words,
        ]);
        const raw = await source.fetchRaw(planOf('said', ['what']), all);
        expect(valuesOf(raw).map(([what]) => what)).toEqual(words);
        expect(words.map((_, row) => textOf(raw, row, 0))).toEqual(words);
        await expectSame(planOf('said', ['what']), all);
      }),
      { numRuns: 30 },
    );
  });

  it('of cells of a megabyte are whole', async () => {
    await run(`
      create table large (id int primary key, a text, b text, c jsonb);
      insert into large select n, repeat('x', 1000000 + n), repeat('😀', 300000), to_jsonb(repeat('y', 1000000))
        from generate_series(1, 8) n
    `);
    expect(await expectSame(planOf('large', ['a', 'b', 'c']), all)).toBe(8);
  });
});

describe('each way to find rows', () => {
  const subject = { path: { type: 'P', hops: [], column: 'person' } };
  const place = { table: 'person', id: 'id', column: 'place', source: 'shop' };
  const hop = { own: 'owner', table: 'owner', theirs: 'id' };
  const tuples = (...rows: string[][]) => rows;
  beforeAll(() =>
    run(`
      create table person (id int primary key, place text);
      create table owner (id int primary key, person int);
      create table thing (id int, part text, person int, owner int, at timestamptz, kind text, primary key (id, part));
      create table thing_label (thing int, label text);
      insert into person select n, chr(64 + n) from generate_series(1, 5) n;
      insert into owner select n, n % 6 from generate_series(1, 10) n;
      insert into thing select n, 'p' || n, nullif(n % 6, 0), n % 11, timestamptz '2024-01-01' + n * interval '1 microsecond', 'k"' || n % 3
        from generate_series(1, 60) n;
      insert into thing_label select n % 60, 'l\\' || n % 4 from generate_series(1, 200) n;
    `).then(() => source.check([])),
  );
  const key = ['id', 'part'];
  const reads: readonly ReadPlan[] = [
    planOf('thing', [], { key }),
    planOf('thing', ['kind', 'at', 'kind'], { key }),
    planOf('thing', ['at'], { key, subject }),
    planOf('thing', ['at'], { key, subject: { ...subject, place } }),
    planOf('thing', ['at'], { key, subject: { path: { ...subject.path, hops: [hop] }, place } }),
    planOf('thing', ['at'], { key: ['at'], subject }),
  ];
  const finds: readonly Find[] = [
    { by: 'equal', columns: ['id'], tuples: tuples(['1'], ['7'], ['007'], ['x'], ['1']) },
    { by: 'equal', columns: ['kind'], tuples: tuples(['k"1'], ['k"2'], ['\\'], ['{}'], ['a,b']) },
    { by: 'equal', columns: ['kind'], tuples: tuples(['k"1'], ['k"2']), first: 2 },
    { by: 'equal', columns: ['kind'], tuples: tuples(['k"0'], ['k"2']), first: 5 },
    { by: 'equal', columns: ['id', 'part'], tuples: tuples(['1', 'p1'], ['2', 'p1'], ['3', 'p3']) },
    { by: 'equal', columns: ['id', 'part'], tuples: tuples(['1', 'p1']), first: 3 },
    { by: 'via', table: 'thing_label', on: 'label', to: 'thing', values: ['l\\1', 'l\\2'] },
    {
      by: 'via',
      table: 'thing_label',
      on: 'label',
      to: 'thing',
      values: ['l\\1', 'l\\3'],
      first: 3,
    },
    { by: 'page', limit: 7 },
    { by: 'page', limit: 0 },
    { by: 'page', limit: 7, among: { column: 'kind', values: ['k"1', 'none'] } },
  ];
  const afterOf = (read: ReadPlan) =>
    read.key.length === 2 ? ['20', 'p20'] : ['2024-01-01 00:00:00.00002+00'];

  it('brings what pg alone brings, the first time and again', async () => {
    let seen = 0;
    for (const read of reads) {
      const after = afterOf(read);
      const more: readonly Find[] = [
        { by: 'page', limit: 7, after },
        { by: 'page', limit: 7, after, among: { column: 'kind', values: ['k"2'] } },
        ...(read.subject
          ? ([
              { by: 'subject', id: '3', limit: 4 },
              { by: 'subject', id: '3', limit: 4, after },
            ] as const)
          : []),
      ];
      for (const find of [...finds, ...more, ...finds.toReversed()]) {
        // The table between names things by their number.
        if (find.by === 'via' && read.key[0] !== 'id') continue;
        // A value that no row could have is left out before anything is sent.
        const sent =
          find.by === 'equal'
            ? { ...find, tuples: find.tuples.filter(([one]) => one !== 'x') }
            : find;
        // The first rows of each value have an order, the values among each other have none.
        const inOrder = (rows: readonly (readonly unknown[])[]) =>
          'first' in find
            ? rows.toSorted((a, b) => String(a.at(-1)).localeCompare(String(b.at(-1))))
            : rows;
        const old = inOrder(await reference.fetch(read, sent));
        expect(inOrder(valuesOf(await source.fetchRaw(read, find)))).toEqual(old);
        const rows = await source.fetch(read, find);
        expect(inOrder(rows.map(({ values }) => values))).toEqual(old);
        seen += old.length;
      }
    }
    expect(seen).toBeGreaterThan(1_000);
  });

  it('has as many cells when no row could match', async () => {
    const none: readonly Find[] = [
      { by: 'equal', columns: ['id', 'part'], tuples: [['x', 'p1']] },
      { by: 'page', limit: 7, after: ['x', 'y'] },
      { by: 'page', limit: 7, among: { column: 'person', values: ['x'] } },
      { by: 'subject', id: 'x', limit: 4 },
    ];
    const some: readonly Find[] = [
      { by: 'equal', columns: ['id', 'part'], tuples: [['1', 'p1']] },
      { by: 'page', limit: 7, after: ['1', 'y'] },
      { by: 'page', limit: 7, among: { column: 'person', values: ['1'] } },
      { by: 'subject', id: '1', limit: 4 },
    ];
    for (const read of reads.slice(2, 5)) {
      for (const [i, find] of none.entries()) {
        const raw = await source.fetchRaw(read, find);
        expect([raw.count, raw.bytes.length, raw.cells.length]).toEqual([0, 0, 0]);
        expect(raw.width).toBe((await source.fetchRaw(read, some[i]!)).width);
        expect(raw.kinds).toHaveLength(raw.width);
      }
    }
  });
});
