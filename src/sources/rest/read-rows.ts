import type { RestTableConfig } from '../../config/config.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import { idText, type IdKind } from './id-text.ts';
import { isObject, valueAt } from './read-json.ts';
import { RestFailure } from './rest-failure.ts';

type Path = readonly string[];

/** Where the parts of a row stand in an object of the answer. */
export interface RowShape {
  readonly rows: Path;
  readonly columns: readonly Path[];
  readonly subject?: { readonly path: Path; readonly kind: IdKind };
  /** Where the person lives: in the row itself, or to be filled in from another table. */
  readonly place?: Path | 'elsewhere';
  /** The column that rows were found by. */
  readonly matched: { readonly path: Path; readonly kind: IdKind };
}

/** The members of a row that lead to a column. */
export const pathOf = (table: RestTableConfig, column: string): Path =>
  table.columns.get(column) ?? [column];

/** What a read takes out of each row of a table when it looks for values of `column`. */
export const shapeOf = (read: ReadPlan, table: RestTableConfig, column: string): RowShape => {
  const base = { rows: table.rows, columns: read.columns.map((one) => pathOf(table, one)) };
  const matchedPath = pathOf(table, column);
  if (!read.subject) return { ...base, matched: { path: matchedPath, kind: 'text' } };
  const { path, place } = read.subject;
  const isOwnPlace = place?.table === read.table && place.id === path.column;
  return {
    ...base,
    subject: { path: pathOf(table, path.column), kind: table.ids },
    ...(place?.source === read.source && {
      place: isOwnPlace ? pathOf(table, place.column) : 'elsewhere',
    }),
    matched: { path: matchedPath, kind: column === path.column ? table.ids : 'text' },
  };
};

/** The values of a row, not yet frozen: a place may still be missing. */
export type Values = unknown[];

/** Misspelt in the configuration, or no longer sent: silence would pass for "there is nothing". */
const mustHave = (objects: readonly unknown[], path: Path): void => {
  if (objects.length > 0 && objects.every((one) => valueAt(one, path) === undefined))
    throw new RestFailure('COLUMN_MISSING');
};

/**
 * The rows of an answer that were asked for. A server may send what it likes: what is no object, or
 * was not asked for, is no row, and nothing of a row is kept but what was planned.
 *
 * @param asked the values of one request
 * @param first most rows for each of them
 * @throws RestFailure when there is no list of rows, or no row has what it is known by
 */
export const readRows = (
  answer: unknown,
  shape: RowShape,
  asked: ReadonlySet<string>,
  first: number,
): Values[] => {
  const list = valueAt(answer, shape.rows);
  if (!Array.isArray(list)) throw new RestFailure('WRONG_SHAPE');
  const objects = list.filter(isObject);
  const { columns, subject, place, matched } = shape;
  mustHave(objects, matched.path);
  if (subject) mustHave(objects, subject.path);
  const taken = new Map<string, number>();
  const rows: Values[] = [];
  for (const object of objects) {
    const found = idText(valueAt(object, matched.path), matched.kind);
    // INVARIANT: nobody is answered with a row that was not looked for.
    if (found === null || !asked.has(found)) continue;
    const before = taken.get(found) ?? 0;
    if (before >= first) continue;
    taken.set(found, before + 1);
    const values: Values = columns.map((path) => valueAt(object, path) ?? null);
    if (subject) values.push(idText(valueAt(object, subject.path), subject.kind));
    if (place) values.push(place === 'elsewhere' ? null : (valueAt(object, place) ?? null));
    values.push(found);
    rows.push(values);
  }
  return rows;
};
