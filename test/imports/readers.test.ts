import { describe, expect, it } from 'vitest';
import { readRows, type Reading } from '../../src/imports/import-file.ts';
import type { ImportRow } from '../../src/imports/row.ts';

const bytes = async function* (content: string | Buffer, size = 65_536): AsyncGenerator<Buffer> {
  const all = Buffer.from(content as string);
  for (let at = 0; at < all.length; at += size) {
    await Promise.resolve();
    yield all.subarray(at, at + size);
  }
};

const rowsOf = async (
  content: string | Buffer,
  how: Partial<Reading> = {},
  size?: number,
): Promise<ImportRow[]> => {
  const rows: ImportRow[] = [];
  const reading: Reading = {
    lines: 'json',
    columns: new Map(),
    context: { defaultType: 'Customer' },
    ...how,
  };
  for await (const row of readRows(bytes(content, size), reading)) rows.push(row);
  return rows;
};
const told = (rows: readonly ImportRow[]): string[] =>
  rows.map((row) =>
    'refused' in row
      ? `${row.line}: ${row.refused.reason}`
      : `${row.line}: ${row.events.map(({ kind, subject }) => `${kind} ${subject.id}`).join()}`,
  );

const no = { subject: '1', kind: 'refused' };
const json = (...rows: readonly object[]): string =>
  rows.map((row) => JSON.stringify(row)).join('\n');

describe('JSON lines', () => {
  it('reads every key there is', async () => {
    const full = {
      subject: '7',
      type: 'Patient',
      kind: 'given',
      purpose: 'CARE',
      categories: ['MAIL'],
      origins: ['ZERO_PARTY'],
      at: '2026-01-15T09:30:00+01:00',
      validUntil: '2030-01-15T09:30:00Z',
      method: 'web-form',
      actor: 'call centre',
      notice: { id: 'care', version: 2, language: 'de' },
      evidence: 'form 12',
      confirmed: true,
    };
    const [first, second] = await rowsOf(json(full, { ...no, declared: ['A.b'], signal: 'GPC' }));
    const { subject, type, ...rest } = full;
    expect(first).toEqual({
      line: 1,
      events: [
        {
          ...rest,
          subject: { type, id: subject },
          at: new Date('2026-01-15T08:30:00Z'),
          validUntil: new Date('2030-01-15T09:30:00Z'),
        },
      ],
    });
    expect(second).toMatchObject({
      line: 2,
      events: [
        {
          subject: { type: 'Customer', id: '1' },
          kind: 'refused',
          declared: ['A.b'],
          signal: 'GPC',
          method: 'import',
          at: undefined,
        },
      ],
    });
  });

  it.each([
    ['{', 'is not JSON'],
    ['"text"', 'is no JSON object'],
    ['[1]', 'is no JSON object'],
    ['null', 'is no JSON object'],
    [json({ ...no, kinds: 1 }), 'there is no key `kinds`'],
    [json({ ...no, 'bob@example.com': 1 }), 'there is no key of another form'],
    ['{"subject":"1","kind":"refused","__proto__":{"at":1}}', 'there is no key `__proto__`'],
    [json({ ...no, idempotencyKey: 'a' }), 'there is no key `idempotencyKey`'],
    [json({ kind: 'refused' }), '`subject` is missing'],
    [json({ ...no, subject: 42 }), '`subject` is no text'],
    [json({ ...no, subject: '' }), '`subject` is empty'],
    [json({ ...no, subject: 'x'.repeat(10_000) }), '`subject` is over 256 characters'],
    [json({ ...no, subject: 'a\0b' }), '`subject` is no text'],
    ['{"subject":"\\ud800","kind":"refused"}', '`subject` is no text'],
    [json({ subject: '1' }), '`kind` is missing'],
    [json({ ...no, kind: 'erased' }), '`kind` is none of the words there are'],
    [json({ ...no, at: '2026-01-01' }), '`at` is no time with its zone'],
    [json({ ...no, at: '2026-02-30T00:00:00Z' }), '`at` is no time with its zone'],
    [json({ ...no, categories: 'MAIL' }), '`categories` is no list of names'],
    [json({ ...no, categories: [] }), '`categories` is empty'],
    [json({ ...no, origins: ['NEAR'] }), '`origins` is none of the words there are'],
    [json({ ...no, confirmed: 'yes' }), '`confirmed` is neither true nor false'],
    [json({ ...no, notice: 'x' }), '`notice` is no object with `id`, `version`, `language`'],
    [json({ ...no, notice: { id: 'x', v: 1 } }), 'there is no key `notice.v`'],
    [
      '{"subject":"1","kind":"refused","notice":{"id":"x","__proto__":1}}',
      'there is no key `notice.__proto__`',
    ],
    [
      json({ subject: '1', kind: 'given', purpose: 'X' }),
      'a yes without `at`: nobody knows which word is the newer',
    ],
    ['x'.repeat(70_000), 'is over 65,536 bytes'],
  ])('refuses %.60s', async (line, reason) => {
    const rows = await rowsOf(`${json(no)}\n${line}\n\n${json(no)}\n`);
    expect(told(rows)).toEqual(['1: refused 1', `2: ${reason}`, '4: refused 1']);
  });

  it('never repeats a value', async () => {
    const secret = 'bob@example.com';
    const rows = await rowsOf(
      json(
        ...['kind', 'at', 'origins', 'confirmed', 'notice', 'categories', 'signal'].map((key) => ({
          ...no,
          [key]: key === 'origins' ? [secret] : secret,
        })),
      ),
    );
    expect(rows).toHaveLength(7);
    expect(JSON.stringify(rows)).not.toContain('bob');
  });

  it('refuses bytes that are not UTF-8, and takes a byte order mark and CRLF', async () => {
    const broken = Buffer.concat([
      Buffer.from('{"subject":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n'),
    ]);
    const good = Buffer.from(`\ufeff${json(no)}\r\n`);
    expect(told(await rowsOf(Buffer.concat([good, broken, Buffer.from(json(no))]), {}, 1))).toEqual(
      ['1: refused 1', '2: is not UTF-8', '3: refused 1'],
    );
    await expect(rowsOf(Buffer.from(`\ufeff${json(no)}`, 'utf16le'))).rejects.toThrow('UTF-16');
  });

  it('gives rows without a time the one stated for them', async () => {
    const at = new Date('2020-01-01T00:00:00Z');
    const context = { defaultType: 'Customer', at };
    const [row] = await rowsOf(json({ subject: '1', kind: 'given', purpose: 'X' }), { context });
    expect(row).toMatchObject({ events: [{ at }] });
  });

  it('asks for the type where there are several', async () => {
    const context = { defaultType: undefined };
    expect(told(await rowsOf(json(no, { ...no, type: 'B' }), { context }))).toEqual([
      '1: `type` is missing',
      '2: refused 1',
    ]);
  });
});

describe('CSV', () => {
  const csv = (content: string | Buffer, columns: Record<string, string> = {}, size?: number) =>
    rowsOf(content, { lines: 'csv', columns: new Map(Object.entries(columns)) }, size);

  it('reads lists, a notice, quotes, empty cells, a mark and CRLF', async () => {
    const rows = await csv(
      '\ufeffsubject,kind,purpose,categories,origins,at,confirmed,notice.id,notice.version,actor\r\n' +
        '1,given,X,A; B|C,ZERO_PARTY,2026-01-01T00:00:00Z,true,home,3,"Ann ""the"" agent,\r\nfloor 2"\r\n' +
        '\r\n' +
        '"2",refused,,,,,,,,\r\n',
    );
    expect(rows).toMatchObject([
      {
        line: 2,
        events: [
          {
            subject: { id: '1' },
            categories: ['A', 'B', 'C'],
            origins: ['ZERO_PARTY'],
            confirmed: true,
            notice: { id: 'home', version: 3 },
            actor: 'Ann "the" agent,\nfloor 2',
          },
        ],
      },
      { line: 5, events: [{ subject: { id: '2' }, kind: 'refused' }] },
    ]);
    expect(rows[1]).not.toHaveProperty('events.0.purpose');
  });

  it('refuses a broken row and goes on with the next, at any size of chunk', async () => {
    const text = [
      'subject,kind,actor',
      '1,refused,a',
      '2,refused',
      '3,refused,b,c',
      '4,refused,"x"y',
      '5,refused,q"q',
      '6,refused,"fine, ""really"""',
      '7,refused,"not closed',
      '8,refused,a',
      '9,refused,"a"',
      '__proto__,refused,a',
      '10,refused,"open',
      '11,refused,a',
    ].join('\n');
    for (const size of [1, 7, 65_536])
      expect(told(await csv(text, {}, size)), `${size}`).toEqual([
        '2: refused 1',
        '3: has 2 cells where the header has 3',
        '4: has 4 cells where the header has 3',
        '5: has a quote where none may be',
        '6: has a quote where none may be',
        '7: refused 6',
        // Up to the next quote, which closes nothing that fits.
        '8: has a quote where none may be',
        '9: refused 8',
        '10: refused 9',
        '11: refused __proto__',
        '12: opens a quote that is not closed',
        '13: refused 11',
      ]);
  });

  it('holds no more than a row of an open quote', async () => {
    const rest = Array.from({ length: 20_000 }, (_, i) => `${i},refused`).join('\n');
    const rows = await csv(`subject,kind\n"1,refused\n${rest}`);
    expect(told(rows.slice(0, 2))).toEqual(['2: opens a quote that is not closed', '3: refused 0']);
    expect(rows).toHaveLength(20_001);
  });

  it('renames and leaves out columns, and refuses those it does not know', async () => {
    const text = 'id,what,mail\n1,refused,bob@example.com\n';
    expect(told(await csv(text, { id: 'subject', what: 'kind', mail: '' }))).toEqual([
      '2: refused 1',
    ]);
    await expect(csv(text, { id: 'subject', what: 'kind' })).rejects.toThrow(
      /the column `mail` is no key: .*--map 'mail='/,
    );
    await expect(csv('subject,kind\n', { other: 'at' })).rejects.toThrow('no column `other`');
    await expect(csv('subject,subject,kind\n')).rejects.toThrow('two columns are `subject`');
    await expect(csv('subject,at\n')).rejects.toThrow('no column is `kind`');
    await expect(csv('subject;kind\n1;refused\n')).rejects.toThrow('is no key');
  });

  it('gives nothing for a file with nothing in it', async () => {
    expect(await csv('')).toEqual([]);
    expect(await csv('subject,kind\n')).toEqual([]);
  });
});
