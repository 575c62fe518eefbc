import type { Knex } from 'knex';
import type { SubjectPath } from '../../policy/model.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { Below, Find } from '../source.ts';
import { comparesAsItself, namesSubjects, type Catalog, type Column } from './catalog.ts';

export interface SelectContext {
  readonly knex: Knex;
  readonly schema: string;
  readonly catalog: Catalog;
  /** Most rows to bring; one more is asked for, to know that there are more. */
  readonly maxRows: number;
  /** How many rows a page has is written into the statement, not bound. */
  readonly limitInText?: boolean;
}

/**
 * A name of the SDL, quoted. Not by knex, for which a dot, ` as `, `*` and `[1]` within a name mean
 * something; the mark that it takes for a binding is escaped.
 */
export const quoted = (...names: readonly string[]): string =>
  names
    .map((name) => `"${name.replaceAll('"', '""')}"`)
    .join('.')
    .replaceAll('?', String.raw`\?`);

/** A column of a table under its alias, and what the catalog says of it. */
interface ColumnRef {
  readonly sql: string;
  readonly column: Column | undefined;
}

/** The parts of a statement that depend on how rows are found. */
interface Sought {
  readonly query: Knex.QueryBuilder;
  readonly order: string;
  readonly c: SelectContext;
  /** Gives the values that are looked for, in place of those of the `Find`. */
  readonly from: Knex.QueryBuilder | undefined;
}

/**
 * Builds the one statement that a fetch sends: the planned columns, the subject's id and place,
 * and the values that rows were found by. Every name is quoted, every value bound, but for the number of
 * rows of a page where `limitInText` says so.
 */
export const buildSelect = (
  read: ReadPlan,
  find: Find,
  c: SelectContext,
  from?: Knex.QueryBuilder,
): Knex.QueryBuilder => {
  const query = c.knex.from(c.knex.raw(`${quoted(c.schema, read.table)} as "t"`));
  const own = (name: string): ColumnRef => refTo('t', read.table, name, c);
  read.columns.forEach((name, i) => selectAs(query, readable(own(name)), `c${i}`, c));
  if (read.subject) selectSubject(query, read, c);
  const keys = read.key.map(own);
  const order = keys.map(({ sql }) => sql).join(', ');
  const sought: Sought = { query, order, c, from };

  if (find.by === 'page') {
    if (find.among) {
      const column = own(find.among.column);
      selectAs(query, column.sql, 'm0', c);
      whereAny(sought, column, find.among.values);
    }
    keys.forEach((key, i) => selectAs(query, exactText(key), `k${i}`, c));
    if (find.after) {
      const marks = find.after.map(() => '?').join(', ');
      void query.whereRaw(`(${order}) > (${marks})`, [...find.after]);
    }
    return query.orderByRaw(order).limit(find.limit, { skipBinding: c.limitInText === true });
  }

  if (find.by === 'subject') {
    keys.forEach((key, i) => selectAs(query, exactText(key), `k${i}`, c));
    const person = subjectRef(read.subject?.path, read.table, c);
    if (person) {
      const { sql, type } = comparable(person);
      void query.whereRaw(`${sql} = ?::${quotedType(type)}`, [find.id]);
    }
    if (find.after) {
      const marks = find.after.map(() => '?').join(', ');
      void query.whereRaw(`(${order}) > (${marks})`, [...find.after]);
    }
    return query.orderByRaw(order).limit(find.limit);
  }

  if (find.by === 'via') {
    const on = refTo('v', find.table, find.on, c);
    const to = refTo('v', find.table, find.to, c);
    void query.joinRaw(
      `inner join ${quoted(c.schema, find.table)} as "v" on ${to.sql} = ${keys[0]?.sql ?? 'null'}`,
    );
    selectAs(query, on.sql, 'm0', c);
    return find.first === undefined
      ? whereAny(sought, on, find.values)
          .orderByRaw(order)
          .limit(c.maxRows + 1)
      : lateral(sought, on, find.values, find.first);
  }

  const matched = find.columns.map(own);
  matched.forEach(({ sql }, i) => selectAs(query, sql, `m${i}`, c));
  const [column, second] = matched;
  if (column === undefined || second !== undefined)
    return whereTuples(sought, matched, find.tuples);
  const values = find.tuples.map(([value]) => value ?? '');
  return find.first === undefined
    ? whereAny(sought, column, values)
        .orderByRaw(order)
        .limit(c.maxRows + 1)
    : lateral(sought, column, values, find.first);
};

/** Columns whose values are compared as they are, on both sides, and have one text each. */
const areAlike = (one: Column | undefined, other: Column | undefined): boolean =>
  one !== undefined &&
  one.sqlType === other?.sqlType &&
  comparesAsItself(one.type) &&
  namesSubjects(one.type);

/**
 * Builds the statement that finds the rows below all rows of another: the values that it looks for are
 * those of a column of that one, which stands in it once more.
 *
 * @returns nothing where values would have to be looked at between the two
 */
export const buildBelow = (
  above: ReadPlan,
  find: Find,
  below: Below,
  c: SelectContext,
): Knex.QueryBuilder | undefined => {
  const column = above.columns[below.column];
  const { find: how, read } = below;
  const [table, on] = how.by === 'via' ? [how.table, how.on] : [read.table, how.columns[0]];
  if (column === undefined) return undefined;
  if (!areAlike(c.catalog.get(above.table)?.get(column), c.catalog.get(table)?.get(on)))
    return undefined;
  const rows = buildSelect(above, find, c).as('p');
  const values = c.knex.select(c.knex.raw(`"p"."c${below.column}"`)).from(rows);
  return buildSelect(
    read,
    how.by === 'via' ? { ...how, values: [] } : { ...how, tuples: [] },
    c,
    values,
  );
};

const refTo = (
  alias: string,
  table: string,
  name: string,
  c: Pick<SelectContext, 'catalog'>,
): ColumnRef => ({
  sql: quoted(alias, name),
  column: c.catalog.get(table)?.get(name),
});

const selectAs = (query: Knex.QueryBuilder, sql: string, as: string, c: SelectContext): void => {
  void query.select(c.knex.raw(`${sql} as "${as}"`));
};

/** Arrays of types whose number differs by database come as one text, unless asked for as texts. */
const readable = ({ sql, column }: ColumnRef): string =>
  column?.type === '_enum' || column?.type === '_citext' ? `${sql}::text[]` : sql;

/** What a cursor names: to the microsecond, which a \`Date\` would cut off. */
const exactText = ({ sql, column }: ColumnRef): string =>
  column?.type === 'timestamp' || column?.type === 'timestamptz' ? `${sql}::text` : sql;

/** A column and the type that values are compared with it as. */
export const comparable = ({
  sql,
  column,
}: ColumnRef): { readonly sql: string; readonly type: string } =>
  column === undefined || !comparesAsItself(column.type)
    ? { sql: `${sql}::text`, type: 'text' }
    : { sql, type: column.sqlType };

/** `= any($1)` has one text whatever the number of values, so its plan can be kept. */
const whereAny = (
  { query, from }: Sought,
  column: ColumnRef,
  values: readonly string[],
): Knex.QueryBuilder => {
  const { sql, type } = comparable(column);
  // knex does not type builders as bindings.
  if (from) return query.whereRaw(`${sql} = any(array(?))`, [from as unknown as Knex.Value]);
  return query.whereRaw(`${sql} = any(?::${quotedType(type)}[])`, [values as string[]]);
};

/** A type as the catalog writes it; one of somebody's own may have any name. */
export const quotedType = (sqlType: string): string => sqlType.replaceAll('?', String.raw`\?`);

const whereTuples = (
  { query, order, c }: Sought,
  columns: readonly ColumnRef[],
  tuples: readonly (readonly string[])[],
): Knex.QueryBuilder => {
  const compared = columns.map(comparable);
  const lists = compared.map(({ type }) => `?::${quotedType(type)}[]`).join(', ');
  return query
    .whereRaw(
      `(${compared.map(({ sql }) => sql).join(', ')}) in (select * from unnest(${lists}))`,
      columns.map((_, i) => tuples.map((tuple) => tuple[i] ?? '')),
    )
    .orderByRaw(order)
    .limit(c.maxRows + 1);
};

/** The first rows of each value: still one statement, and no more rows than are shown. */
const lateral = (
  { query, order, c }: Sought,
  column: ColumnRef,
  values: readonly string[],
  first: number,
): Knex.QueryBuilder => {
  const { sql, type } = comparable(column);
  const inner = query.whereRaw(`${sql} = "p"."value"`).orderByRaw(order).limit(first);
  // knex types neither raw FROM clauses nor builders as bindings.
  const outer: Knex.QueryBuilder = c.knex.select(c.knex.raw('"l".*'));
  const each = inner as unknown as Knex.Value;
  // Two texts may be one value, whose rows must not come twice.
  const wanted = `(select distinct unnest(?::${quotedType(type)}[])) as "p" ("value")`;
  return outer
    .from(c.knex.raw(wanted, [values as string[]]))
    .joinRaw('cross join lateral ? as "l"', [each])
    .limit(c.maxRows + 1);
};

/** One person, one text: otherwise a person would be somebody else in another table. */
export const subjectText = ({ sql, column }: ColumnRef): string => {
  if (column?.type === 'numeric') return `trim_scale(${sql})::text`;
  return column?.type === 'bpchar' ? `${sql}::text` : sql;
};

/** The column that names a row's person, under the alias that `selectSubject` joins it by. */
export const subjectRef = (
  path: SubjectPath | undefined,
  table: string,
  c: Pick<SelectContext, 'catalog'>,
): ColumnRef | undefined => {
  if (path === undefined) return undefined;
  const last = path.hops.length - 1;
  const at =
    last < 0 ? { alias: 't', table } : { alias: `h${last}`, table: path.hops[last]?.table ?? '' };
  return refTo(at.alias, at.table, path.column, c);
};

const selectSubject = (query: Knex.QueryBuilder, read: ReadPlan, c: SelectContext): void => {
  if (!read.subject) return;
  const { path, place } = read.subject;
  let from = { alias: 't', table: read.table };
  path.hops.forEach((hop, i) => {
    const to = `h${i}`;
    void query.joinRaw(
      `left join ${quoted(c.schema, hop.table)} as "${to}"
       on ${quoted(to, hop.theirs)} = ${quoted(from.alias, hop.own)}`,
    );
    from = { alias: to, table: hop.table };
  });
  const subject = refTo(from.alias, from.table, path.column, c);
  selectAs(query, subjectText(subject), 's', c);
  if (!place || place.source !== read.source) return;
  if (path.hops.length === 0 && place.table === read.table && place.id === path.column) {
    selectAs(query, quoted('t', place.column), 'w', c);
    return;
  }
  void query.joinRaw(
    `left join ${quoted(c.schema, place.table)} as "w" on ${quoted('w', place.id)} = ${subject.sql}`,
  );
  selectAs(query, quoted('w', place.column), 'w', c);
};
