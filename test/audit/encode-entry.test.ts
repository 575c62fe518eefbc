import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../src/audit/decode-entry.ts';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import { storable } from '../../src/audit/storable.ts';
import { mostEntryBytes } from '../../src/tlog/entry-bundle.ts';
import type { AuditEntry, OperationEntry, PackedDecision } from '../../src/audit/entry.ts';
import { packRanges, unpackRanges } from '../../src/audit/number-ranges.ts';
import { decisionsOf } from '../setup/decisions-of.ts';

const at = new Date('2026-11-24T18:11:26.334Z');
const id = '01a2099b-0df2-7e65-84a6-1c88074c579e';
const operation: OperationEntry = {
  kind: 'operation',
  id,
  client: 'shop-front',
  actor: 'client:shop-front',
  purpose: 'RECOMMENDATIONS',
  operation: 'Look',
  documentHash: 'b'.repeat(64),
  policy: `sha256:${'a'.repeat(64)}`,
  head: 2 ** 40,
  decidedAt: 1_795_456_821_371_999,
  notices: ['club@2'],
  outcome: 'ANSWERED',
  signals: ['GPC'],
  errors: [['SOURCE_TIMEOUT', 'crm', 2]],
  coordinates: ['Customer.email', 'Customer.id'],
  sets: ['1-5,9', '7,?'],
  decisions: [
    ['CONSENTED', [0], [0]],
    ['NOT_COVERED', [1], []],
    ['OPEN', [1], [0, 1]],
  ],
};
const bare: OperationEntry = {
  kind: 'operation',
  id,
  client: 'x',
  actor: 'x',
  documentHash: '',
  policy: '',
  notices: [],
  outcome: 'PURPOSE_MISSING',
  signals: [],
  errors: [],
  coordinates: [],
  sets: [],
  decisions: [],
};
const others: readonly AuditEntry[] = [
  { kind: 'erasure', id, actor: 'self', head: 9, subject: 4, sources: [['shop', 'A', 'KEPT', 2]] },
  { kind: 'erasure', id, actor: 'desk', head: 9, sources: [] },
  { kind: 'key', id, actor: 'sayso', key: 'a+1+b', replaces: 'a+2+c' },
  { kind: 'retention', id, actor: 'sayso', before: at.toISOString(), logs: [['a/b', 256]] },
];
const [whole] = encodeEntry(operation, at) as [Buffer];

describe('an entry', () => {
  it.each([operation, bare, ...others])('comes back as it was', (entry) => {
    const [bytes, ...more] = encodeEntry(entry, at);
    expect(more).toEqual([]);
    expect(decodeEntry(bytes!)).toEqual({ ...entry, at });
  });

  it.each([operation, bare, ...others])(
    'is canonical by another implementation of RFC 8785',
    (entry) => {
      const text = encodeEntry(entry, at)[0]!.toString();
      expect(canonicalize(JSON.parse(text))).toBe(text);
    },
  );

  it('holds texts from outside bounded and storable', () => {
    const evil = `\0\ud800${'é"\\\u2028'.repeat(400)}`;
    const [bytes] = encodeEntry({ ...operation, client: evil, actor: evil, operation: evil }, at);
    const entry = decodeEntry(bytes!) as OperationEntry;
    expect(entry.client).toBe(storable(evil));
    expect(entry.client.length).toBe(256);
    expect(entry.client.startsWith('\\u0000\\ud800é')).toBe(true);
    expect(storable(`${'a'.repeat(254)}😀😀`)).toBe(`${'a'.repeat(254)}…`);
    expect(storable(storable(evil))).toBe(storable(evil));
  });
});

describe('lists that entries share', () => {
  const textOf = (coordinates: readonly string[], decisions: readonly PackedDecision[]) =>
    encodeEntry({ ...operation, coordinates, decisions }, at)[0]!.toString();
  const list = JSON.stringify;

  it('come to the same bytes each time', () => {
    const coordinates = Object.freeze(['A.a', 'A.b']);
    const decision: PackedDecision = ['OPEN', Object.freeze([0, 1]), Object.freeze([0])];
    const decisions = Object.freeze([Object.freeze(decision)]);
    const text = textOf(coordinates, decisions);
    expect(text).toContain(`"coordinates":${list(coordinates)},`);
    expect(text).toContain(`"decisions":${list(decisions)},`);
    expect(textOf(coordinates, decisions)).toBe(text);
    // By what they hold, not by where they stand.
    expect(textOf(['A.a', 'A.b'], [['OPEN', [0, 1], [0]]])).toBe(text);
  });

  it('are of each entry its own, whatever entries share', () => {
    const coordinates = Object.freeze(['A.a']);
    const decisionOf = (reason: PackedDecision[0]) =>
      Object.freeze([
        Object.freeze<PackedDecision>([reason, Object.freeze([0]), Object.freeze([0])]),
      ]);
    const one = { ...operation, coordinates, decisions: decisionOf('OPEN') };
    const variants: readonly OperationEntry[] = [
      { ...one, actor: 'another' },
      { ...one, client: 'another' },
      { ...one, decisions: decisionOf('EXPIRED') },
      { ...one, documentHash: 'another' },
      { ...one, operation: 'Another' },
      { ...one, outcome: 'ANOTHER' },
      { ...one, policy: 'another' },
      { ...one, purpose: 'ANOTHER' },
      { ...one, sets: ['8'], head: 1, decidedAt: 2, notices: [], errors: [], signals: [] },
      { ...one, purpose: undefined, operation: undefined },
    ];
    for (const entry of variants.flatMap((variant) => [one, variant])) {
      const [bytes] = encodeEntry(entry, at) as [Buffer];
      expect(decodeEntry(bytes)).toEqual({ ...entry, at });
      expect(bytes.toString()).toBe(canonicalize(JSON.parse(bytes.toString())));
    }
  });

  it('are read again where they could have changed, however deep', () => {
    const coordinates = ['A.a'];
    const fields = [0];
    const decisions = Object.freeze([Object.freeze<PackedDecision>(['OPEN', fields, [0]])]);
    textOf(coordinates, decisions);
    coordinates.push('A.b');
    fields.push(1);
    const text = textOf(coordinates, decisions);
    expect(text).toContain('"coordinates":["A.a","A.b"],');
    expect(text).toContain('"decisions":[["OPEN",[0,1],[0]]],');
  });
});

describe('reading an entry', () => {
  const refused = (text: string | Buffer) => {
    expect(() => decodeEntry(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'AUDIT_ENTRY_INVALID' }),
    );
  };
  const text = whole.toString();

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['another version', text.replace('"v":1', '"v":2')],
    ['no version', text.replace(',"v":1', '')],
    ['another kind', text.replace('"operation","notices', '"query","notices')],
    ['a field too many', text.replace('"v":1', '"v":1,"w":1')],
    ['a prototype', text.replace('{"actor"', '{"__proto__":{},"actor"')],
    ['a doubled field', text.replace('{"actor"', '{"actor":"y","actor"')],
    ['a space', text.replace(':', ': ')],
    ['another order', text.replace(/("client":"[^"]+"),("coordinates":\[[^\]]+\])/, '$2,$1')],
    ['another form of a number', text.replace('1099511627776', '1.099511627776e12')],
    ['a number too large', text.replace('1099511627776', '9007199254740993')],
    ['another form of a text', text.replace('Look', '\\u004cook')],
    ['a field missing', text.replace('"outcome":"ANSWERED",', '')],
    ['ranges out of order', text.replace('1-5,9', '9,1-5')],
    ['a time without zone', text.replace('26.334Z', '26.334')],
    ['an empty list', text.replace('"signals":["GPC"]', '"signals":[]')],
    ['a mark before it', `\ufeff${text}`],
    [
      'a field twice',
      text.replace('"Customer.email","Customer.id"', '"Customer.id","Customer.id"'),
    ],
    ['a person in two sets', text.replace('"7,?"', '"5,?"')],
    ['nobody known in two sets', text.replace('"1-5,9"', '"1-5,?"')],
    ['a set twice', text.replace('"1-5,9","7,?"', '"0-2147483647","0-2147483647"')],
    ['more persons than any operation has', text.replace('"1-5,9"', '"20-1000020"')],
    ['a set that is not there', text.replace('[1],[0,1]', '[1],[0,1,99]')],
    ['a field that is not there', text.replace('[1],[0,1]', '[1,2],[0,1]')],
    ['sets out of order', text.replace('[1],[0,1]', '[1],[1,0]')],
    ['a place twice', text.replace('[1],[0,1]', '[1],[1,1]')],
    ['part 0', text.replace('"policy"', '"part":0,"parts":2,"policy"')],
    ['parts without a part', text.replace('"policy"', '"parts":2,"policy"')],
    ['a part without parts', text.replace('"policy"', '"part":1,"policy"')],
    ['a part behind the last', text.replace('"policy"', '"part":3,"parts":2,"policy"')],
  ])('refuses %s', (_name, changed) => {
    expect(changed).not.toBe(text);
    refused(changed);
  });

  it('refuses bytes that are not UTF-8', () => {
    const bytes = Buffer.from(text);
    bytes[bytes.indexOf('Look')] = 0xff;
    refused(bytes);
  });
});

describe('an operation too long for one entry', () => {
  const cellsOf = (
    entries: readonly OperationEntry[],
  ): ReadonlyMap<string, ReadonlySet<number>> => {
    const cells = new Map<string, Set<number>>();
    for (const entry of entries) {
      for (const { coordinates, reason, subjects } of decisionsOf(entry)) {
        for (const coordinate of coordinates) {
          const known = cells.get(`${coordinate} ${reason}`) ?? new Set<number>();
          cells.set(`${coordinate} ${reason}`, known);
          for (const number of unpackRanges(subjects)) {
            if (known.has(number)) throw new Error('said twice');
            known.add(number);
          }
        }
      }
    }
    return cells;
  };
  it('is withheld where there is nothing to part it by', () => {
    const errors = Array.from({ length: 9_000 }, (_, i) => ['CODE', `s${i}`, 1] as const);
    expect(() => encodeEntry({ ...bare, errors }, at)).toThrow(RangeError);
  });

  it('is parted in no time, however many decisions are on however many sets', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => i);
    const coordinates = many.slice(0, 300).map((i) => `T.f${i}`);
    const sets = many.map((i) => String(2 * i));
    const decisions = coordinates.map((_, i): PackedDecision => ['OPEN', [i], many]);
    const began = performance.now();
    encodeEntry({ ...bare, coordinates, sets, decisions }, at).forEach((part) => decodeEntry(part));
    // Some seconds on a busy machine.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  const scattered = (count: number, from: number): string =>
    packRanges(Array.from({ length: count }, (_, i) => from + 3 * i));

  it.each<[string, Pick<OperationEntry, 'coordinates' | 'sets' | 'decisions'>]>([
    [
      'many persons',
      {
        coordinates: ['A.a', 'A.b'],
        sets: [scattered(60_000, 5), `${scattered(9, 1e6)},?`],
        decisions: [
          ['CONSENTED', [0, 1], [0]],
          ['NOT_EVALUATED', [0, 1], [1]],
          ['OPEN', [1], []],
        ],
      },
    ],
    [
      'many sets',
      {
        coordinates: ['A.a', 'A.b'],
        sets: Array.from({ length: 3_000 }, (_, i) => scattered(5, 100 * i)),
        decisions: [
          ['CONSENTED', [0], Array.from({ length: 3_000 }, (_, i) => i)],
          ['REFUSED', [1], Array.from({ length: 1_500 }, (_, i) => 2 * i)],
        ],
      },
    ],
    [
      'many fields',
      {
        coordinates: Array.from({ length: 4_000 }, (_, i) => `SomeLongTypeName.field_${i}`),
        sets: ['1', '3-9'],
        decisions: [['CONTRACT', Array.from({ length: 4_000 }, (_, i) => i), [0, 1]]],
      },
    ],
    [
      'many decisions',
      {
        coordinates: Array.from({ length: 800 }, (_, i) => `T.f${i}`),
        sets: Array.from({ length: 40 }, (_, i) => String(2 * i)),
        decisions: Array.from({ length: 2_400 }, (_, i): PackedDecision => [
          `REASON_${i % 3}`,
          [Math.floor(i / 3)],
          Array.from({ length: 40 }, (_, k) => k).filter((k) => k % 3 === i % 3),
        ]),
      },
    ],
  ])('is parts that say each thing once: %s', (_name, packed) => {
    const entry = { ...operation, ...packed };
    const parts = encodeEntry(entry, at);
    expect(parts.length).toBeGreaterThan(1);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(mostEntryBytes);
    const read = parts.map((bytes) => decodeEntry(bytes));
    expect(read.map((one) => [one.id, one.part, one.parts])).toEqual(
      parts.map((_, i) => [id, i + 1, parts.length]),
    );
    expect(cellsOf(read as OperationEntry[])).toEqual(cellsOf([entry]));
  });
});

describe('any entry', () => {
  it('comes back as it was, and no flipped bit passes for it', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 20 });
    const some = fc.record({
      client: anyText,
      actor: anyText,
      operation: fc.option(anyText, { nil: undefined }),
      head: fc.option(fc.maxSafeNat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(some, fc.nat(), (changes, flip) => {
        const [bytes] = encodeEntry({ ...operation, ...changes }, at) as [Buffer];
        const entry = decodeEntry(bytes);
        expect(encodeEntry(entry, at)[0]).toEqual(bytes);
        const bit = flip % (bytes.length * 8);
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        try {
          expect(encodeEntry(decodeEntry(flipped), decodeEntry(flipped).at)[0]).toEqual(flipped);
        } catch (error) {
          expect(error).toMatchObject({ code: 'AUDIT_ENTRY_INVALID' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
