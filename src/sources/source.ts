import type { Problem } from '../core/errors.ts';
import type { DomainType } from '../policy/model.ts';
import type { ReadPlan } from '../policy/plan.ts';

/**
 * A row as its source gave it: the planned columns in order; then, for a personal type, the
 * subject's id, and the place when it was planned from the same source; then the values it was
 * found by (`Find`). Only `decision/` may open it.
 */
export interface Row {
  readonly values: readonly unknown[];
}

/**
 * Rows as they came over the wire: the cells of `Row.values`, in its order, as text in UTF-8 and in
 * one piece. Only `decision/` and `answer/` may open them.
 */
export interface RawRows {
  readonly count: number;
  /** Cells of a row. */
  readonly width: number;
  readonly bytes: Buffer;
  /** Of cell `k` of row `i` at `2 * (i * width + k)`: where it starts and how many bytes; -1 is NULL. */
  readonly cells: Int32Array;
  /** What each column holds: how its bytes are to be read. */
  readonly kinds: readonly RawKind[];
  /** A cell as `fetch` would give it. */
  value(row: number, column: number): unknown;
}

/**
 * How a column's bytes relate to the value that `fetch` gives for them. `text`: a string of the same
 * characters. `int`: a whole number, of at most 32 bits. `bool`: `t` or `f`. `float`: a number.
 * `timestamp`: a `Date`, written with or without an offset. `json`: what `JSON.parse` makes of it.
 * `other`: only `value` knows.
 */
export type RawKind = 'text' | 'int' | 'bool' | 'float' | 'timestamp' | 'json' | 'other';

/** How rows are found. Values are texts; the source knows its columns' types. */
export type Find =
  /** Rows whose columns equal one of the tuples. Each row ends with those columns. */
  | {
      readonly by: 'equal';
      readonly columns: readonly string[];
      readonly tuples: readonly (readonly string[])[];
      readonly first?: number;
    }
  /** Rows reached over a table between. Each row ends with the column `on` of that table. */
  | {
      readonly by: 'via';
      readonly table: string;
      readonly on: string;
      readonly to: string;
      readonly values: readonly string[];
      readonly first?: number;
    }
  /**
   * Rows in the order of their key, after one of them; all, or `among` those whose column has one of
   * the values. Each row ends with that column, then with its key.
   */
  | {
      readonly by: 'page';
      readonly among?: { readonly column: string; readonly values: readonly string[] };
      readonly after?: readonly string[];
      readonly limit: number;
    }
  /** Rows that concern one person, in the order of their key. Each row ends with its key. */
  | {
      readonly by: 'subject';
      readonly id: string;
      readonly after?: readonly string[];
      readonly limit: number;
    };

/** Rows that a join will look for by a planned column of rows that are about to be read. */
export interface Below {
  readonly read: ReadPlan;
  /** Place in the rows above. */
  readonly column: number;
  /** As `Find` has it, but for the values: they are those of the column. */
  readonly find:
    | { readonly by: 'equal'; readonly columns: readonly [string] }
    | {
        readonly by: 'via';
        readonly table: string;
        readonly on: string;
        readonly to: string;
      };
}

/** What is to become of the rows of one type that concern a person. */
export interface EraseRequest {
  readonly type: DomainType;
  /** Other types over the same table, whose columns tell of the person as well. */
  readonly also?: readonly DomainType[];
  readonly how: 'DELETE' | 'ANONYMIZE' | 'COUNT';
}

/** What a request says about its person's wishes, for sources that act on it themselves. */
export interface RequestSignals {
  /** Global Privacy Control: `Sec-GPC: 1`. */
  readonly gpc: boolean;
}

/** A data source. Reads only; one statement for each call, or as few requests as its values need. */
export interface Source {
  readonly name: string;
  /** Most rows that one fetch brings. */
  readonly maxRows: number;
  /**
   * @throws SourceError SOURCE_TIMEOUT, SOURCE_UNAVAILABLE, or SOURCE_TOO_LARGE when more rows
   *   match than may be read at once (none are then given).
   */
  fetch(read: ReadPlan, find: Find, signals?: RequestSignals): Promise<readonly Row[]>;
  /**
   * The same rows in the same order as bytes; `fetch` in every other respect, errors too. Absent in
   * sources that have no such way.
   */
  readonly fetchRaw?: (read: ReadPlan, find: Find, signals?: RequestSignals) => Promise<RawRows>;
  /**
   * Rows, and with them in one round trip those below all of them, as of one moment. Each list is as
   * `fetchRaw` would give it.
   * @returns the rows, then those of each of `below`; nothing where they have to be asked for one
   *   after the other, to learn what of them is not to be had
   * @throws SourceError where the source was not reached
   */
  readonly fetchAlong?: (
    read: ReadPlan,
    find: Find,
    below: readonly Below[],
    signals?: RequestSignals,
  ) => Promise<readonly [RawRows, ...RawRows[]] | undefined>;
  /**
   * Erases the rows of one person, all requests or none of them, in the order given.
   *
   * @returns for each request how many rows there were
   * @throws SourceError when it did not happen
   */
  erase(requests: readonly EraseRequest[], id: string): Promise<readonly number[]>;
  /**
   * What the source lacks of the types that name it.
   * @param domain all types, of other sources too: what joins into this one ask of it
   * @throws SourceError when it cannot be asked.
   */
  check(types: readonly DomainType[], domain: readonly DomainType[]): Promise<readonly Problem[]>;
  /** After `check`: by what kind of value a type's rows name their person; undefined when not known. */
  subjectKind(type: DomainType): string | undefined;
  close(): Promise<void>;
}

/** The connectors of a deployment, by the name that the SDL uses. */
export type Sources = ReadonlyMap<string, Source>;
