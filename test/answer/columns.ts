/** A column of the world: its type in SQL, GraphQL types that show it, and values as SQL text. */
export interface Column {
  readonly name: string;
  readonly sql: string;
  readonly shows: readonly string[];
  readonly values: readonly string[];
  /** Values that one of the GraphQL types refuses. */
  readonly refused?: readonly string[];
}

/** Every ASCII character that PostgreSQL can hold. */
const ascii = String.fromCharCode(...Array.from({ length: 127 }, (_, i) => i + 1));

export const texts: readonly string[] = [
  '',
  'plain',
  ascii,
  '"',
  '\\',
  '\\"\\\\',
  '\u0001\u001f\u007f',
  '\u2028\u2029',
  '😀é\u00a0ß漢字',
  '{"data":{"a":1}}',
  "'; drop table t; --",
  'a'.repeat(300),
  `${'x'.repeat(47)}"${'y'.repeat(49)}\n`,
];

const wholes = ['Int', 'Float', 'String', 'ID', 'Decimal', 'JSON'];
const shownTexts = ['String', 'ID', 'JSON'];
const mostShown = '9007199254740991';

export const columns: readonly Column[] = [
  { name: 'i2', sql: 'int2', shows: wholes, values: ['0', '-32768', '32767', '7'] },
  { name: 'i4', sql: 'int4', shows: wholes, values: ['0', '-2147483648', '2147483647', '-1'] },
  {
    name: 'i8',
    sql: 'int8',
    shows: wholes,
    values: ['0', '-999999999', '1000000000', '2147483647', '-2147483648'],
    refused: ['9007199254740993', '9223372036854775807', '2147483648', mostShown],
  },
  {
    name: 'big',
    sql: 'int8',
    shows: ['String', 'ID', 'Float', 'Decimal'],
    values: [mostShown, `-${mostShown}`, '999999999999999', '1000000000000000'],
    refused: ['9007199254740993', '-9223372036854775808'],
  },
  {
    name: 'num',
    sql: 'numeric',
    shows: ['Float', 'String', 'Decimal', 'JSON'],
    values: [
      ...['0', '0.00', '-0.00', '1.50', '0.0000001', '1e30', '-12.34', '123456789012345'],
      ...['1234567890123456', '0.1234567890123456789', '9'.repeat(40)],
    ],
    refused: ['NaN'],
  },
  {
    name: 'f4',
    sql: 'float4',
    shows: ['Float', 'JSON'],
    values: ['0', '-0', '1e-7', '1.5', '16777217', '0.1'],
    refused: ['NaN', 'Infinity', '-Infinity'],
  },
  {
    name: 'f8',
    sql: 'float8',
    shows: ['Float', 'JSON'],
    values: [
      ...['0', '-0', '1e21', '1e-7', '123456789012345', '1234567890123456', '0.1', '5e-324'],
      ...['1.7976931348623157e308', '1e15', '1e16', '-100', '0.000001'],
    ],
    refused: ['NaN', 'Infinity', '-Infinity'],
  },
  { name: 'b', sql: 'bool', shows: ['Boolean', 'JSON'], values: ['true', 'false'] },
  { name: 't', sql: 'text', shows: shownTexts, values: texts },
  { name: 'vc', sql: 'varchar(400)', shows: shownTexts, values: texts },
  { name: 'bp', sql: 'char(5)', shows: shownTexts, values: ['', 'ab', 'abcde', '"\n'] },
  { name: 'nm', sql: 'name', shows: shownTexts, values: ['', 'na"me'] },
  { name: 'ch', sql: '"char"', shows: shownTexts, values: ['a', '"', '\\'] },
  {
    name: 'u',
    sql: 'uuid',
    shows: shownTexts,
    values: ['6f1e0c1e-0000-4000-8000-00000000000a'],
  },
  {
    name: 'ip',
    sql: 'inet',
    shows: ['String'],
    values: ['10.0.0.1', '::1/64'],
  },
  { name: 'ti', sql: 'time', shows: ['String'], values: ['00:00', '23:59:59.999999', '24:00'] },
  { name: 'iv', sql: 'interval', shows: ['String'], values: ['1 year -3 days 04:05:06.7', '0'] },
  {
    name: 'd',
    sql: 'date',
    shows: ['Date', 'JSON'],
    values: ['2024-02-29', '0001-01-01', '9999-12-31'],
    refused: ['0044-03-15 BC', 'infinity', '-infinity', '10000-01-01'],
  },
  {
    name: 'ts',
    sql: 'timestamp',
    shows: ['DateTime', 'Date', 'JSON'],
    values: ['2024-02-29 12:34:56.789012', '1999-12-31 23:59:59.9999', '0001-01-01', '1970-01-01'],
    refused: ['infinity', '0044-03-15 12:00 BC', '10000-01-01 00:00'],
  },
  {
    name: 'tz',
    sql: 'timestamptz',
    shows: ['DateTime', 'Date', 'JSON'],
    values: ['2024-02-29 12:34:56.789012+00', '1999-12-31 23:59:59.9999-11', '1870-01-01 00:00+00'],
    refused: ['-infinity', '0044-03-15 12:00+00 BC', '10000-01-01 00:00+00'],
  },
  {
    name: 'j',
    sql: 'json',
    shows: ['JSON'],
    values: [
      ...['{ "a" : 1,  "a": 2 }', '{"__proto__": {"x": 1}, "constructor": null}', 'null'],
      ...['12345678901234567890', '1e400', '"te\\u0001xt"', '[ 1, [2], {} ]', '-0', '"\\ud83d"'],
      ...['{"2": 1, "1": 2, "b": 3}', '{"toJSON": 1, "then": 2}'],
    ],
  },
  {
    name: 'jb',
    sql: 'jsonb',
    shows: ['JSON'],
    values: ['{"b": 1, "a": [true, null]}', 'null', '1.50', '"x"', '{"__proto__": 1}'],
  },
  { name: 'e', sql: 'mood', shows: ['Mood', 'String', 'ID'], values: ['HAPPY', 'SAD'], refused: ['odd'] }, // prettier-ignore
  { name: 'et', sql: 'text', shows: ['Mood'], values: ['HAPPY', 'SAD'], refused: ['', 'happy', 'HAPPY '] }, // prettier-ignore
  { name: 'si', sql: 'text', shows: ['SafeInt'], values: ['5', '-7', '0', mostShown], refused: ['', '007', '1e3', '-0', ' 4', 'x', '1.5', '9007199254740993'] }, // prettier-ignore
  { name: 'by', sql: 'bytea', shows: ['JSON'], values: ['\\x00ff', ''] },
  { name: 'pt', sql: 'point', shows: ['JSON'], values: ['(1.5,-2)'] },
  { name: 'rg', sql: 'int4range', shows: ['JSON'], values: ['[1,5)', 'empty'] },
  {
    name: 'ta',
    sql: 'text[]',
    shows: ['[String]', '[ID]', 'JSON'],
    values: ['{}', '{a,NULL,"NULL","q\\"uote","back\\\\slash",""}', '{"😀"}'],
    refused: ['{{a,b},{c,d}}'],
  },
  { name: 'ia', sql: 'int4[]', shows: ['[Int]', '[Float]', '[String]', '[ID]'], values: ['{}', '{1,NULL,-3}'] }, // prettier-ignore
  { name: 'la', sql: 'int8[]', shows: ['[Int]', '[String]'], values: ['{1,NULL}'], refused: ['{9007199254740993}'] }, // prettier-ignore
  { name: 'na', sql: 'numeric[]', shows: ['[Float]', '[Decimal]'], values: ['{1.50,NULL,0}'], refused: ['{NaN}'] }, // prettier-ignore
  { name: 'fa', sql: 'float8[]', shows: ['[Float]'], values: ['{1e21,NULL,-0}'], refused: ['{NaN,1}'] }, // prettier-ignore
  { name: 'ba', sql: 'bool[]', shows: ['[Boolean]'], values: ['{t,NULL,f}'] },
  { name: 'da', sql: 'date[]', shows: ['[Date]'], values: ['{2024-02-29,NULL}'], refused: ['{infinity}'] }, // prettier-ignore
  { name: 'sa', sql: 'timestamp[]', shows: ['[DateTime]'], values: ['{"2024-02-29 12:00:00.5",NULL}'] }, // prettier-ignore
  { name: 'za', sql: 'timestamptz[]', shows: ['[DateTime]'], values: ['{"2024-02-29 12:00:00.5+00",NULL}'] }, // prettier-ignore
  { name: 'ea', sql: 'mood[]', shows: ['[Mood]', '[String]'], values: ['{HAPPY,NULL}'], refused: ['{odd}'] }, // prettier-ignore
  { name: 'ua', sql: 'uuid[]', shows: ['[ID]'], values: ['{6f1e0c1e-0000-4000-8000-00000000000a}'] }, // prettier-ignore
  { name: 'jl', sql: 'jsonb', shows: ['[String]', '[Int]'], values: ['[]', '[1, null, 2]'], refused: ['{"a": 1}', '"x"', '[{}]'] }, // prettier-ignore
];
