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

/** The values of a `Find`, in the order in which its statement has them. */
const valuesOf = (find: Find, maxRows: number): readonly Value[] => {
  switch (find.by) {
    case 'page':
      return [...(find.among ? [find.among.values] : []), ...(find.after ?? []), find.limit];
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

/** The parameters of a find's statement, as they are sent. */
export const parametersOf = (find: Find, maxRows: number): readonly Encoded[] =>
  valuesOf(find, maxRows).map(encode);

/** The parameters of the statement that finds what is below all rows of a find. */
export const parametersBelow = (find: Find, maxRows: number): readonly Encoded[] =>
  valuesBelow(find, maxRows).map(encode);

const valuesBelow = (find: Find, maxRows: number): readonly Value[] => [
  ...valuesOf(find, maxRows),
  maxRows + 1,
];

/** By their shape; nothing where there is none. */
type Shapes = Map<string, Statement | undefined>;

/** Statements over one catalog, each built once. */
export class Statements {
  readonly #context: SelectContext;
  readonly #known = new WeakMap<ReadPlan, Map<string, Statement>>();
  readonly #below = new WeakMap<ReadPlan, WeakMap<ReadPlan, Shapes>>();

  constructor(context: SelectContext) {
    this.#context = context;
  }

  /** The one statement of a fetch; its parameters are `parametersOf`. */
  of(read: ReadPlan, find: Find): Statement {
    const shapes = this.#known.get(read) ?? new Map<string, Statement>();
    if (shapes.size === 0) this.#known.set(read, shapes);
    const shape = shapeOf(find);
    const known = shapes.get(shape);
    if (known) return known;
    const statement = this.#build(read, find);
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
    const shape = `${shapeOf(find)} ${below.column} ${below.find.by}`;
    if (shapes.has(shape)) return shapes.get(shape);
    const built = buildBelow(above, find, below, this.#context);
    const statement = built && asStatement(built, valuesBelow(find, this.#context.maxRows));
    shapes.set(shape, statement);
    return statement;
  }

  #build(read: ReadPlan, find: Find): Statement {
    const built = buildSelect(read, find, this.#context);
    return asStatement(built, valuesOf(find, this.#context.maxRows));
  }
}

const asStatement = (query: Knex.QueryBuilder, values: readonly Value[]): Statement => {
  const built = query.toSQL();
  const { sql: text, bindings } = built.toNative();
  // INVARIANT: values stand where the statement has them; another order would find other rows.
  if (!isDeepStrictEqual(bindings, values))
    throw new Error('the values of a statement are not in its order');
  const name = createHash('sha256').update(text).digest('base64url');
  return { text, shown: built.sql, name };
};
