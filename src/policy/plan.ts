import type { Basis } from '../directives/basis.ts';
import type { SubjectPath } from './model.ts';

/**
 * What an operation will read, decide and write, as plain data: enough to carry it out without the
 * SDL, whoever does it. One plan serves every execution of the same (operation, values of
 * @skip/@include, purpose, refused rules, policy).
 */
export interface Plan {
  readonly policy: string;
  readonly purpose: string | undefined;
  readonly operation: 'query' | 'mutation';
  /** By response key. */
  readonly roots: ReadonlyMap<string, RootPlan>;
  /** All row selections of the operation, by their number. */
  readonly rows: readonly RowPlan[];
  /** Coordinates with named rules that the operation touches; their outcome shaped this plan. */
  readonly guarded: readonly string[];
  /** Personal types that the operation touches: it then needs a purpose and the ledger. */
  readonly personalTypes: readonly string[];
  /**
   * Lists that leave out rows whose person did not release what the row was found by. Known from
   * the plan alone, so that saying so tells nothing about anybody.
   */
  readonly filtered: readonly { readonly field: string; readonly by: string }[];
}

export type RootPlan =
  | {
      readonly kind: 'one';
      readonly field: string;
      readonly read: ReadPlan;
      readonly row: RowPlan;
      readonly keyArgs: readonly string[];
    }
  | {
      readonly kind: 'page';
      readonly field: string;
      readonly read: ReadPlan;
      readonly positions: PagePositions;
    }
  | {
      readonly kind: 'consent';
      readonly field: string;
      readonly persons: ReadonlyMap<string, { readonly read: ReadPlan; readonly row: RowPlan }>;
    }
  | { readonly kind: 'other'; readonly field: string };

/** Where rows appear in a connection, by response keys: each position decides for its own selection. */
export interface PagePositions {
  readonly nodes: ReadonlyMap<string, RowPlan>;
  /** Response key of `edges`, then of `node`. */
  readonly edges: ReadonlyMap<string, ReadonlyMap<string, RowPlan>>;
}

/** Rows to read from one table, and nothing more than these columns of them. */
export interface ReadPlan {
  readonly type: string;
  readonly source: string;
  readonly table: string;
  readonly key: readonly string[];
  /** A row is the array of these columns' values, in this order, then the subject's id, then the place. */
  readonly columns: readonly string[];
  readonly subject?: SubjectRead;
}

/** How a read finds each row's person, and where the person lives when some decision turns on it. */
export interface SubjectRead {
  readonly path: SubjectPath;
  /** The person's table, key column and place column, when places matter. */
  readonly place?: {
    readonly table: string;
    readonly id: string;
    readonly column: string;
    readonly source: string;
  };
}

/** One selection over rows of one type. */
export interface RowPlan {
  /** Its place in `Plan.rows`. */
  readonly number: number;
  readonly read: ReadPlan;
  readonly typeName: string;
  /** The selected fields, each once, whatever its aliases. */
  readonly cells: readonly CellPlan[];
  readonly cellOf: ReadonlyMap<string, CellPlan>;
  /** What has to be decided for a row, each once, and for which coordinates. */
  readonly decisions: readonly Decide[];
  /** A row stays only if these decisions release: the row was found by a governed column. */
  readonly gates: readonly { readonly decision: number; readonly coordinate: string }[];
  /** Joins by response key. */
  readonly joins: ReadonlyMap<string, JoinPlan>;
}

/** Why a cell is withheld from every row, as the client is told. */
export type NeverReason = 'NOT_COVERED' | 'NOT_PERMITTED';

export type Decide =
  /** Not governed: open, or of a plain type. */
  | { readonly kind: 'open'; readonly coordinates: readonly string[] }
  | { readonly kind: 'always'; readonly coordinates: readonly string[]; readonly basis: Basis }
  | {
      readonly kind: 'never';
      readonly coordinates: readonly string[];
      readonly reason: NeverReason;
    }
  /** One bit per subject: every one of these pairs must release. */
  | {
      readonly kind: 'ask';
      readonly coordinates: readonly string[];
      readonly asks: readonly Ask[];
    };

export interface Ask {
  /** Index into `Policy.pairs`. */
  readonly pair: number;
  readonly basis: Basis;
  readonly places: ReadonlyMap<string, Basis>;
  /** The Global Privacy Control signal refuses it. */
  readonly sale?: true;
  /** A no counts whatever the basis. */
  readonly directMarketing?: true;
}

export interface CellPlan {
  readonly field: string;
  readonly coordinate: string;
  /** Index into `RowPlan.decisions`. */
  readonly decision: number;
  /** Index into the row's values; -1 for a derived field, and where nothing may be read. */
  readonly index: number;
  /** For a derived field: what its resolver is given, by field name. */
  readonly inputs?: readonly { readonly field: string; readonly index: number }[];
}

/** Rows of other tables behind a field, one member for each concrete type. */
export interface JoinPlan {
  readonly field: string;
  readonly list: boolean;
  readonly members: readonly JoinMember[];
}

export interface JoinMember {
  readonly read: ReadPlan;
  readonly row: RowPlan;
  /** The column in which the parent's value is looked for. */
  readonly on: string;
  /** No row could stay, so nothing is read. */
  readonly closed: boolean;
  readonly via?: { readonly table: string; readonly on: string; readonly to: string };
}
