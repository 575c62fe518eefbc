import type { RowPlan } from '../policy/plan.ts';

declare const released: unique symbol;

/**
 * Proof in the type that a decision was made: only this folder makes one, and resolvers may only
 * return it. A row straight from a source does not fit.
 */
export type Released<R> = R & { readonly [released]: true };

/** The plan that a released row was decided by; symbols cannot clash with field names. */
export const planOf = Symbol('plan');
/** What the resolvers of derived fields are given, by derived field. */
export const inputsOf = Symbol('inputs');

export type DerivedInputs = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/**
 * A decided row: released fields by name. A withheld field is absent (\`undefined\`), an empty one
 * is null. Of a join the value is the one that its rows are looked for by.
 */
export interface DecidedRow {
  readonly [field: string]: unknown;
  readonly [planOf]: RowPlan;
  readonly [inputsOf]?: DerivedInputs;
}

export type ReleasedRow = Released<DecidedRow>;

/** Whether a value is a row that this gateway released. */
export const isReleased = (value: unknown): value is ReleasedRow =>
  typeof value === 'object' && value !== null && planOf in value;
