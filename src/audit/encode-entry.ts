import { isoTime } from '../core/iso-time.ts';
import { mostEntryBytes } from '../tlog/entry-bundle.ts';
import type {
  AuditEntry,
  ErasureEntry,
  KeyEntry,
  OperationEntry,
  PackedDecision,
  PackedDecisions,
  RetentionEntry,
} from './entry.ts';
import { frameOf, member } from './entry-frame.ts';
import { storable } from './storable.ts';

/** Written behind every field; another one is another encoding. */
export const version = 1;
/** Most characters of subject numbers, and of field names, in one part. */
const partBudget = 24_000;

const none = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list;

/** An operation in one piece, or one of several. */
export interface Part extends PackedDecisions {
  readonly part?: number;
  readonly parts?: number;
}

const listMember = (name: string, list: readonly unknown[]): string =>
  list.length === 0 ? '' : `,"${name}":${JSON.stringify(list)}`;

/** Ranges are digits, dashes and commas: nothing in them has to be escaped. */
const setsMember = (sets: readonly string[]): string =>
  sets.length === 0 ? '' : `,"sets":["${sets.join('","')}"]`;

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
