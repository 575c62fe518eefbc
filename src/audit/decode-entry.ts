import { SaysoError } from '../core/errors.ts';
import { version, type Part } from './encode-entry.ts';
import type { LoggedEntry } from './entry.ts';
import { areDisjoint, countRanges, isRanges } from './number-ranges.ts';
import { storable } from './storable.ts';

/** Most persons of one entry. No operation concerns more, and few bytes could name billions. */
const maxNumbers = 1_000_000;

const invalid = (what: string): SaysoError =>
  new SaysoError(`this is no entry of the log: ${what}`, {
    code: 'AUDIT_ENTRY_INVALID',
    status: 400,
  });

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isWhole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(check);
const tuple =
  (...checks: readonly Check[]): Check =>
  (value) =>
    Array.isArray(value) &&
    value.length === checks.length &&
    checks.every((check, i) => check(value[i]));
const isTime: Check = (value) =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value)) &&
  new Date(value).toISOString() === value;
/** From outside: as it was made storable. */
const isName: Check = (value) => isText(value) && storable(value as string) === value;
const isSource: Check = (value) => value === null || isText(value);

/** `!`: must be there. */
type Shape = Readonly<Record<string, readonly [Check, '!'?]>>;
const common: Shape = {
  actor: [isName, '!'],
  at: [isTime, '!'],
  id: [isText, '!'],
  kind: [isText, '!'],
  v: [(value) => value === version, '!'],
};
const shapes: ReadonlyMap<unknown, Shape> = new Map<unknown, Shape>([
  [
    'operation',
    {
      ...common,
      client: [isName, '!'],
      coordinates: [listOf(isText)],
      decidedAt: [isWhole],
      decisions: [
        listOf(
          tuple(isText, listOf(isWhole), (value) => Array.isArray(value) && value.every(isWhole)),
        ),
      ],
      documentHash: [isText, '!'],
      errors: [listOf(tuple(isText, isSource, isWhole))],
      head: [isWhole],
      notices: [listOf(isText)],
      operation: [isName],
      outcome: [isText, '!'],
      part: [isWhole],
      parts: [isWhole],
      policy: [isText, '!'],
      purpose: [isName],
      sets: [listOf((value) => isText(value) && isRanges(value as string))],
      signals: [listOf(isText)],
    },
  ],
  [
    'erasure',
    {
      ...common,
      head: [isWhole, '!'],
      sources: [listOf(tuple(isText, isText, isText, isWhole))],
      subject: [isWhole],
    },
  ],
  ['key', { ...common, key: [isText, '!'], replaces: [isText, '!'] }],
  ['retention', { ...common, before: [isTime, '!'], logs: [listOf(tuple(isText, isWhole))] }],
]);

const ascend = (places: readonly number[], length: number): boolean =>
  places.every((place, i) => place < length && (i === 0 || place > (places[i - 1] ?? -1)));

/** What is wrong with an operation of which each field is as it should be. */
const wrongTogether = ({
  coordinates = [],
  sets = [],
  decisions = [],
  part,
  parts,
}: Partial<Part>): string | undefined => {
  if ((part === undefined) !== (parts === undefined) || part === 0 || (part ?? 0) > (parts ?? 0))
    return 'its `part` is none of its `parts`';
  if (new Set(coordinates).size < coordinates.length)
    return 'its `coordinates` name a field more than once';
  if (sets.reduce((sum, set) => sum + countRanges(set), 0) > maxNumbers)
    return 'its `sets` hold more than any operation concerns';
  if (!areDisjoint(sets)) return 'its `sets` name a person more than once';
  const listed = decisions.every(
    ([, fields, among]) => ascend(fields, coordinates.length) && ascend(among, sets.length),
  );
  return listed ? undefined : 'its `decisions` are not about what it lists, in its order';
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const empty: readonly never[] = [];
const emptyLists = {
  operation: {
    coordinates: empty,
    decisions: empty,
    errors: empty,
    notices: empty,
    sets: empty,
    signals: empty,
  },
  erasure: { sources: empty },
  key: {},
  retention: { logs: empty },
} as const;

/**
 * Reads an entry back. It is strict: bytes that `encodeEntry` would not have written are no entry,
 * even if they say the same.
 *
 * @throws SaysoError AUDIT_ENTRY_INVALID, which says what is wrong and quotes nothing
 */
export const decodeEntry = (bytes: Uint8Array): LoggedEntry => {
  let text: string;
  let raw: unknown;
  try {
    text = utf8.decode(bytes);
    raw = JSON.parse(text);
  } catch {
    throw invalid('it is no JSON in UTF-8');
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw invalid('it is no object');
  const fields = new Map(Object.entries(raw));
  if (fields.get('v') !== version)
    throw invalid('its `v` is none that this version of Sayso knows');
  const shape = shapes.get(fields.get('kind'));
  if (!shape) throw invalid('its `kind` is not known');
  let before = '';
  for (const [name, value] of fields) {
    const check = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!check) throw invalid('it has a field that no entry has');
    if (!check[0](value)) throw invalid(`its \`${name}\` is not what it should be`);
    if (name < before) throw invalid('its fields are not in order');
    before = name;
  }
  for (const [name, [, must]] of Object.entries(shape))
    if (must && !fields.has(name)) throw invalid(`its \`${name}\` is missing`);
  // Spaces, doubled keys, other forms of numbers and escapes all end here.
  if (JSON.stringify(raw) !== text) throw invalid('it is not in canonical form');
  const { kind, at } = raw as { readonly kind: LoggedEntry['kind']; readonly at: string };
  // No other kind has one of these fields.
  const wrong = wrongTogether(raw);
  if (wrong !== undefined) throw invalid(wrong);
  fields.delete('v');
  fields.set('at', new Date(at));
  // The shape was checked field by field.
  return { ...emptyLists[kind], ...Object.fromEntries(fields) } as unknown as LoggedEntry;
};
