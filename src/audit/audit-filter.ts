import { storable } from './storable.ts';
import type {
  AuditDecision,
  OperationEntry,
  PackedDecision,
  PackedDecisions,
  StoredEntry,
} from './entry.ts';
import { countRanges, joinRanges, rangesHold } from './number-ranges.ts';
import { releasingReasons } from './reasons.ts';

/**
 * Which entries are meant. All that is given must hold; `coordinate`, `reason`, `released` and
 * `subject` for one decision together.
 */
export interface AuditFilter {
  /** Half-open: from this instant, up to and without that one. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Origin of a log. */
  readonly log?: string | undefined;
  readonly id?: string | undefined;
  /** `operation`, `erasure`, `key`, `retention`; `unreadable` where the bytes are no entry. */
  readonly kind?: string | undefined;
  readonly client?: string | undefined;
  readonly actor?: string | undefined;
  readonly purpose?: string | undefined;
  readonly operation?: string | undefined;
  readonly outcome?: string | undefined;
  /** `Type.field` */
  readonly coordinate?: string | undefined;
  /** The full reason. */
  readonly reason?: string | undefined;
  readonly released?: boolean | undefined;
  /** Number of a person. */
  readonly subject?: number | undefined;
}

/** Fields of an entry that are compared as they are. */
export const facets = ['client', 'actor', 'purpose', 'operation', 'outcome', 'kind'] as const;
type Facet = (typeof facets)[number];

/** Whether a filter says something of decisions, so that entries without any cannot be meant. */
export const asksForDecisions = (filter: AuditFilter): boolean =>
  filter.coordinate !== undefined ||
  filter.reason !== undefined ||
  filter.released !== undefined ||
  filter.subject !== undefined;

/** A filter whose texts are written as the log writes them. */
export const prepareFilter = (filter: AuditFilter): AuditFilter => {
  const text = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : storable(value);
  return {
    ...filter,
    ...Object.fromEntries(
      (
        [
          'client',
          'actor',
          'purpose',
          'operation',
          'outcome',
          'kind',
          'coordinate',
          'reason',
        ] as const
      )
        .filter((name) => filter[name] !== undefined)
        .map((name) => [name, text(filter[name])]),
    ),
    ...(filter.id !== undefined && { id: filter.id.toLowerCase() }),
  };
};

/** Decisions as they are packed, of which only those that a filter means are left. */
export const matchingDecisions = (
  { coordinates, sets, decisions }: OperationEntry,
  { coordinate, reason, released, subject }: AuditFilter,
): readonly PackedDecision[] => {
  const holding =
    subject === undefined
      ? undefined
      : sets.map((set) => Number.isInteger(subject) && subject >= 0 && rangesHold(set, subject));
  if (holding && !holding.includes(true)) return [];
  return decisions.flatMap(([why, fields, among]): readonly PackedDecision[] => {
    if (reason !== undefined && why !== reason) return [];
    if (released !== undefined && releasingReasons.has(why) !== released) return [];
    if (holding && !among.some((set) => holding[set])) return [];
    if (coordinate === undefined) return [[why, fields, among]];
    const meant = fields.filter((field) => storable(coordinates[field] ?? '') === coordinate);
    return meant.length === 0 ? [] : [[why, meant, among]];
  });
};

/** Unpacks decisions of an entry, all or some: one for each list of fields and reason. */
export const unpackDecisions = (
  { coordinates, sets }: Pick<PackedDecisions, 'coordinates' | 'sets'>,
  decisions: readonly PackedDecision[],
): readonly AuditDecision[] =>
  decisions.map(([reason, fields, among]) => {
    const subjects = joinRanges(among.map((set) => sets[set] ?? ''));
    return {
      coordinates: fields.map((field) => coordinates[field] ?? ''),
      released: releasingReasons.has(reason),
      reason,
      count: countRanges(subjects),
      subjects,
    };
  });

const facetOf = (entry: StoredEntry, facet: Facet): string | undefined =>
  entry.kind === 'operation' || facet === 'kind' || facet === 'actor'
    ? (entry as unknown as Readonly<Record<Facet, string | undefined>>)[facet]
    : undefined;

/** Whether an entry, as it was decoded, is meant by a filter that was prepared. */
export const isMeant = (entry: StoredEntry, filter: AuditFilter): boolean => {
  const { from, to, log, id } = filter;
  if ((from && entry.at < from) || (to && entry.at >= to)) return false;
  if ((log !== undefined && entry.log !== log) || (id !== undefined && entry.id !== id))
    return false;
  for (const facet of facets)
    if (filter[facet] !== undefined && facetOf(entry, facet) !== filter[facet]) return false;
  if (!asksForDecisions(filter)) return true;
  if (entry.kind === 'operation') return matchingDecisions(entry, filter).length > 0;
  // An erasure is about a person, and decides nothing.
  const { subject, coordinate, reason, released } = filter;
  const decides = coordinate !== undefined || reason !== undefined || released !== undefined;
  return entry.kind === 'erasure' && !decides && subject !== undefined && entry.subject === subject;
};

/** Whether a filter can mean what is no entry: only by where and when it stands. */
export const isMeantUnread = (
  { at, log, id }: { readonly at: Date; readonly log: string; readonly id: string },
  filter: AuditFilter,
): boolean =>
  !(filter.from && at < filter.from) &&
  !(filter.to && at >= filter.to) &&
  (filter.log === undefined || filter.log === log) &&
  (filter.id === undefined || filter.id === id) &&
  (filter.kind === undefined || filter.kind === 'unreadable') &&
  facets.every((facet) => facet === 'kind' || filter[facet] === undefined) &&
  !asksForDecisions(filter);
