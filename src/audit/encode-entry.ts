import { SaysoError } from '../core/errors.ts';
import { isoTime } from '../core/iso-time.ts';
import { quoted } from '../core/quoted.ts';
import { mostEntryBytes } from '../tlog/entry-bundle.ts';
import type {
  AuditEntry,
  ErasureEntry,
  KeyEntry,
  LoggedEntry,
  OperationEntry,
  PackedDecision,
  PackedDecisions,
  RetentionEntry,
} from './entry.ts';
import { areDisjoint, countRanges, isRanges } from './number-ranges.ts';
import { isFrozen, ofFrozen } from './of-frozen.ts';

/** Written before every field; another one is another encoding. */
const version = 1;
const maxText = 256;
/** Most persons of one entry. No operation concerns more, and few bytes could name billions. */
const maxNumbers = 1_000_000;
/** Most characters of subject numbers, and of field names, in one part. */
const partBudget = 24_000;

/** NUL and halves of surrogate pairs. */
const unstorable = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text from outside as the log holds it: bounded, and what PostgreSQL's text cannot hold escaped. */
export const storable = (text: string): string => {
  // The rule, and cheaper to tell than by the expression.
  if (text.length <= maxText && text.isWellFormed() && !text.includes('\0')) return text;
  const whole = text.replace(
    unstorable,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  if (whole.length <= maxText) return whole;
  // Not between the halves of a pair.
  const end = (whole.codePointAt(maxText - 2) ?? 0) > 0xffff ? maxText - 2 : maxText - 1;
  return `${whole.slice(0, end)}…`;
};

const none = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list;

const maybe = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : storable(text);

interface Part extends PackedDecisions {
  readonly part?: number;
  readonly parts?: number;
}

const member = (name: string, value: string | number | undefined): string => {
  if (value === undefined) return '';
  return typeof value === 'number' ? `,"${name}":${value}` : `,"${name}":${quoted(value)}`;
};

const listMember = (name: string, list: readonly unknown[]): string =>
  list.length === 0 ? '' : `,"${name}":${JSON.stringify(list)}`;

const sharedJson = ofFrozen((list: readonly unknown[]) => JSON.stringify(list));

/** One that many entries have. */
const sharedMember = (name: string, list: readonly unknown[]): string =>
  list.length === 0 ? '' : `,"${name}":${sharedJson(list)}`;

/** Ranges are digits, dashes and commas: nothing in them has to be escaped. */
const setsMember = (sets: readonly string[]): string =>
  sets.length === 0 ? '' : `,"sets":["${sets.join('","')}"]`;

/** What many entries say word for word: of one operation of one client all but times, places and persons. */
interface Frame extends Pick<OperationEntry, Framed> {
  /** Up to where `at` is told, from there to `decidedAt`, and so on. */
  readonly toAt: string;
  readonly toDecidedAt: string;
  readonly toErrors: string;
  readonly toParts: string;
  readonly toSets: string;
}
type Framed =
  | ('actor' | 'client' | 'decisions' | 'documentHash')
  | ('operation' | 'outcome' | 'policy' | 'purpose');

const makeFrame = (entry: OperationEntry, { coordinates, decisions }: Part): Frame => {
  const { actor, client, documentHash, operation, outcome, policy, purpose } = entry;
  return {
    ...{ actor, client, decisions, documentHash, operation, outcome, policy, purpose },
    toAt: `{"actor":${quoted(storable(actor))},"at":"`,
    toDecidedAt: `"${member('client', storable(client))}${sharedMember('coordinates', coordinates)}`,
    toErrors: sharedMember('decisions', decisions) + member('documentHash', documentHash),
    toParts: member('operation', maybe(operation)) + member('outcome', outcome),
    toSets: member('policy', policy) + member('purpose', maybe(purpose)),
  };
};

/**
 * The last for a list of coordinates, which is one for all operations of the same shape. Of lists that
 * could change none is kept.
 */
const frames = new WeakMap<readonly string[], Frame>();

const frameOf = (entry: OperationEntry, part: Part): Frame => {
  const known = frames.get(part.coordinates);
  if (known !== undefined && isOf(known, entry, part)) return known;
  const frame = makeFrame(entry, part);
  const isKnown = known !== undefined && known.decisions === part.decisions;
  if (isKnown || (isFrozen(part.coordinates) && isFrozen(part.decisions)))
    frames.set(part.coordinates, frame);
  return frame;
};

const isOf = (frame: Frame, entry: OperationEntry, part: Part): boolean =>
  frame.decisions === part.decisions &&
  frame.actor === entry.actor &&
  frame.client === entry.client &&
  frame.documentHash === entry.documentHash &&
  frame.operation === entry.operation &&
  frame.outcome === entry.outcome &&
  frame.policy === entry.policy &&
  frame.purpose === entry.purpose;

// INVARIANT: keys in the order of their UTF-16 code units, at every level. That makes what
// `JSON.stringify` writes canonical (RFC 8785): texts, whole numbers and lists have one form only.
const operationJson = (entry: OperationEntry, at: Date, part: Part): string => {
  const { toAt, toDecidedAt, toErrors, toParts, toSets } = frameOf(entry, part);
  return (
    toAt +
    isoTime(at) +
    toDecidedAt +
    member('decidedAt', entry.decidedAt) +
    toErrors +
    listMember('errors', entry.errors) +
    member('head', entry.head) +
    member('id', entry.id) +
    `,"kind":"operation"` +
    listMember('notices', entry.notices) +
    toParts +
    member('part', part.part) +
    member('parts', part.parts) +
    toSets +
    setsMember(part.sets) +
    listMember('signals', entry.signals) +
    `,"v":${version}}`
  );
};

const erasureJson = (entry: ErasureEntry, at: Date): string =>
  JSON.stringify({
    actor: storable(entry.actor),
    at: at.toISOString(),
    head: entry.head,
    id: entry.id,
    kind: entry.kind,
    sources: none(entry.sources),
    subject: entry.subject,
    v: version,
  });

const keyJson = (entry: KeyEntry, at: Date): string =>
  JSON.stringify({
    actor: storable(entry.actor),
    at: at.toISOString(),
    id: entry.id,
    key: entry.key,
    kind: entry.kind,
    replaces: entry.replaces,
    v: version,
  });

const retentionJson = (entry: RetentionEntry, at: Date): string =>
  JSON.stringify({
    actor: storable(entry.actor),
    at: at.toISOString(),
    before: entry.before,
    id: entry.id,
    kind: entry.kind,
    logs: none(entry.logs),
    v: version,
  });

/** A long set in pieces, cut between ranges. */
const cut = (set: string): readonly string[] => {
  const pieces: string[] = [];
  let from = 0;
  while (set.length - from > partBudget) {
    const comma = set.lastIndexOf(',', from + partBudget);
    pieces.push(set.slice(from, comma));
    from = comma + 1;
  }
  pieces.push(set.slice(from));
  return pieces;
};

/** Decisions in parts that each stand for themselves: every triple is in exactly one of them. */
const split = ({ coordinates, sets, decisions }: PackedDecisions): readonly PackedDecisions[] => {
  const parts: { coordinates: string[]; sets: string[]; decisions: PackedDecision[] }[] = [];
  const pieces = sets.flatMap((set, i) => cut(set).map((text) => ({ set: i, text })));
  const amongOf = decisions.map(([, , among]) => new Set(among));
  // A list that no row could join: whom it left out is not known.
  const closed = decisions.filter(([, , among]) => among.length === 0);
  for (const [reason, fields] of closed) {
    for (const field of fields) {
      const names = [coordinates[field] ?? ''];
      parts.push({ coordinates: names, sets: [], decisions: [[reason, [0], []]] });
    }
  }
  for (let i = 0; i < pieces.length;) {
    const some: typeof pieces = [];
    for (let size = 0; i < pieces.length && size < partBudget; i += 1) {
      const piece = pieces[i];
      if (!piece || (some.length > 0 && size + piece.text.length > partBudget)) break;
      size += piece.text.length + 8 * decisions.length;
      some.push(piece);
    }
    let part: (typeof parts)[number] | undefined;
    let names = 0;
    const placeOf = new Map<string, number>();
    for (const [d, [reason, fields]] of decisions.entries()) {
      const here = some.flatMap(({ set }, k) => (amongOf[d]?.has(set) ? [k] : []));
      if (here.length === 0) continue;
      for (const field of fields) {
        const name = coordinates[field] ?? '';
        if (part === undefined || names + name.length > partBudget) {
          part = { coordinates: [], sets: some.map(({ text }) => text), decisions: [] };
          parts.push(part);
          names = 0;
          placeOf.clear();
        }
        const place = placeOf.get(name) ?? part.coordinates.push(name) - 1;
        placeOf.set(name, place);
        names += name.length + reason.length + 8 * here.length;
        part.decisions.push([reason, [place], here]);
      }
    }
  }
  return parts;
};

/**
 * Encodes an entry: canonical JSON (RFC 8785), UTF-8, at most 65,535 bytes. An operation with more
 * to tell is several entries of one id, each a part with what it says in full.
 *
 * @param at when it is handed to the log; milliseconds count
 * @returns one encoding, or the parts in order
 * @throws RangeError where it is too long and cannot be split
 */
export const encodeEntry = (entry: AuditEntry, at: Date): readonly Buffer[] => {
  if (entry.kind === 'erasure') return [Buffer.from(erasureJson(entry, at))];
  if (entry.kind === 'key') return [Buffer.from(keyJson(entry, at))];
  if (entry.kind === 'retention') return [Buffer.from(retentionJson(entry, at))];
  const whole = Buffer.from(operationJson(entry, at, entry));
  if (whole.length <= mostEntryBytes) return [whole];
  const parts = split(entry);
  // Nothing to part it by: errors, notices or signals alone are too many.
  if (parts.length === 0) throw new RangeError('an entry that cannot be split');
  return parts.map((part, i) => {
    const bytes = Buffer.from(
      operationJson(entry, at, { ...part, part: i + 1, parts: parts.length }),
    );
    // Withheld rather than told in part: the operation is then not answered.
    if (bytes.length > mostEntryBytes) throw new RangeError('an entry that cannot be split');
    return bytes;
  });
};

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
