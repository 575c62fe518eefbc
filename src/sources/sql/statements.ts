import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { encode, type Encoded } from '../../core/wire/parameters.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { Knex } from 'knex';
import type { Below, Find } from '../source.ts';
import { buildBelow, buildSelect, type SelectContext } from './build-select.ts';

/** A statement without its values: the same for every fetch of its shape. */
export interface Statement {
  /** As PostgreSQL is given it, with `$1` for a value. */
  readonly text: string;
  /** As it is shown, with `?` for a value. */
  readonly shown: string;
  /** The number of rows of a page stands in the text. */
  readonly limitInText: boolean;
  /** Of the text alone, so that under one name there is one text, whoever shares the server's connection. */
  readonly name: string;
}

type Value = string | number | readonly string[];

/** What decides a statement's text beside the plan: all of `Find` but its values. */
const shapeOf = (find: Find): string => {
  switch (find.by) {
    case 'page':
      if (find.among)
        return JSON.stringify(['page', find.among.column, find.after?.length ?? null]);
      return `page ${find.after?.length ?? '-'}`;
    case 'subject':
      return `subject ${find.after?.length ?? '-'}`;
    case 'via':
      return JSON.stringify(['via', find.table, find.on, find.to, find.first !== undefined]);
    case 'equal':
      return JSON.stringify(['equal', find.columns, find.first !== undefined]);
  }
};

/** What the values of a statement depend on beside its `Find`. */
interface Binding {
  readonly maxRows: number;
  readonly limitInText: boolean;
}

/** The values of a `Find`, in the order in which its statement has them. */
const valuesOf = (find: Find, { maxRows, limitInText }: Binding): readonly Value[] => {
  switch (find.by) {
    case 'page':
      return [
        ...(find.among ? [find.among.values] : []),
        ...(find.after ?? []),
        ...(limitInText ? [] : [find.limit]),
      ];
    case 'subject':
      return [find.id, ...(find.after ?? []), find.limit];
    case 'via':
      return [find.values, ...firstOf(find.first), maxRows + 1];
    case 'equal': {
      const lists = find.columns.map((_, i) => find.tuples.map((tuple) => tuple[i] ?? ''));
      const first = lists.length === 1 ? firstOf(find.first) : [];
      return [...lists, ...first, maxRows + 1];
    }
  }
};

const firstOf = (first: number | undefined): readonly number[] =>
  first === undefined ? [] : [first];

const valuesBelow = (find: Find, binding: Binding): readonly Value[] => [
  ...valuesOf(find, binding),
  binding.maxRows + 1,
];

/** By their shape; nothing where there is none. */
type Shapes = Map<string, Statement | undefined>;

/**
 * Of a read so many numbers of rows are written into the statements of its pages. PostgreSQL takes a number
 * that it does not know for a tenth of the table, so that the plan made for a small one seems cheaper each
 * time: a bound one has it plan for every request. Whoever asks for ever other numbers has them bound.
 */
const mostLimits = 4;

/** Statements over one catalog, each built once. */
export class Statements {
  readonly #context: SelectContext;
  readonly #known = new WeakMap<ReadPlan, Map<string, Statement>>();
  readonly #below = new WeakMap<ReadPlan, WeakMap<ReadPlan, Shapes>>();
  readonly #limits = new WeakMap<ReadPlan, Set<number>>();

  constructor(context: SelectContext) {
    this.#context = context;
  }

  /** The one statement of a fetch; its parameters are `parametersOf`. */
  of(read: ReadPlan, find: Find): Statement {
    const shapes = this.#known.get(read) ?? new Map<string, Statement>();
    if (shapes.size === 0) this.#known.set(read, shapes);
    const limit = this.#limitOf(read, find);
    const shape = `${shapeOf(find)} ${limit ?? ''}`;
    const known = shapes.get(shape);
    if (known) return known;
    const context = { ...this.#context, limitInText: limit !== undefined };
    const built = buildSelect(read, find, context);
    const statement = asStatement(built, valuesOf(find, context), context);
    shapes.set(shape, statement);
    return statement;
  }

  /**
   * The statement that finds what is below all rows of a fetch; its parameters are `parametersBelow`.
   * @returns nothing where there is none
   */
  below(above: ReadPlan, find: Find, below: Below): Statement | undefined {
    const ofAbove = this.#below.get(above) ?? new WeakMap<ReadPlan, Shapes>();
    this.#below.set(above, ofAbove);
    const shapes: Shapes = ofAbove.get(below.read) ?? new Map<string, Statement | undefined>();
    ofAbove.set(below.read, shapes);
    const limit = this.#limitOf(above, find);
    const shape = `${shapeOf(find)} ${limit ?? ''} ${below.column} ${below.find.by}`;
    if (shapes.has(shape)) return shapes.get(shape);
    const context = { ...this.#context, limitInText: limit !== undefined };
    const built = buildBelow(above, find, below, context);
    const statement = built && asStatement(built, valuesBelow(find, context), context);
    shapes.set(shape, statement);
    return statement;
  }

  /** The parameters of a find's statement, as they are sent. */
  parametersOf({ limitInText }: Statement, find: Find): readonly Encoded[] {
    return valuesOf(find, { maxRows: this.#context.maxRows, limitInText }).map(encode);
  }

  /** The parameters of all that finds what is below the rows of a find, whose own statement is given. */
  parametersBelow({ limitInText }: Statement, find: Find): readonly Encoded[] {
    return valuesBelow(find, { maxRows: this.#context.maxRows, limitInText }).map(encode);
  }

  /** How many rows a page of the find has, where that is written into its statement. */
  #limitOf(read: ReadPlan, find: Find): number | undefined {
    // Those turn on how many rows a value has, whatever the number.
    if (find.by !== 'page' || find.among) return undefined;
    // Of what is no number of rows knex would leave out the clause.
    if (!Number.isSafeInteger(find.limit)) return undefined;
    const limits = this.#limits.get(read) ?? new Set<number>();
    if (limits.size === 0) this.#limits.set(read, limits);
    if (limits.size < mostLimits) limits.add(find.limit);
    return limits.has(find.limit) ? find.limit : undefined;
  }
}

const asStatement = (
  query: Knex.QueryBuilder,
  values: readonly Value[],
  { limitInText }: Binding,
): Statement => {
  const built = query.toSQL();
  const { sql: text, bindings } = built.toNative();
  // INVARIANT: values stand where the statement has them; another order would find other rows.
  if (!isDeepStrictEqual(bindings, values))
    throw new Error('the values of a statement are not in its order');
  const name = createHash('sha256').update(text).digest('base64url');
  return { text, shown: built.sql, name, limitInText };
};
