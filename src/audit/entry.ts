/** `[reason, coordinates, sets]`: places in the lists of the same entry. */
export type PackedDecision = readonly [string, readonly number[], readonly number[]];

/**
 * All decisions of one operation: which fields, for which sets of persons, with which full reason.
 * Each person is written once for all fields that were decided alike, so that an operation on a
 * thousand persons stays small.
 */
export interface PackedDecisions {
  /** `Type.field`, each once. */
  readonly coordinates: readonly string[];
  /** Subject numbers as ranges, `1-5,9`; `?` stands for rows that concern nobody known. */
  readonly sets: readonly string[];
  readonly decisions: readonly PackedDecision[];
}

/** `[code, source, count]`: what fields could not be answered, and where it came from. */
export type EntryError = readonly [string, string | null, number];

/** What one operation leaves in the log. No attribute values ever. */
export interface OperationEntry extends PackedDecisions {
  readonly kind: 'operation';
  /** UUID version 7; the caller gets it in `extensions.sayso.entry`. */
  readonly id: string;
  readonly client: string;
  /** `subject:N` for a person acting for themself, else who the token names. */
  readonly actor: string;
  readonly purpose?: string | undefined;
  readonly operation?: string | undefined;
  /** SHA-256 of the document without its values and aliases, hexadecimal. */
  readonly documentHash: string;
  readonly policy: string;
  /** Position of the ledger that decisions were made at; absent where none was needed. */
  readonly head?: number | undefined;
  /** The database's time that expiry was judged by, whole microseconds since 1970; goes with `head`. */
  readonly decidedAt?: number | undefined;
  /** Current versions, at the head, of the notices that tell of the purpose: `club@2`. */
  readonly notices: readonly string[];
  /** `ANSWERED`, or the code that the whole operation was refused with. */
  readonly outcome: string;
  /** Signals that the request carried and that decisions were made by, such as `GPC`. */
  readonly signals: readonly string[];
  readonly errors: readonly EntryError[];
}

/** That a number stands for nobody any more. */
export interface ErasureEntry {
  readonly kind: 'erasure';
  readonly id: string;
  readonly actor: string;
  /** The ledger's position that it counts from. */
  readonly head: number;
  /** Absent for somebody whom nothing was ever decided about. */
  readonly subject?: number | undefined;
  /** `[source, type, outcome, rows]` */
  readonly sources: readonly (readonly [string, string, string, number])[];
}

/** That checkpoints from here on are signed by another key; the last one by the old key holds it. */
export interface KeyEntry {
  readonly kind: 'key';
  readonly id: string;
  readonly actor: string;
  /** Verifier keys as C2SP signed-note writes them. */
  readonly key: string;
  readonly replaces: string;
}

/** That entries older than a time are dropped, as the deployment's retention has it. */
export interface RetentionEntry {
  readonly kind: 'retention';
  readonly id: string;
  readonly actor: string;
  /** Entries before this instant go; ISO 8601. */
  readonly before: string;
  /** `[origin, first place that is kept]`. */
  readonly logs: readonly (readonly [string, number])[];
}

export type AuditEntry = OperationEntry | ErasureEntry | KeyEntry | RetentionEntry;

/** An entry as it stands in the log: too long an operation is several parts in a row, of one id. */
export type LoggedEntry = AuditEntry & {
  /** By the gateway's clock, when it was handed to the log. */
  readonly at: Date;
  readonly part?: number;
  readonly parts?: number;
};

/** Where an entry stands. */
export interface EntryPlace {
  /** The log's origin, as its checkpoints name it. */
  readonly log: string;
  /** From 0, without gaps. */
  readonly index: number;
}

export type StoredEntry = LoggedEntry & EntryPlace;

/** Decided alike: these fields, for these persons, for this reason. */
export interface AuditDecision {
  readonly coordinates: readonly string[];
  readonly released: boolean;
  /** The full reason. */
  readonly reason: string;
  readonly count: number;
  /** Subject numbers as ranges, `1-5,9`; `?` stands for rows that concern nobody known. */
  readonly subjects: string;
}
