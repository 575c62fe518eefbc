import { expect, it } from 'vitest';
import { readOwnData, readPlace } from '../../src/decision/own-data.ts';
import type { Row, Source } from '../../src/sources/source.ts';
import { policyOf } from '../ledger/small-policy.ts';

const policy = policyOf();
const type = policy.model.types.get('Customer')!;
const me = { type: 'Customer', id: '7' };

/** A source that gives whatever it likes, whoever is asked for. */
const liar = (rows: readonly (readonly unknown[])[], maxRows = 1_000): Source => ({
  name: 'shop',
  maxRows,
  fetch: () => Promise.resolve(rows.map((values): Row => ({ values }))),
  erase: () => Promise.resolve([]),
  check: () => Promise.resolve([]),
  subjectKind: () => undefined,
  close: () => Promise.resolve(),
});
const columns = [...type.fields.values()].length;
const rowOf = (whose: unknown, value: string) => [
  ...Array.from({ length: columns }, () => value),
  whose,
  whose,
];
const own = (source: Source) => readOwnData(me, policy, new Map([['shop', source]]));

it('drops rows of other persons, whatever the source gives', async () => {
  const lies = ['8', '07', ' 7', '77', null, undefined, '', 8, true, ['7'], { id: '7' }];
  const rows = [
    ...lies.map((whose) => rowOf(whose, 'theirs')),
    rowOf('7', 'mine'),
    rowOf(7, 'mine'),
  ];
  const read = await own(liar(rows));
  const cells = read.flatMap((one) => one.rows.flat());
  expect(cells.length).toBe(2 * columns);
  expect(new Set(cells)).toEqual(new Set(['mine']));
});

it('fails rather than give half where a source does not answer, or is not there', async () => {
  const down: Source = { ...liar([]), fetch: () => Promise.reject(new Error('down')) };
  await expect(own(down)).rejects.toThrow('down');
  await expect(readOwnData(me, policy, new Map())).rejects.toThrow('no such source');
});

it('takes nobody else’s place for the person’s', async () => {
  const places = (rows: readonly (readonly unknown[])[]) =>
    readPlace(me, policy, new Map([['shop', liar(rows)]]));
  expect(await places([['US-CA', '8', '8']])).toEqual({ known: false, place: undefined });
  const mixed = [
    ['US-CA', '07', '7'],
    ['BE', '7', '7'],
  ];
  expect(await places(mixed)).toEqual({ known: true, place: 'BE' });
});
