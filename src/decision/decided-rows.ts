import type { LoggedReason } from './recorder.ts';

/** How rows of one selection came out; rows that are decided alike share it. */
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
  readonly profiles: readonly Profile[];
  /** For each row its profile's place in `profiles`; -1 for a row that is not shown. */
  readonly profileOf: Int32Array;
}
