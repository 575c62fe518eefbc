import type { Knex } from 'knex';
import type { ReadPlan } from '../../policy/plan.ts';
import type { Find } from '../source.ts';
import type { Catalog } from './catalog.ts';

export interface SelectContext {
  readonly knex: Knex;
  readonly schema: string;
  readonly catalog: Catalog;
  /** Most rows to bring; one more is asked for, to know that there are more. */
  readonly maxRows: number;
}

/**
 * Builds the one statement that a fetch sends: the planned columns, the subject's id and place,
 * and the values that rows were found by. Every name is quoted, every value bound.
 */
export const buildSelect = (read: ReadPlan, find: Find, c: SelectContext): Knex.QueryBuilder => {
  const { knex } = c;
  const table = (name: string, alias: string) => ({ [alias]: `${c.schema}.${name}` });
  const query = knex.from(table(read.table, 't'));
  const columns = read.columns.map((column, i) => knex.ref(`t.${column}`).as(`c${i}`));
  void query.select(columns);
  if (read.subject) selectSubject(query, read, c);
  const byKey = read.key.map((column) => `t.${column}`);

  if (find.by === 'page') {
    void query.select(byKey.map((key, i) => knex.ref(key).as(`k${i}`)));
    if (find.after) {
      const row = (items: readonly string[]) => `(${items.map(() => '?').join(', ')})`;
      const refs = byKey.map((key) => knex.ref(key));
      void query.whereRaw(`${row(byKey)} > ${row(find.after)}`, [...refs, ...find.after]);
    }
    return query.orderBy(byKey).limit(find.limit);
  }

  if (find.by === 'via') {
    void query
      .join(table(find.table, 'v'), `v.${find.to}`, `t.${read.key[0] ?? 'id'}`)
      .select(knex.ref(`v.${find.on}`).as('m0'));
    return find.first === undefined
      ? whereAny(query, [`v.${find.on}`], [find.values], c).orderBy(byKey)
      : lateral(query, `v.${find.on}`, find.table, find.on, find.values, find.first, byKey, c);
  }

  const matched = find.columns.map((column) => `t.${column}`);
  void query.select(matched.map((column, i) => knex.ref(column).as(`m${i}`)));
  const [column, only] = find.columns;
  if (find.first !== undefined && column !== undefined && only === undefined) {
    const values = find.tuples.map(([value]) => value ?? '');
    return lateral(query, `t.${column}`, read.table, column, values, find.first, byKey, c);
  }
  const lists = find.columns.map((_, i) => find.tuples.map((tuple) => tuple[i] ?? ''));
  return whereAny(query, matched, lists, c).orderBy(byKey);
};

/** `= any($1)` has one text whatever the number of values, so its plan can be kept. */
const whereAny = (
  query: Knex.QueryBuilder,
  columns: readonly string[],
  lists: readonly (readonly string[])[],
  c: SelectContext,
): Knex.QueryBuilder => {
  const refs = columns.map((column) => c.knex.ref(column));
  const [first] = refs;
  if (refs.length === 1 && first) {
    void query.whereRaw('? = any(?)', [first, lists[0] as string[]]);
  } else {
    const tuples = (lists[0] ?? []).map((_, i) => lists.map((list) => list[i] ?? ''));
    void query.whereIn([...columns], tuples);
  }
  return query.limit(c.maxRows + 1);
};

/** The first rows of each value: still one statement, and no more rows than are shown. */
const lateral = (
  query: Knex.QueryBuilder,
  ref: string,
  table: string,
  column: string,
  values: readonly string[],
  first: number,
  byKey: readonly string[],
  c: SelectContext,
): Knex.QueryBuilder => {
  const type = c.catalog.get(table)?.get(column)?.sqlType ?? 'text';
  const inner = query
    .whereRaw('? = "p"."value"', [c.knex.ref(ref)])
    .orderBy([...byKey])
    .limit(first);
  // knex types neither raw FROM clauses nor builders as bindings.
  const outer = c.knex.select(c.knex.raw('"l".*')) as Knex.QueryBuilder;
  const wanted = `unnest(?::${type}[]) as "p" ("value")`;
  return outer
    .from(c.knex.raw(wanted, [values as string[]]))
    .joinRaw('cross join lateral ? as "l"', [inner as unknown as Knex.Value])
    .limit(c.maxRows + 1);
};

const selectSubject = (query: Knex.QueryBuilder, read: ReadPlan, c: SelectContext): void => {
  const { knex, schema } = c;
  if (!read.subject) return;
  const { path, place } = read.subject;
  let from = 't';
  path.hops.forEach((hop, i) => {
    const to = `h${i}`;
    void query.leftJoin(
      { [to]: `${schema}.${hop.table}` },
      `${to}.${hop.theirs}`,
      `${from}.${hop.own}`,
    );
    from = to;
  });
  void query.select(knex.ref(`${from}.${path.column}`).as('s'));
  if (!place || place.source !== read.source) return;
  if (path.hops.length === 0 && place.table === read.table && place.id === path.column) {
    void query.select(knex.ref(`t.${place.column}`).as('w'));
    return;
  }
  void query
    .leftJoin({ w: `${schema}.${place.table}` }, `w.${place.id}`, `${from}.${path.column}`)
    .select(knex.ref(`w.${place.column}`).as('w'));
};
