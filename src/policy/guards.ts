import type { DomainField, DomainModel, DomainType } from './model.ts';

/** What must be granted before a field is shown: categories as written, and named rules. */
export interface Demands {
  readonly categories: readonly string[];
  readonly rules: readonly string[];
}

export const demandsOf = ({ guard }: Pick<DomainField, 'guard'>): Demands =>
  guard.kind === 'shield' ? guard : { categories: [], rules: [] };

/**
 * What `needed` asks and `given` does not, in words for a message. A wide category asks for all
 * below it, so it may be met by those and they by it.
 */
export const lacking = (model: DomainModel, needed: Demands, given: Demands): readonly string[] => {
  const { categoryTree: tree } = model;
  const leavesOf = (name: string) => (tree.has(name) ? tree.leavesOf(name) : [name]);
  const met = new Set(given.categories.flatMap(leavesOf));
  return [
    ...needed.categories.filter((name) => leavesOf(name).some((leaf) => !met.has(leaf))),
    ...needed.rules.filter((rule) => !given.rules.includes(rule)).map((rule) => `rule ${rule}`),
  ];
};

/** True for the column by which other tables point at rows of this type. */
export const isOwnKey = ({ table, person }: DomainType, column: string): boolean =>
  person?.id === column || (table.key.length === 1 && table.key[0] === column);

/** The column of this type's table that says whom a row concerns, or which row knows. */
export const linkOf = ({ subject }: DomainType): string | undefined =>
  subject?.hops[0]?.own ?? subject?.column;

/**
 * The column whose value a field tells. A list, or a single row that points here, tells of another
 * table's columns instead; what is derived has the rules of its inputs.
 */
export const shownColumn = (type: DomainType, field: DomainField): string | undefined => {
  if (field.kind === 'column') return field.column;
  if (field.kind === 'derived' || field.list || field.via) return undefined;
  return isOwnKey(type, field.own) ? undefined : field.own;
};

/** The fields that tell a column's value. */
export const fieldsOver = (type: DomainType, column: string): readonly DomainField[] =>
  [...type.fields.values()].filter((field) => shownColumn(type, field) === column);
