import type { FullReason } from '../ledger/judge.ts';
import type { NeverReason } from '../policy/plan.ts';

/** `SUBJECT_ACCESS`: a person was shown their own. */
export type LoggedReason = FullReason | NeverReason | 'OPEN' | 'SUBJECT_ACCESS';

/**
 * How rows of one selection came out. Rows that are decided alike share it, in most cases beyond
 * their batch: what is worked out of a profile may be kept by it in a `WeakMap`.
 */
export interface Profile {
  /** By decision of the plan: 1 where it releases, 0 where it withholds. */
  readonly releases: Uint8Array;
  /** By decision of the plan. */
  readonly reasons: readonly LoggedReason[];
  /** All gates release: rows like this are shown. */
  readonly stays: boolean;
}

/** A batch of rows, decided. */
export interface DecidedRows {
  /** Those of this batch alone, in the order of their first rows. */
  readonly profiles: readonly Profile[];
  /** For each row its profile's place in `profiles`; -1 for a row that is not shown. */
  readonly profileOf: Int32Array;
}
