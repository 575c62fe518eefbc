/**
 * How a difference weighs. `OVER_RELEASE`: what the entry says was released had to be withheld.
 * `OVER_WITHHELD`: the other way round. `REASON`: the outcome is right and rests on another reason.
 * `RECORD`: entry and ledger cannot both be whole, whatever was released.
 */
export type Severity = 'OVER_RELEASE' | 'OVER_WITHHELD' | 'REASON' | 'RECORD';

export const severities: readonly Severity[] = [
  'OVER_RELEASE',
  'OVER_WITHHELD',
  'REASON',
  'RECORD',
];

/** What a difference is about. */
export type DifferenceKind =
  /** A decision on fields of persons. */
  | 'DECISION'
  /** A person shown their own. */
  | 'ACCESS'
  /** A field that the policy does not have. */
  | 'COORDINATE'
  /** A purpose that the policy does not have. */
  | 'PURPOSE'
  /** Subject numbers that were never given to anybody. */
  | 'NUMBER'
  /** A position of the ledger that it has not come to. */
  | 'HEAD'
  /** The notices that were current. */
  | 'NOTICES'
  /** An erasure that the ledger does not have, or has otherwise. */
  | 'ERASURE'
  /** Parts of one operation. */
  | 'PARTS'
  /** Bytes that are no entry. */
  | 'ENTRY'
  /** Entries that are not there. */
  | 'MISSING'
  /** Positions of the ledger at which nothing stands. */
  | 'LEDGER';

/** One thing that an entry says and that does not follow, or the other way round. */
export interface Difference {
  readonly severity: Severity;
  readonly kind: DifferenceKind;
  /** Origin and place; absent where it is about the ledger itself. */
  readonly log?: string;
  readonly index?: number;
  readonly id?: string;
  /** `Type.field` */
  readonly coordinate?: string;
  /** Subject numbers as ranges, `1-5,9`; `?` stands for rows that concern nobody known. */
  readonly subjects?: string;
  readonly says: string;
  readonly follows: string;
}
