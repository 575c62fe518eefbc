import type { ReadPlan } from '../../policy/plan.ts';
import type { Find } from '../source.ts';
import { couldBe, type Catalog } from './catalog.ts';

/** Leaves out values that no row could have; nothing when none is left. */
export const possible = (read: ReadPlan, find: Find, catalog: Catalog): Find | undefined => {
  const typeOf = (table: string, column: string): string =>
    catalog.get(table)?.get(column)?.type ?? 'text';
  if (find.by === 'page') {
    const { after, among } = find;
    const keyTypes = read.key.map((column) => typeOf(read.table, column));
    const fits =
      after === undefined ||
      (after.length === keyTypes.length &&
        after.every((value, i) => couldBe(value, keyTypes[i] ?? 'text')));
    if (!fits || among === undefined) return fits ? find : undefined;
    const type = typeOf(read.table, among.column);
    const values = among.values.filter((value) => couldBe(value, type));
    return values.length === 0 ? undefined : { ...find, among: { ...among, values } };
  }
  if (find.by === 'subject') {
    const { path } = read.subject ?? {};
    const table = path?.hops.at(-1)?.table ?? read.table;
    return path && couldBe(find.id, typeOf(table, path.column)) ? find : undefined;
  }
  if (find.by === 'via') {
    const type = typeOf(find.table, find.on);
    const values = find.values.filter((value) => couldBe(value, type));
    return values.length === 0 ? undefined : { ...find, values };
  }
  const types = find.columns.map((column) => typeOf(read.table, column));
  const tuples = find.tuples.filter((tuple) =>
    tuple.every((value, i) => couldBe(value, types[i] ?? 'text')),
  );
  return tuples.length === 0 ? undefined : { ...find, tuples };
};

/** How many cells a row of this read has: `Row.values`. */
export const widthOf = (read: ReadPlan, find: Find): number => {
  const { subject, source, columns, key } = read;
  const about = subject ? (subject.place?.source === source ? 2 : 1) : 0;
  const own = columns.length + about;
  switch (find.by) {
    case 'page':
      return own + (find.among ? 1 : 0) + key.length;
    case 'subject':
      return own + key.length;
    case 'via':
      return own + 1;
    case 'equal':
      return own + find.columns.length;
  }
};
