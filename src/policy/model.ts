import type { BasisModel } from '../directives/basis.ts';
import type { CategoryModel } from '../directives/category.ts';
import type { PurposeModel } from '../directives/purpose.ts';
import type { Origin } from '../core/consent.ts';
import type { SubjectModel } from '../directives/subject.ts';
import type { TableModel } from '../directives/table.ts';
import type { Tree } from './tree.ts';

/** What stands before a field: nothing is `bare` but lists of rows that have rules of their own, and plain types. */
export type FieldGuard =
  | { readonly kind: 'bare' }
  | { readonly kind: 'open' }
  | {
      readonly kind: 'shield';
      /** Category names as written; the plan expands them to leaves. */
      readonly categories: readonly string[];
      readonly origin: Origin;
      readonly rules: readonly string[];
      /** The field's own coordinate where it is declared: its say-so is given by itself. */
      readonly declared?: string;
    };

interface FieldBase {
  readonly name: string;
  /** `Type.field` */
  readonly coordinate: string;
  readonly guard: FieldGuard;
  /** `file:line:column`, for messages. */
  readonly where: string;
}

/** A field whose value stands in a column. */
export interface ColumnField extends FieldBase {
  readonly kind: 'column';
  readonly column: string;
  /** The GraphQL type, without non-null marks, such as `Int` or `[String]`. */
  readonly graphqlType: string;
}

/** A field that leads to rows of another table. */
export interface JoinField extends FieldBase {
  readonly kind: 'join';
  /** Concrete types; several where the field is an interface or a union. */
  readonly members: readonly string[];
  readonly list: boolean;
  readonly nullable: boolean;
  /** The column of this row whose value is looked for. Its decision is this field's. */
  readonly own: string;
  /** The column in which it is looked for; the key of each member when absent. */
  readonly theirs?: string;
  readonly via?: { readonly table: string; readonly on: string; readonly to: string };
}

/** A field that a resolver computes out of released column fields of its row. */
export interface DerivedField extends FieldBase {
  readonly kind: 'derived';
  readonly from: readonly string[];
}

export type DomainField = ColumnField | JoinField | DerivedField;

/** From a row to the person: hops over to-one joins, then the column that holds the id. */
export interface SubjectPath {
  /** Type of the person. */
  readonly type: string;
  readonly hops: readonly {
    readonly own: string;
    readonly table: string;
    readonly theirs: string;
  }[];
  readonly column: string;
}

/** A table whose key is known, whether @table names it or the field `id` shows it. */
export interface KeyedTable extends TableModel {
  readonly key: readonly string[];
}

/** What a type whose rows are persons says of them. */
export interface PersonModel extends SubjectModel {
  readonly id: string;
}

/** A type whose rows come from a table. */
export interface DomainType {
  readonly name: string;
  readonly where: string;
  readonly table: KeyedTable;
  /** Persons tell the rows themselves, and the gateway keeps them. */
  readonly declared?: true;
  /** Present when the rows are persons. */
  readonly person?: PersonModel;
  /** Present when the rows are or concern persons. */
  readonly subject?: SubjectPath;
  readonly fields: ReadonlyMap<string, DomainField>;
}

export interface PurposeNode extends PurposeModel {
  readonly name: string;
  readonly description?: string;
  readonly where: string;
  readonly places: readonly BasisModel[];
}

export interface CategoryNode extends CategoryModel {
  readonly name: string;
  readonly description?: string;
  readonly where: string;
}

/** The governed domain as plain data, read from the SDL and not yet checked across types. */
export interface DomainModel {
  readonly purposes: ReadonlyMap<string, PurposeNode>;
  readonly purposeTree: Tree;
  readonly categories: ReadonlyMap<string, CategoryNode>;
  readonly categoryTree: Tree;
  readonly types: ReadonlyMap<string, DomainType>;
  /** The type that tokens name persons of. */
  readonly signInType?: string;
}

/** The source of all types that persons declare themselves; no configuration can name another so. */
export const declaredSource = 'sayso:declared';
/** The column of declared rows that names their person. */
export const declaredSubject = 'subject';

/**
 * Which say-so a field asks for, within its purpose and category: FIRST_PARTY stands for all that
 * the person gave or that was observed with them; data that nobody volunteered, and each declared
 * field, need a yes that names them.
 */
export type SayScope = string;

/** Whether a scope is one declared field. */
export const isDeclared = (scope: SayScope): boolean => scope.includes('.');

/** The scope of an origin, for fields that are not declared. */
export const scopeOfOrigin = (origin: Origin): SayScope =>
  origin === 'ZERO_PARTY' ? 'FIRST_PARTY' : origin;

/** The scope of a shielded field. */
export const scopeOf = (guard: Extract<FieldGuard, { readonly kind: 'shield' }>): SayScope =>
  guard.declared ?? scopeOfOrigin(guard.origin);
