import { storable } from './storable.ts';
import type { AuditEntry, PackedDecision } from './entry.ts';
import { ofFrozen } from './of-frozen.ts';
import { pgList } from './pg-list.ts';

/** What an entry is found by besides its persons: of bytes that are no entry only where they stand. */
export interface Found {
  readonly kind: string;
  readonly client: string | null;
  readonly actor: string;
  readonly purpose: string | null;
  readonly operation: string | null;
  readonly outcome: string | null;
  readonly policy: string | null;
  /** As PostgreSQL writes lists. */
  readonly coordinates: string;
  readonly reasons: string;
}

/** Entries and what they are found by, of each in the same place of every list. */
export interface FoundRows {
  readonly indexes: readonly number[];
  /** ISO 8601. */
  readonly times: readonly string[];
  readonly ids: readonly string[];
  /** One for several where it is known to be the same. */
  readonly found: readonly Found[];
  /** Their persons as ranges, `1-5,9`; all of them in one list of texts, as PostgreSQL writes it. */
  readonly subjects: string;
}

const coordinatesOf = ofFrozen((coordinates: readonly string[]) =>
  pgList(coordinates.map(storable)),
);
const reasonsOf = ofFrozen((decisions: readonly PackedDecision[]) =>
  pgList([...new Set(decisions.map(([reason]) => storable(reason)))]),
);

const nothing = {
  client: null,
  actor: '',
  purpose: null,
  operation: null,
  outcome: null,
  policy: null,
  coordinates: '{}',
  reasons: '{}',
} as const;

/** Of bytes that are no entry. */
export const unreadable: Found = { ...nothing, kind: 'unreadable' };

const text = (value: string | undefined): string | null =>
  value === undefined ? null : storable(value);

export const foundOf = (entry: AuditEntry): Found => {
  if (entry.kind !== 'operation')
    return { ...nothing, kind: entry.kind, actor: storable(entry.actor) };
  return {
    kind: entry.kind,
    actor: storable(entry.actor),
    client: storable(entry.client),
    purpose: text(entry.purpose),
    operation: text(entry.operation),
    outcome: storable(entry.outcome),
    policy: storable(entry.policy),
    coordinates: coordinatesOf(entry.coordinates),
    reasons: reasonsOf(entry.decisions),
  };
};

/** Sets of the persons that an entry concerns, as ranges. */
export const subjectsOf = (entry: AuditEntry): readonly string[] => {
  if (entry.kind === 'operation') return entry.sets;
  return entry.kind === 'erasure' && entry.subject !== undefined ? [String(entry.subject)] : [];
};
