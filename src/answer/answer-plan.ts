import type { FieldNode, GraphQLField, GraphQLOutputType } from 'graphql';
import type { PathShape } from '../decision/path-shape.ts';
import type { ClientReason } from '../decision/withheld.ts';
import type { JoinMember, JoinPlan, ReadPlan, RowPlan } from '../policy/plan.ts';

/**
 * What of a plan goes into the answer, and where: response keys in their order, as bytes. One for
 * each `Plan` all of whose parts can be written from rows that never become objects.
 */
export interface AnswerPlan {
  readonly roots: readonly RootAnswer[];
}

/** A response key as JSON has it before its value: `"email":`. */
export type KeyBytes = Buffer;

/** A root field or one below a connection: its definition and first node, for its arguments. */
export interface Asked {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
}

export type RootAnswer =
  | { readonly kind: 'constant'; readonly bytes: Buffer }
  | {
      readonly kind: 'one';
      readonly name: KeyBytes;
      readonly asked: Asked;
      readonly read: ReadPlan;
      readonly keyArgs: readonly string[];
      readonly row: RowAnswer;
      readonly nullable: boolean;
    }
  | {
      readonly kind: 'page';
      readonly name: KeyBytes;
      readonly asked: Asked;
      readonly read: ReadPlan;
      readonly parts: readonly ConnectionPart[];
      /** Those of them, and of their edges, that show rows. */
      readonly shown: readonly ShownPart[];
    };

/** What can be asked of a connection. */
export type ConnectionPart =
  | { readonly kind: 'constant'; readonly bytes: Buffer }
  | {
      readonly kind: 'nodes';
      readonly name: KeyBytes;
      readonly row: RowAnswer;
    }
  | {
      readonly kind: 'edges';
      readonly name: KeyBytes;
      readonly parts: readonly EdgePart[];
    }
  | { readonly kind: 'pageInfo'; readonly name: KeyBytes; readonly parts: readonly PagePart[] };

export type EdgePart =
  | { readonly kind: 'constant'; readonly bytes: Buffer }
  | { readonly kind: 'cursor'; readonly name: KeyBytes }
  | {
      readonly kind: 'node';
      readonly name: KeyBytes;
      readonly row: RowAnswer;
    };

/** A part of a connection that shows rows. */
export type ShownPart = Extract<ConnectionPart | EdgePart, { readonly row: unknown }>;

export type PagePart =
  | { readonly kind: 'constant'; readonly bytes: Buffer }
  | {
      readonly kind: 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor';
      readonly name: KeyBytes;
    };

/** One selection over rows of one type. */
export interface RowAnswer {
  readonly plan: RowPlan;
  readonly entries: readonly Entry[];
}

export type Entry = ConstantEntry | CellEntry | JoinEntry;

/** `__typename` */
export interface ConstantEntry {
  readonly kind: 'constant';
  readonly bytes: Buffer;
}

/** Whose value stands in a cell, and what is told of it where it is withheld. */
interface Placed {
  readonly name: KeyBytes;
  readonly shape: PathShape;
  /** `"email":null` */
  readonly empty: Buffer;
  readonly coordinate: string;
  /** What is told where it is withheld begins so: `lineHead`. */
  readonly head: Uint8Array;
  /** Index into `RowPlan.decisions`. */
  readonly decision: number;
  /** What the client is told of a withheld one. */
  readonly reason: ClientReason;
  /** Place in a row; -1 where nothing may be read. */
  readonly column: number;
  readonly nullable: boolean;
}

export interface CellEntry extends Placed {
  readonly kind: 'cell';
  readonly type: GraphQLOutputType;
}

export interface JoinEntry extends Placed {
  readonly kind: 'join';
  readonly asked: Asked;
  readonly join: JoinPlan;
  readonly member: JoinMember;
  readonly row: RowAnswer;
}
