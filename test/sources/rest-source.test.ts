import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asText } from '../../src/decision/release-rows.ts';
import type { Row } from '../../src/sources/source.ts';
import { sourceContract, type ContractTable } from '../contract/source.ts';
import { by, closeAll, members, open, table } from './rest/open-rest.ts';
import { startJsonServer, type JsonServer } from './json-server.ts';

afterAll(closeAll);

/** Everything, whatever it is asked for: what the connector gives was its own choice. */
const everythingOf = ({ name, columns, rows }: ContractTable) => [
  name,
  rows.map((row) => Object.fromEntries(columns.map(([column], i) => [column, row[i]]))),
];

sourceContract('REST', {
  unsupported: ['page', 'via', 'tuples', 'catalog'],
  open: async (tables, maxRows) => {
    const all = new Map(tables.map((one) => everythingOf(one) as [string, unknown]));
    const server = await startJsonServer(({ url }) =>
      all.get(decodeURIComponent(url.pathname.slice(1))),
    );
    const statements: string[] = [];
    const source = open({
      url: server.url,
      name: 'contract',
      maxRows,
      onStatement: (request) => statements.push(request),
      tables: new Map(
        tables.map(({ name, columns }) => [
          name,
          table({
            path: `/${encodeURIComponent(name)}`,
            by: new Map(columns.map(([column]) => [column, column])),
            fields: 'fields',
          }),
        ]),
      ),
    });
    return { source, statements, close: () => server.close() };
  },
});

const valuesOf = (rows: readonly Row[]) => rows.map(({ values }) => values);

let server: JsonServer;
beforeAll(async () => {
  server = await startJsonServer(() => []);
});
afterAll(() => server.close());
beforeEach(() => void (server.seen.length = 0));

describe('how an API is asked', () => {
  afterEach(() => void (server.answer = () => []));
  const targets = () => server.seen.map(({ target }) => target);

  it('repeats the parameter, each value once, below the base address', async () => {
    const source = open({ url: `${server.url}/api/v1/` });
    await source.fetch(members(), by('1', '2', '1'));
    expect(targets()).toEqual(['/api/v1/members?ids=1&ids=2']);
  });

  it('joins values with commas where it shall, and never one that holds a comma', async () => {
    const tables = new Map([['members', table({ values: 'comma', ids: 'text' })]]);
    await open({ url: server.url, tables }).fetch(members(), by('1', '2', '3,4', 'ä&b'));
    expect(targets()).toEqual(['/members?ids=1,2,%C3%A4%26b']);
  });

  it('asks in batches, and gives rows in their order', async () => {
    server.answer = ({ url }, response) => {
      const rows = url.searchParams.getAll('ids').map((id) => ({ customer_id: id }));
      // The first batch comes last.
      setTimeout(
        () => response.setHeader('content-type', 'application/json').end(JSON.stringify(rows)),
        rows[0]?.customer_id === '1' ? 100 : 0,
      );
      return undefined;
    };
    const tables = new Map([['members', table({ batch: 2 })]]);
    const rows = await open({ url: server.url, tables }).fetch(
      members([]),
      by('1', '2', '3', '4', '5'),
    );
    expect(rows.map(({ values }) => values[0])).toEqual(['1', '2', '3', '4', '5']);
    expect(targets().toSorted()).toEqual([
      '/members?ids=1&ids=2',
      '/members?ids=3&ids=4',
      '/members?ids=5',
    ]);
  });

  it('keeps addresses short, whatever the batch', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(300, 'x'));
    const tables = new Map([['members', table({ ids: 'text' })]]);
    await open({ url: server.url, tables }).fetch(members(), by(...ids));
    expect(server.seen.flatMap(({ url }) => url.searchParams.getAll('ids')).toSorted()).toEqual(
      ids.toSorted(),
    );
    expect(Math.max(...targets().map((target) => target.length))).toBeLessThanOrEqual(8_000);
  });

  it('sends nothing for values that no row can have', async () => {
    const none = by('', '05', ' 5', '5.0', '1e3', 'x', '\0', '\ud800', '1&ids=2', '٣');
    expect(await open({ url: server.url }).fetch(members(), none)).toEqual([]);
    const tables = new Map([['members', table({ ids: 'text' })]]);
    const odd = by('', '\0', '\ud800', 'x'.repeat(5_000));
    expect(await open({ url: server.url, tables }).fetch(members(), odd)).toEqual([]);
    expect(server.seen).toEqual([]);
  });

  it('cannot be led elsewhere by a value', async () => {
    const tables = new Map([['members', table({ ids: 'text', path: '/members?kind=a' })]]);
    const source = open({ url: server.url, tables });
    await source.fetch(members(), by('../admin', '1&all=true', '#', 'a\r\nHost: x', '%2e%2e/'));
    expect(server.seen.map(({ url }) => [url.pathname, [...url.searchParams.keys()]])).toEqual([
      ['/members', ['kind', 'ids', 'ids', 'ids', 'ids', 'ids']],
    ]);
  });

  it('asks for planned members only, where the API can be asked so', async () => {
    const tables = new Map([
      ['members', table({ fields: 'only', columns: new Map([['tier', ['status', 'tier']]]) })],
    ]);
    const told: string[] = [];
    const source = open({ url: server.url, tables, onStatement: (text) => told.push(text) });
    await source.fetch(members(['tier', 'joined']), by('77'));
    expect(targets()).toEqual(['/members?only=status,joined,customer_id&ids=77']);
    expect(told).toEqual(['GET /members?only=status,joined,customer_id&ids']);
  });

  it('sends its own headers, and `Sec-GPC` only for a request with that signal', async () => {
    const headers = new Map([
      ['Authorization', 'Bearer secret'],
      ['Accept', 'application/hal+json'],
    ]);
    const source = open({ url: server.url, headers });
    await source.fetch(members(), by('1'));
    await source.fetch(members(), by('1'), { gpc: true });
    await source.fetch(members(), by('1'), { gpc: false });
    expect(server.seen.map(({ headers: sent }) => sent['sec-gpc'])).toEqual([
      undefined,
      '1',
      undefined,
    ]);
    for (const { headers: sent } of server.seen) {
      expect(sent.authorization).toBe('Bearer secret');
      expect(sent.accept).toBe('application/hal+json');
    }
  });
});

describe('what is taken from an answer', () => {
  const fetch = (answer: unknown, ...ids: readonly string[]) => {
    server.answer = () => answer;
    return open({ url: server.url })
      .fetch(members(), by(...ids))
      .then(valuesOf);
  };
  const raw = (text: string) => {
    server.answer = (_request, response) =>
      void response.setHeader('content-type', 'application/json').end(text);
  };

  it('is nobody who was not asked for', async () => {
    const answer = [
      { customer_id: 1, tier: 'GOLD' },
      { customer_id: 2, tier: 'nobody asked' },
      { customer_id: '01', tier: 'another text' },
      { customer_id: '1 ', tier: 'another text' },
      { customer_id: [1], tier: 'a list' },
      { customer_id: { toString: '1' }, tier: 'an object' },
      { customer_id: true, tier: 'a switch' },
      { customer_id: 1.5, tier: 'a fraction' },
      { customer_id: null, tier: 'nothing' },
      { tier: 'missing' },
      null,
      'text',
      [1, 'GOLD'],
    ];
    expect(await fetch(answer, '1')).toEqual([['GOLD', '1', '1']]);
  });

  it('is a row of its own batch only', async () => {
    server.answer = () => [
      { customer_id: 1, tier: 'a' },
      { customer_id: 2, tier: 'b' },
    ];
    const tables = new Map([['members', table({ batch: 1 })]]);
    const rows = await open({ url: server.url, tables }).fetch(members(), by('1', '2'));
    expect(valuesOf(rows)).toEqual([
      ['a', '1', '1'],
      ['b', '2', '2'],
    ]);
  });

  it('names the person that the row itself names', async () => {
    server.answer = () => [
      { order_id: 'A-1', customer_id: 7, tier: 'x' },
      { order_id: 'A-1', customer_id: '08', tier: 'y' },
      { order_id: 'A-1', tier: 'z' },
    ];
    const tables = new Map([['members', table({ by: new Map([['order_id', 'order']]) })]]);
    const rows = await open({ url: server.url, tables }).fetch(members(), {
      by: 'equal',
      columns: ['order_id'],
      tuples: [['A-1']],
    });
    expect(valuesOf(rows)).toEqual([
      ['x', '7', 'A-1'],
      ['y', null, 'A-1'],
      ['z', null, 'A-1'],
    ]);
  });

  it('has one text for a UUID', async () => {
    server.answer = () => [{ customer_id: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', tier: 'x' }];
    const tables = new Map([['members', table({ ids: 'uuid' })]]);
    const small = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    const source = open({ url: server.url, tables });
    for (const id of [small, small.toUpperCase()])
      expect(valuesOf(await source.fetch(members(), by(id, 'x')))).toEqual([['x', small, small]]);
  });

  it('tells large numbers apart, and takes no rounded one for anybody', async () => {
    raw(`[
      {"customer_id": 9007199254740993, "tier": "a 12345678901234567890 \\" 9007199254740993"},
      {"customer_id": 9007199254740992, "tier": -12345678901234567890},
      {"customer_id": 9007199254740992.0, "tier": "rounded"},
      {"customer_id": 9.007199254740992e15, "tier": "rounded"},
      {"customer_id": 5, "tier": 0.1234567890123456}
    ]`);
    const rows = await open({ url: server.url }).fetch(
      members(),
      by('9007199254740993', '9007199254740992', '5'),
    );
    expect(valuesOf(rows).map(([tier, id]) => [id, tier])).toEqual([
      ['9007199254740993', 'a 12345678901234567890 " 9007199254740993'],
      ['9007199254740992', '-12345678901234567890'],
      ['5', 0.1234567890123456],
    ]);
  });

  it('reads the last of two equal keys, for the value and for whom it concerns alike', async () => {
    raw(`[{"customer_id": 1, "tier": "of 1", "customer_id": 2}]`);
    const source = open({ url: server.url });
    expect(await source.fetch(members(), by('1'))).toEqual([]);
    expect(valuesOf(await source.fetch(members(), by('2')))).toEqual([['of 1', '2', '2']]);
  });

  it('has own members only', async () => {
    raw(`[
      {"__proto__": {"customer_id": 1, "tier": "inherited"}},
      {"customer_id": 1, "__proto__": {"tier": "inherited"}, "constructor": {"prototype": {"a": 1}}}
    ]`);
    const rows = await open({ url: server.url }).fetch(
      members(['tier', 'toString', '__proto__', 'hasOwnProperty']),
      by('1'),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.values.map(asText)).toEqual([
      null,
      null,
      '{"tier":"inherited"}',
      null,
      '1',
      '1',
    ]);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('is nothing that was not planned', async () => {
    const rows = await fetch([{ customer_id: 1, tier: 'x', secret: 's1' }], '1');
    expect(JSON.stringify(rows)).not.toContain('s1');
  });

  it('stands where the configuration says', async () => {
    const tables = new Map([
      [
        'members',
        table({
          rows: ['data', 'a.b'],
          columns: new Map([
            ['customer_id', ['owner', 'id']],
            ['tier', ['status', 'tier']],
          ]),
        }),
      ],
    ]);
    server.answer = () => ({
      data: {
        'a.b': [
          { owner: { id: 1 }, status: { tier: 'GOLD' }, customer_id: 2, tier: 'no' },
          { owner: { id: 1 }, status: 'no object' },
          { owner: 1 },
        ],
      },
    });
    const rows = await open({ url: server.url, tables }).fetch(members(), by('1', '2'));
    expect(valuesOf(rows)).toEqual([
      ['GOLD', '1', '1'],
      [null, '1', '1'],
    ]);
  });

  it('is cut after the first rows of each value', async () => {
    server.answer = () => [1, 2, 1, 1, 2].map((id, i) => ({ customer_id: id, tier: i }));
    const rows = await open({ url: server.url }).fetch(members(), { ...by('1', '2'), first: 2 });
    expect(valuesOf(rows).map(([tier]) => tier)).toEqual([0, 1, 2, 4]);
  });

  it('says where persons live, from the row or from another table', async () => {
    const place = { table: 'members', id: 'customer_id', column: 'country', source: 'crm' };
    const path = { type: 'Customer', hops: [], column: 'customer_id' };
    server.answer = ({ url }) =>
      url.pathname === '/people'
        ? [
            { id: 1, country: 'DE' },
            { id: 3, country: 'FR' },
          ]
        : [
            { customer_id: 1, tier: 'a', country: 'US' },
            { customer_id: 2, tier: 'b' },
          ];
    const source = open({
      url: server.url,
      tables: new Map([
        ['members', table()],
        ['people', table({ path: '/people', by: new Map([['id', 'id']]) })],
      ]),
    });
    const own = await source.fetch(members(['tier'], { subject: { path, place } }), by('1', '2'));
    expect(valuesOf(own)).toEqual([
      ['a', '1', 'US', '1'],
      ['b', '2', null, '2'],
    ]);
    const elsewhere = { ...place, table: 'people', id: 'id' };
    const far = await source.fetch(
      members(['tier'], { subject: { path, place: elsewhere } }),
      by('1', '2'),
      { gpc: true },
    );
    expect(valuesOf(far)).toEqual([
      ['a', '1', 'DE', '1'],
      ['b', '2', null, '2'],
    ]);
    expect(server.seen.slice(1).map(({ target, headers }) => [target, headers['sec-gpc']])).toEqual(
      [
        ['/members?ids=1&ids=2', '1'],
        ['/people?id=1&id=2', '1'],
      ],
    );
  });
});

describe('rows about one person', () => {
  const rows = [
    { id: 'b', customer_id: 1, tier: 'second' },
    { id: 'x', customer_id: 2, tier: 'of another' },
    { id: 'c', customer_id: 1, tier: 'third' },
    { id: 'a', customer_id: '1', tier: 'first' },
  ];
  const read = members(['tier'], { key: ['id'] });
  const about = (more: { readonly limit: number; readonly after?: readonly string[] }) =>
    open({ url: server.url })
      .fetch(read, { by: 'subject', id: '1', ...more })
      .then(valuesOf);

  it('come in the order of their key, and on from one of them', async () => {
    server.answer = () => rows;
    expect(await about({ limit: 9 })).toEqual([
      ['first', '1', 'a'],
      ['second', '1', 'b'],
      ['third', '1', 'c'],
    ]);
    expect(await about({ limit: 2 })).toHaveLength(2);
    expect(await about({ limit: 2, after: ['b'] })).toEqual([['third', '1', 'c']]);
    expect(new Set(server.seen.map(({ target }) => target))).toEqual(new Set(['/members?ids=1']));
  });

  it('are counted, and never erased', async () => {
    server.answer = () => rows;
    const source = open({ url: server.url });
    const type = {
      name: 'Member',
      where: 'x',
      table: { source: 'crm', name: 'members', key: ['id'], root: false },
      subject: { type: 'Customer', hops: [], column: 'customer_id' },
      fields: new Map(),
    };
    expect(await source.erase([{ type, how: 'COUNT' }], '1')).toEqual([3]);
    const before = server.seen.length;
    for (const how of ['DELETE', 'ANONYMIZE'] as const)
      await expect(
        source.erase(
          [
            { type, how: 'COUNT' },
            { type, how },
          ],
          '1',
        ),
      ).rejects.toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
        message: 'source `crm` is only read, so nothing is erased there',
      });
    expect(server.seen).toHaveLength(before);
  });
});
