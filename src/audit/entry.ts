/** What was decided alike: for these coordinates, with this reason, for these subjects. */
export interface AuditDecision {
  /** `Type.field`, sorted. */
  readonly coordinates: readonly string[];
  readonly released: boolean;
  /** The full reason. */
  readonly reason: string;
  readonly count: number;
  /** Subject numbers as ranges, `1-5,9`; `?` stands for rows that concern nobody known. */
  readonly subjects: string;
}

/** What one operation leaves in the log. No attribute values ever. */
export interface AuditEntry {
  /** UUID version 7. */
  readonly id: string;
  readonly client: string;
  /** `subject:N` for a person acting for themself, else who the token names. */
  readonly actor: string;
  readonly purpose: string | undefined;
  readonly operation: string | undefined;
  /** SHA-256 of the document's text, hexadecimal. */
  readonly documentHash: string;
  readonly policy: string;
  /** Position of the ledger that decisions were made at; absent where none was needed. */
  readonly head: number | undefined;
  /** The database's time that expiry was judged by, whole microseconds since 1970; goes with `head`. */
  readonly decidedAt?: number | undefined;
  /** `ANSWERED`, or the code that the whole operation was refused with. */
  readonly outcome: string;
  /** Signals that the request carried and that decisions were made by, such as `GPC`. */
  readonly signals: readonly string[];
  readonly decisions: readonly AuditDecision[];
}

/** An entry as it stands in the log. */
export interface StoredAuditEntry extends AuditEntry {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly at: Date;
}

/** NUL and halves of surrogate pairs. */
const unstorable = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** A text as the log holds it: what PostgreSQL's text cannot hold is written as JSON would. */
export const storable = (text: string): string =>
  text.replace(unstorable, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
