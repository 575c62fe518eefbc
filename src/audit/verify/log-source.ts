import type { TileReader } from '../../tlog/tiles.ts';
import type { KeyRecord } from '../log-state.ts';

/** What is wrong, and where. */
export interface Finding {
  /** The first place in the log that it is about, where one can be told. */
  readonly index?: number | undefined;
  /** `checkpoint`, `entry`, a tile's path, a key, a file's line. */
  readonly where: string;
  readonly what: string;
}

/** Columns beside an entry that the database finds it by. */
export interface EntryColumns {
  readonly id: string;
  readonly at: Date;
  readonly hash: Buffer;
}

/** The entries of a bundle as far as a source has them. */
export interface BundleRead {
  /** By place in the bundle; `undefined` for one that is not there. */
  readonly entries: readonly (Buffer | undefined)[];
  readonly columns?: readonly (EntryColumns | undefined)[];
  /** What is wrong in how they are kept. */
  readonly findings: readonly Finding[];
}

/** What is told of a log beside its checkpoint. Nothing of it is believed without proof. */
export interface LogInfo {
  /** Entries before it may have been taken by retention. */
  readonly minimumIndex: number;
  readonly keys: readonly KeyRecord[];
  /** The newest checkpoint that a witness has signed. */
  readonly witnessed?: string | undefined;
  /** The newest of the time when all this was told; what it tells of is never ahead of it. */
  readonly checkpoint?: string | undefined;
}

/** A log, wherever it lies. */
export interface LogSource {
  /** The newest signed note. @throws SaysoError when there is none */
  checkpoint(): Promise<string>;
  info(): Promise<LogInfo>;
  /** Absent where there are entries only. @throws TlogError TLOG_TILE for a tile that is not whole */
  readonly tiles?: TileReader | undefined;
  /** Asked in the order of the log. */
  bundle(index: number, width: number): Promise<BundleRead>;
  /** What is wrong behind the last entry. */
  after?(size: number): Promise<readonly Finding[]>;
}
