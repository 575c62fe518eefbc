import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTcfMap } from '../../src/imports/tcf-map.ts';
import { line, setImportStage, type ImportStage } from './import-stage.ts';
import { tcfString, vendor } from './tcf-strings.ts';
import { numberedPersons } from '../setup/subjects.ts';

let stage: ImportStage;
beforeEach(async () => {
  stage = await setImportStage();
});
afterEach(() => stage.close());

const people = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => line(String(from + i)));
const mixed = [
  line('1'),
  line('2', { purpose: 'NOWHERE' }),
  line('nobody'),
  line('3', { kind: 'withdrawn', purpose: undefined }),
  line('4', { categories: ['MAILS'] }),
  '{',
  line('5', { at: '2126-01-01T00:00:00Z' }),
  line('6', { method: 'By Mail' }),
  line('7'),
].join('\n');

describe('an import', () => {
  it('takes what is right, and reports each other row with what is wrong', async () => {
    const result = await stage.run(stage.write('mixed.jsonl', mixed), { batch: 4 });
    expect(result).toMatchObject({ outcome: 'done', accepted: 3, refused: 6, now: 3, head: 3 });
    expect(result.reported).toEqual([
      {
        line: 2,
        reason: 'the purpose `NOWHERE` does not exist',
        mend: expect.any(String) as string,
      },
      { line: 3, reason: 'no `Customer` has this id' },
      {
        line: 5,
        reason: 'the category `MAILS` does not exist',
        mend: 'did you mean `MAIL`?',
      },
      { line: 6, reason: 'is not JSON', mend: 'write one object on one line' },
      { line: 7, reason: 'the event lies in the future' },
      { line: 8, reason: '`method` is not 1 to 64 of a-z, 0-9 and -' },
    ]);
    expect(result.reasons).toHaveLength(6);
    expect((await stage.events()).map(({ id, kind }) => `${String(id)} ${String(kind)}`)).toEqual([
      '1 given',
      '3 withdrawn',
      '7 given',
    ]);
  });

  it('happens once for each file, whatever it is called', async () => {
    const path = stage.write('once.jsonl', mixed);
    await stage.run(path);
    const before = await stage.tables();
    const reported = readFileSync(stage.reportPath, 'utf8');
    const again = await stage.run(stage.write('copy.jsonl', mixed));
    expect(again).toMatchObject({ outcome: 'before', accepted: 3, refused: 6, now: 0 });
    expect(await stage.tables()).toEqual(before);
    expect(readFileSync(stage.reportPath, 'utf8')).toBe(reported);
    expect(await stage.run(path, { name: 'other' })).toMatchObject({ outcome: 'done', now: 3 });
    expect(await stage.run(path, { name: 'other' })).toMatchObject({ outcome: 'before' });
    await expect(
      stage.run(stage.write('new.jsonl', people(2).join('\n')), { name: 'other' }),
    ).rejects.toThrow('of another file');
  });

  it('is another import when the same file is read otherwise', async () => {
    const path = stage.write('a.jsonl', people(2).join('\n'));
    await stage.run(path);
    const context = { defaultType: 'Customer', at: new Date('2020-01-01') };
    expect(await stage.run(path, { reading: { context } })).toMatchObject({ outcome: 'done' });
  });

  it.each([
    ['a prototype', '__proto__', 'no `Customer` has this id'],
    ['nothing', '', '`subject` is empty'],
    ['10 kB', 'x'.repeat(10_000), '`subject` is over 256 characters'],
    ['digits that look alike', '１', 'no `Customer` has this id'],
    ['an invisible sign', '1\u200b', 'no `Customer` has this id'],
    ['a leading zero', '01', 'no `Customer` has this id'],
  ])('refuses an id that is %s by name, and writes nothing for it', async (_, id, reason) => {
    const path = stage.write('ids.jsonl', [line('1'), line(id), line('2')].join('\n'));
    expect((await stage.run(path)).reported).toMatchObject([{ line: 2, reason }]);
    const ids = [...(await numberedPersons(stage.own.knex)).values()].map(({ id }) => id);
    expect(ids.sort()).toEqual(['1', '2']);
    expect(await stage.events()).toHaveLength(2);
  });

  it('records a person under the very text of the source', async () => {
    await stage.shop.knex.raw(
      `drop table customer; create table customer (id uuid primary key, country text);
       insert into customer select ('00000000-0000-4000-8000-0000000000a' || i)::uuid, 'DE'
       from generate_series(0, 9) as i`,
    );
    const ids = Array.from({ length: 10 }, (_, i) => `00000000-0000-4000-8000-0000000000A${i}`);
    const others = Array.from(
      { length: 30 },
      (_, i) => `00000000-0000-4000-8000-0000000001${i + 10}`,
    );
    const path = stage.write('u.jsonl', [...others, ...ids].map((id) => line(id)).join('\n'));
    expect(await stage.run(path, { batch: 100 })).toMatchObject({ accepted: 10, refused: 30 });
    expect((await stage.events()).map(({ id }) => id)).toEqual(ids.map((id) => id.toLowerCase()));
  });

  it('refuses a file without events, and one that is changed meanwhile', async () => {
    await expect(stage.run(stage.write('empty.jsonl', '\n\n'))).rejects.toThrow('no event');
    await expect(stage.run(stage.write('e.csv', 'subject,kind\n'))).rejects.toThrow('no event');
    await expect(stage.run(stage.folder)).rejects.toThrow('is no file');
    await expect(stage.run('/nowhere/at-all.jsonl')).rejects.toThrow('cannot be read');
    expect(await stage.tables()).toMatchObject({ consent_import: 0, head: 0 });
    const path = stage.write('grows.jsonl', people(40).join('\n'));
    const onProgress = (): void => appendFileSync(path, `\n${line('9')}`);
    await expect(stage.run(path, { onProgress })).rejects.toThrow('was changed while it was read');
  });

  it('reads CSV and TC strings as well', async () => {
    const csv =
      'subject,kind,purpose,categories,at\n1,given,SUGGEST,MAIL|PHONE,2026-01-01T00:00:00Z\n2,refused,,,\n';
    expect(await stage.run(stage.write('a.csv', csv))).toMatchObject({ accepted: 2, refused: 0 });
    const tcf = parseTcfMap(
      `{ vendor: ${vendor}, purposes: { 3: SUGGEST, 8: PREVENT }, legitimateInterest: [PREVENT] }`,
    );
    const strings = `subject,tcf\n3,${tcfString({ purposes: [3] })}\nnobody,${tcfString()}\n4,COv\n`;
    const read = await stage.run(stage.write('t.csv', strings), { reading: { tcf }, batch: 1 });
    expect(read).toMatchObject({ accepted: 2, refused: 2 });
    expect((await stage.events()).slice(2)).toMatchObject([
      { id: '3', kind: 'given', purposes: ['SUGGEST'], method: 'import-tcf' },
      { id: '3', kind: 'objected', evidence: 'iab-tcf:v2 cmp=10 policy=4 gvl=48' },
    ]);
  });
});

describe('a dry run', () => {
  it('reports the same and leaves every table as it was', async () => {
    const path = stage.write('dry.jsonl', mixed);
    const before = await stage.tables();
    const dry = await stage.run(path, { mode: 'dry-run' });
    expect(await stage.tables()).toEqual(before);
    expect(dry).toMatchObject({ outcome: 'checked', accepted: 3, refused: 6 });
    const real = await stage.run(path);
    expect(dry.reported).toEqual(real.reported);
    expect(dry.reasons).toEqual(real.reasons);
  });
});

describe('all or none', () => {
  it('writes nothing when anything is refused, and everything otherwise', async () => {
    const before = await stage.tables();
    const path = stage.write('all.jsonl', mixed);
    const refused = await stage.run(path, { mode: 'all-or-none', batch: 2 });
    expect(refused).toMatchObject({ outcome: 'refused', accepted: 0, refused: 6 });
    expect(refused.reported).toHaveLength(6);
    expect(await stage.tables()).toEqual(before);
    const good = stage.write('good.jsonl', people(25).join('\n'));
    expect(await stage.run(good, { mode: 'all-or-none' })).toMatchObject({
      outcome: 'done',
      accepted: 25,
      head: 25,
    });
  });
});

describe('an import that was stopped', () => {
  /** Reads some of the file; what was under way then may be recorded or not. */
  const stopped = async (path: string, batch: number): Promise<void> => {
    let chunks = 0;
    const onProgress = (): void => {
      chunks += 1;
      if (chunks === 3) throw new Error('stopped');
    };
    await expect(stage.run(path, { batch, onProgress })).rejects.toThrow('stopped');
  };

  it('goes on behind its last batch, and its report tells all', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) =>
      i % 10 === 9 ? line('nobody') : line(String(1 + (i % 50)), { evidence: `row ${i}` }),
    );
    const path = stage.write('long.jsonl', rows.join('\n'));
    await stopped(path, 100);
    const { head = 0 } = await stage.tables();
    expect(head).toBeGreaterThan(0);
    expect(head).toBeLessThan(3_600);
    // What a killed process reported and did not record any more.
    appendFileSync(stage.reportPath, `${JSON.stringify({ line: 9_999, reason: 'x' })}\n{"li`);
    const rest = await stage.run(path, { batch: 100 });
    expect(rest).toMatchObject({
      outcome: 'done',
      accepted: 3_600,
      refused: 400,
      wholeReport: true,
    });
    expect(rest.now).toBe(3_600 - head);
    expect(rest.reported).toHaveLength(400);
    expect(rest.reasons).toEqual([
      { reason: 'no `Customer` has this id', rows: 400, firstLine: 10 },
    ]);
    const evidence = (await stage.events()).map((event) => event['evidence']);
    expect(evidence).toEqual(rows.flatMap((_, i) => (i % 10 === 9 ? [] : `row ${i}`)));
  });

  it('says when its report was lost', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => line(i < 100 ? 'nobody' : '1'));
    const path = stage.write('lost.jsonl', rows.join('\n'));
    await stopped(path, 50);
    expect(await stage.tables()).toMatchObject({ consent_import: 1 });
    writeFileSync(stage.reportPath, 'something else\n');
    const rest = await stage.run(path, { batch: 500 });
    expect(rest).toMatchObject({ accepted: 3_900, refused: 100, wholeReport: false });
  });
});
