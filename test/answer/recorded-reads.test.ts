import { describe, expect, it } from 'vitest';
import { NotPlain } from '../../src/answer/not-plain.ts';
import { RecordedReads } from '../../src/answer/recorded-reads.ts';
import { SourceError } from '../../src/core/errors.ts';
import type { ReadPlan } from '../../src/policy/plan.ts';
import type { Find, RawRows, Row, Source, Sources } from '../../src/sources/source.ts';

const read: ReadPlan = { type: 'T', source: 'shop', table: 't', key: ['id'], columns: ['a'] };

/** Rows of one column that say how often the source was asked before. */
const rawOf = (text: string): RawRows => ({
  count: 1,
  width: 1,
  bytes: Buffer.from(text),
  cells: Int32Array.from([0, text.length]),
  kinds: ['text'],
  value: () => text,
});

class CountingSource implements Source {
  readonly name = 'shop';
  readonly maxRows = 10;
  readonly asked: Find[] = [];
  fails = false;

  fetch(_read: ReadPlan, find: Find): Promise<readonly Row[]> {
    return this.#answer(find, [{ values: [`answer ${this.asked.length}`] }]);
  }

  readonly fetchRaw = (_read: ReadPlan, find: Find): Promise<RawRows> =>
    this.#answer(find, rawOf(`answer ${this.asked.length}`));

  erase = () => Promise.resolve([]);
  check = () => Promise.resolve([]);
  subjectKind = () => undefined;
  close = () => Promise.resolve();

  #answer<T>(find: Find, answer: T): Promise<T> {
    this.asked.push(find);
    if (!this.fails) return Promise.resolve(answer);
    return Promise.reject(new SourceError('it fails', 'SOURCE_UNAVAILABLE', 'shop'));
  }
}

const stage = () => {
  const source = new CountingSource();
  const sources: Sources = new Map([['shop', source]]);
  const reads = new RecordedReads(sources, { gpc: false });
  const again = (): Source => {
    const found = reads.again().get('shop');
    if (!found) throw new Error('there is no such source');
    return found;
  };
  return { source, reads, again };
};

const equal = (...values: string[]): Extract<Find, { by: 'equal' }> => ({
  by: 'equal',
  columns: ['a'],
  tuples: values.map((value) => [value]),
});
const via = (...values: string[]): Extract<Find, { by: 'via' }> => ({
  by: 'via',
  table: 'v',
  on: 'a',
  to: 'b',
  values,
});

describe('recorded reads', () => {
  it('give the rows that were read before, without asking again', async () => {
    const { source, reads, again } = stage();
    await reads.fetchRaw(read, equal('1'));
    expect(await again().fetch(read, equal('1'))).toEqual([{ values: ['answer 0'] }]);
    expect(await again().fetch(structuredClone(read), equal('1'))).toEqual([{ values: ['answer 0'] }]); // prettier-ignore
    expect(source.asked).toHaveLength(1);
  });

  it('do so whatever the order of the values', async () => {
    const { source, reads, again } = stage();
    await reads.fetchRaw(read, equal('1', '2'));
    await reads.fetchRaw(read, via('1', '2'));
    expect(await again().fetch(read, equal('2', '1'))).toEqual([{ values: ['answer 0'] }]);
    expect(await again().fetch(read, via('2', '1'))).toEqual([{ values: ['answer 1'] }]);
    expect(source.asked).toHaveLength(2);
  });

  it('give each part of a plan its own rows where two seek the same', async () => {
    const { reads, again } = stage();
    const other = { ...read };
    await reads.fetchRaw(read, equal('1'));
    await reads.fetchRaw(other, equal('1'));
    expect(await again().fetch(other, equal('1'))).toEqual([{ values: ['answer 1'] }]);
    expect(await again().fetch(read, equal('1'))).toEqual([{ values: ['answer 0'] }]);
  });

  it.each<readonly [string, Find, Find]>([
    ['another value', equal('1'), equal('2')],
    ['one value more', equal('1'), equal('1', '2')],
    ['values that run together', equal('1,2'), equal('1', '2')],
    ['tuples that run together', { ...equal(), tuples: [['a', 'b']] }, { ...equal(), tuples: [['a"], ["b']] }], // prettier-ignore
    ['another `first`', equal('1'), { ...equal('1'), first: 1 }],
    ['another column', equal('1'), { ...equal('1'), columns: ['b'] }],
    ['another table between', via('1'), { ...via('1'), table: 'w' }],
    ['another page', { by: 'page', limit: 2 }, { by: 'page', limit: 2, after: ['1'] }],
    ['a longer page', { by: 'page', limit: 2 }, { by: 'page', limit: 3 }],
    ['another person', { by: 'subject', id: '1', limit: 2 }, { by: 'subject', id: '2', limit: 2 }],
  ])('ask the source for %s', async (_what, one, other) => {
    const { source, reads, again } = stage();
    await reads.fetchRaw(read, one);
    await again().fetch(read, other);
    expect(source.asked).toEqual([one, other]);
  });

  it('ask the source for other columns', async () => {
    const { source, reads, again } = stage();
    await reads.fetchRaw(read, equal('1'));
    await again().fetch({ ...read, columns: ['b'] }, equal('1'));
    expect(source.asked).toHaveLength(2);
  });

  it('fail again as they failed', async () => {
    const { source, reads, again } = stage();
    source.fails = true;
    const failure = await reads.fetchRaw(read, equal('1')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceError);
    source.fails = false;
    await expect(again().fetch(read, equal('1'))).rejects.toBe(failure);
    expect(source.asked).toHaveLength(1);
  });

  it('keep what was read by values too, for everybody after', async () => {
    const { source, reads, again } = stage();
    const rows = await again().fetch(read, equal('1'));
    expect(await reads.again().get('shop')?.fetch(read, equal('1'))).toBe(rows);
    expect(source.asked).toHaveLength(1);
  });

  it('leave nothing unhandled of what fails and is asked for once more', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const { source, reads, again } = stage();
    source.fails = true;
    await reads.fetchRaw(read, equal('1')).catch(() => undefined);
    await again()
      .fetch(read, equal('2'))
      .catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('ask for no more bytes once they are given up, whoever still goes on', async () => {
    const { source, reads, again } = stage();
    await reads.fetchRaw(read, equal('1'));
    const values = again();
    await expect(reads.fetchRaw(read, equal('2'))).rejects.toThrow(NotPlain);
    await values.fetch(read, equal('2'));
    expect(source.asked).toEqual([equal('1'), equal('2')]);
  });

  it('do not give bytes of a source that has none', async () => {
    const { reads } = stage();
    await expect(reads.fetchRaw({ ...read, source: 'nowhere' }, equal('1'))).rejects.toThrow(SourceError); // prettier-ignore
    expect(reads.again().get('shop')?.fetchRaw).toBeUndefined();
  });
});
