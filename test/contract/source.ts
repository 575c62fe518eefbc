import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asText } from '../../src/decision/release-rows.ts';
import type { ReadPlan } from '../../src/policy/plan.ts';
import type { Find, Row, Source } from '../../src/sources/source.ts';

/** A table as the suite wants it in the database under test. */
export interface ContractTable {
  readonly name: string;
  /** Column, then its type in words that the connector's test translates. */
  readonly columns: readonly (readonly [name: string, type: 'whole' | 'text'])[];
  readonly key: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** What not every connector can do. */
export type Ability =
  /** Rows in the order of their key, and on from there. */
  | 'page'
  /** Rows over a table between. */
  | 'via'
  /** Rows by the values of several columns. */
  | 'tuples'
  /** Knowing which columns there are. */
  | 'catalog';

/** What the suite needs of a connector and its database. */
export interface SourceUnderTest {
  /** What this connector refuses to do. */
  readonly unsupported?: readonly Ability[];
  /** Makes the tables and opens a source that reads them. */
  open(tables: readonly ContractTable[], maxRows: number): Promise<OpenSource>;
}

export interface OpenSource {
  readonly source: Source;
  /** Every statement that the source sent so far. */
  readonly statements: string[];
  close(): Promise<void>;
}

const texts = ['', ' ', 'A', 'a', 'ab', 'a b', 'B', 'b', 'Z', 'z', 'ä', 'Ä', 'é', 'ß', 'ss', '10'];
const odd = [
  "O'Brien",
  'say "so"',
  '\\',
  '%',
  '?',
  '$1',
  ':name',
  '--',
  '/*',
  ';',
  '\n',
  '😀',
  '１',
];

const tables: readonly ContractTable[] = [
  {
    name: 'person',
    columns: [
      ['id', 'whole'],
      ['name', 'text'],
      ['secret', 'text'],
      ['country', 'text'],
    ],
    key: ['id'],
    rows: [
      [1, 'Ada', 's1', 'GB'],
      [2, "O'Brien", 's2', 'IE'],
      [3, null, 's3', null],
    ],
  },
  {
    name: 'order',
    columns: [
      ['select', 'whole'],
      ['person_id', 'whole'],
      ['from', 'text'],
    ],
    key: ['select'],
    rows: [
      [10, 1, 'a'],
      [11, 1, 'b'],
      [12, 1, 'c'],
      [20, 2, 'd'],
      [99, null, 'nobody'],
    ],
  },
  {
    name: 'order line',
    columns: [
      ['order', 'whole'],
      ['Line?', 'text'],
      ['a.b', 'text'],
      ['say "so"', 'text'],
      ['x as y', 'text'],
      ['tags[1]', 'text'],
    ],
    key: ['order', 'Line?'],
    rows: [
      [10, 'a', 'dot', 'quote', 'as', 'bracket'],
      [10, 'b', null, null, null, null],
      [11, 'a', null, null, null, null],
      [20, 'B', null, null, null, null],
    ],
  },
  {
    name: 'label',
    columns: [['name', 'text']],
    key: ['name'],
    rows: [...texts, ...odd].map((text) => [text]),
  },
  {
    name: 'person_label',
    columns: [
      ['person', 'whole'],
      ['label', 'text'],
    ],
    key: ['person', 'label'],
    rows: [
      [1, 'a'],
      [1, 'A'],
      [1, 'b'],
      [2, 'a'],
      [2, 'gone'],
    ],
  },
];

const plan = (table: string, key: readonly string[], columns: readonly string[]): ReadPlan => ({
  type: 'T',
  source: 'contract',
  table,
  key,
  columns,
});
const values = (rows: readonly Row[]) => rows.map((row) => row.values.map(asText));

/** What every connector does, whatever its database. */
export const sourceContract = (name: string, under: SourceUnderTest): void => {
  describe(`the source ${name}`, () => {
    let open: OpenSource;
    beforeAll(async () => {
      open = await under.open(tables, 30);
    });
    afterAll(() => open.close());
    const fetch: Source['fetch'] = (read, find) => open.source.fetch(read, find);
    const lacks = (ability: Ability): boolean => under.unsupported?.includes(ability) === true;

    it('reads the planned columns, in their order, then what rows were found by', async () => {
      const rows = await fetch(plan('person', ['id'], ['name', 'id']), {
        by: 'equal',
        columns: ['id'],
        tuples: [['2'], ['1']],
      });
      expect(values(rows)).toEqual([
        ['Ada', '1', '1'],
        ["O'Brien", '2', '2'],
      ]);
    });

    it('names no column that was not planned, and sends one statement for a fetch', async () => {
      const before = open.statements.length;
      const find = { by: 'equal', columns: ['id'], tuples: [['1'], ['2']] } as const;
      await fetch(plan('person', ['id'], ['name']), find);
      const sent = open.statements.slice(before);
      expect(sent).toHaveLength(1);
      expect(sent[0]).not.toMatch(/secret|country|\*/);
    });

    it('reads rows even when no column was planned', async () => {
      const find = { by: 'equal', columns: ['id'], tuples: [['1'], ['2']] } as const;
      const rows = await fetch(plan('person', ['id'], []), find);
      expect(values(rows)).toEqual([['1'], ['2']]);
    });

    it.skipIf(lacks('via'))(
      'finds rows over a table between, with the value that led there',
      async () => {
        const rows = await fetch(plan('label', ['name'], ['name']), {
          by: 'via',
          table: 'person_label',
          on: 'person',
          to: 'label',
          values: ['1', '2', '3'],
        });
        expect(values(rows).toSorted()).toEqual([
          ['A', '1'],
          ['a', '1'],
          ['a', '2'],
          ['b', '1'],
        ]);
      },
    );

    it.each([undefined, 2])('matches null with nothing (first: %s)', async (first) => {
      const rows = await fetch(plan('order', ['select'], ['from']), {
        by: 'equal',
        columns: ['person_id'],
        tuples: [['1'], ['2'], ['3']],
        ...(first !== undefined && { first }),
      });
      const found = values(rows).toSorted();
      expect(found).toEqual([
        ['a', '1'],
        ['b', '1'],
        ...(first === undefined ? [['c', '1']] : []),
        ['d', '2'],
      ]);
    });

    it.skipIf(lacks('via'))(
      'gives the first rows of each value, over a table between too',
      async () => {
        const before = open.statements.length;
        const rows = await fetch(plan('label', ['name'], []), {
          by: 'via',
          table: 'person_label',
          on: 'person',
          to: 'label',
          values: ['1', '2'],
          first: 1,
        });
        expect(open.statements).toHaveLength(before + 1);
        expect(values(rows).toSorted()).toEqual([['1'], ['2']]);
      },
    );

    it('gives a row once when two texts are one value', async () => {
      const rows = await fetch(plan('order', ['select'], ['from']), {
        by: 'equal',
        columns: ['person_id'],
        tuples: [['2'], ['02'], ['2']],
        first: 5,
      });
      expect(values(rows)).toEqual([['d', '2']]);
    });

    it.skipIf(lacks('tuples'))(
      'finds rows by a key of several columns, as tuples and not as a grid',
      async () => {
        const rows = await fetch(plan('order line', ['order', 'Line?'], []), {
          by: 'equal',
          columns: ['order', 'Line?'],
          tuples: [
            ['10', 'b'],
            ['11', 'a'],
            ['20', 'b'],
          ],
        });
        expect(values(rows)).toEqual([
          ['10', 'b'],
          ['11', 'a'],
        ]);
      },
    );

    it('reads columns whatever they are called', async () => {
      const columns = ['Line?', 'a.b', 'say "so"', 'x as y', 'tags[1]'];
      const rows = await fetch(plan('order line', ['order', 'Line?'], columns), {
        by: 'equal',
        columns: ['order'],
        tuples: [['10']],
        first: 1,
      });
      expect(values(rows)).toEqual([['a', 'dot', 'quote', 'as', 'bracket', '10']]);
    });

    it.skipIf(lacks('page')).each([
      ['person', ['id']],
      ['order', ['select']],
      ['order line', ['order', 'Line?']],
      ['label', ['name']],
    ] as const)('goes on in `%s` where a page ended, each row once', async (table, key) => {
      const seen: string[] = [];
      let after: readonly string[] | undefined;
      for (let pages = 0; pages < 100; pages += 1) {
        const rows = await fetch(plan(table, key, []), {
          by: 'page',
          limit: 2,
          ...(after && { after }),
        });
        const found = values(rows);
        seen.push(...found.map((one) => JSON.stringify(one)));
        after = found.at(-1)?.map((one) => one ?? '');
        if (found.length < 2) break;
      }
      const all = tables.find((one) => one.name === table)?.rows ?? [];
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toHaveLength(all.length);
      const whole = await fetch(plan(table, key, []), { by: 'page', limit: 30 });
      expect(seen).toEqual(values(whole).map((one) => JSON.stringify(one)));
    });

    it.each(odd)('finds the text %j and nothing else', async (text) => {
      const find = { by: 'equal', columns: ['name'], tuples: [[text]] } as const;
      for (const one of [find, { ...find, first: 3 }]) {
        expect(values(await fetch(plan('label', ['name'], ['name']), one))).toEqual([[text, text]]);
      }
    });

    it.each([
      '',
      'x',
      '1; drop table person',
      "1' or '1'='1",
      '1.5',
      '1e3',
      '0x1',
      ' 1',
      '１',
      '99999999999999999999',
      '-2147483649',
      'NaN',
      'null',
      '\0',
      '\ud800',
    ])('finds no row by %j, which is no whole number, and does not fail', async (text) => {
      const read = plan('person', ['id'], ['name']);
      const find = { by: 'equal', columns: ['id'], tuples: [[text]] } as const;
      expect(await fetch(read, find)).toEqual([]);
      expect(await fetch(read, { ...find, first: 1 })).toEqual([]);
      if (!lacks('page'))
        expect(await fetch(read, { by: 'page', after: [text], limit: 5 })).toEqual([]);
      expect(values(await fetch(read, { ...find, tuples: [[text], ['1']] }))).toEqual([
        ['Ada', '1'],
      ]);
    });

    it.skipIf(lacks('page'))('finds nothing after a cursor of another shape', async () => {
      const read = plan('person', ['id'], ['name']);
      expect(await fetch(read, { by: 'page', after: [], limit: 5 })).toEqual([]);
      expect(await fetch(read, { by: 'page', after: ['1', '2'], limit: 5 })).toEqual([]);
    });

    it('refuses more rows than it may read at once, and gives none', async () => {
      const small = await under.open(tables, 2);
      const find = { by: 'equal', columns: ['person_id'], tuples: [['1']] } as const;
      const read = plan('order', ['select'], ['from']);
      await expect(small.source.fetch(read, find)).rejects.toMatchObject({
        code: 'SOURCE_TOO_LARGE',
      });
      expect(await small.source.fetch(read, { ...find, first: 2 })).toHaveLength(2);
      await small.close();
    });

    it('says that a table is missing as a failure, never as no rows', async () => {
      const find = { by: 'equal', columns: ['id'], tuples: [['1']] } as const;
      await expect(fetch(plan('nowhere', ['id'], []), find)).rejects.toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
      });
    });

    it.skipIf(lacks('catalog'))('says so of a column too', async () => {
      const find = { by: 'page', limit: 1 } as const;
      const injected = plan('person', ['id'], ['id" from "person"; drop table "person"; --']);
      await expect(fetch(injected, find)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      expect(await fetch(plan('person', ['id'], []), { by: 'page', limit: 9 })).toHaveLength(3);
    });

    const refused: Readonly<Partial<Record<Ability, Find>>> = {
      page: { by: 'page', limit: 1 },
      via: { by: 'via', table: 'person_label', on: 'person', to: 'label', values: ['1'] },
      tuples: { by: 'equal', columns: ['order', 'Line?'], tuples: [['10', 'b']] },
    };
    it.each(under.unsupported?.filter((ability) => ability in refused) ?? [])(
      'refuses what it cannot do: %s',
      async (ability) => {
        const read = plan('order line', ['order', 'Line?'], []);
        const before = open.statements.length;
        await expect(fetch(read, refused[ability]!)).rejects.toMatchObject({
          code: 'SOURCE_UNAVAILABLE',
        });
        expect(open.statements).toHaveLength(before);
      },
    );
  });
};
