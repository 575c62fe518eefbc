import { nearest } from '../../core/did-you-mean.ts';
import type { Problem } from '../../core/errors.ts';
import type { DomainType } from '../../policy/model.ts';
import { linkOf } from '../../policy/guards.ts';
import { tellingColumns } from './build-erase.ts';
import { columnTypesFor, namesSubjects, type Catalog, type UniqueKeys } from './catalog.ts';

interface Need {
  readonly table: string;
  readonly column: string;
  readonly where: string;
  readonly owner: string;
}

const needsOf = (type: DomainType, types: readonly DomainType[]): readonly Need[] => {
  const table = type.table.name;
  const at = (column: string, owner = type.name, where = type.where): Need => ({
    table,
    column,
    where,
    owner,
  });
  const needs: Need[] = type.table.key.map((column) => at(column));
  if (type.person) {
    needs.push(at(type.person.id));
    if (type.person.place !== undefined) needs.push(at(type.person.place));
  }
  const { subject } = type;
  if (subject) {
    let from = table;
    for (const hop of subject.hops) {
      needs.push({ ...at(hop.own), table: from }, { ...at(hop.theirs), table: hop.table });
      from = hop.table;
    }
    needs.push({ ...at(subject.column), table: from });
  }
  for (const field of type.fields.values()) {
    if (field.kind === 'column') needs.push(at(field.column, field.coordinate, field.where));
    if (field.kind !== 'join') continue;
    needs.push(at(field.own, field.coordinate, field.where));
    const { via, theirs } = field;
    if (via) {
      for (const column of [via.on, via.to]) {
        needs.push({ ...at(column, field.coordinate, field.where), table: via.table });
      }
    }
    for (const member of theirs === undefined ? [] : field.members) {
      const target = types.find((other) => other.name === member);
      if (target?.table.source !== type.table.source || theirs === undefined) continue;
      needs.push({ ...at(theirs, field.coordinate, field.where), table: target.table.name });
    }
  }
  return needs;
};

/** The column that says whom a row concerns. */
export const subjectColumn = ({
  table,
  subject,
}: DomainType): { readonly table: string; readonly column: string } | undefined =>
  subject && { table: subject.hops.at(-1)?.table ?? table.name, column: subject.column };

/** Whether several rows may have the same values there. Of views the database promises nothing. */
const mayRepeat = (table: string, columns: readonly string[], keys: UniqueKeys): boolean =>
  keys.get(table)?.some((key) => key.every((column) => columns.includes(column))) === false;

/** Tables and columns that the SDL names and the database lacks, and columns of an unfit type. */
export const checkTypes = (
  types: readonly DomainType[],
  catalog: Catalog,
  keys: UniqueKeys,
  source: string,
): readonly Problem[] => {
  const problems = new Map<string, Problem>();
  const report = (where: string, what: string, mend: string): void => {
    problems.set(`${where} ${what}`, { where, what, mend });
  };
  const [some] = types;
  if (some && catalog.size === 0) {
    const what = `source \`${source}\` has no tables that can be read`;
    const mend = 'check its address, `schema`, and what its user may read';
    return [{ where: some.where, what, mend }];
  }
  for (const type of types) {
    for (const { table, column, where, owner } of needsOf(type, types)) {
      const columns = catalog.get(table);
      if (columns === undefined) {
        const near = nearest(table, [...catalog.keys()]);
        report(
          where,
          `source \`${source}\` has no table \`${table}\`, which \`${owner}\` names`,
          near === undefined ? 'correct the name, or the source' : `did you mean \`${near}\`?`,
        );
      } else if (!columns.has(column)) {
        const near = nearest(column, [...columns.keys()]);
        report(
          where,
          `table \`${table}\` of source \`${source}\` has no column \`${column}\`, which \`${owner}\` needs`,
          `${near === undefined ? '' : `did you mean \`${near}\`? `}Name it with @column, or correct the directive`,
        );
      }
    }
    // Pages would lose rows, and one person's say-so would open another's row.
    const ids = [type.table.key, ...(type.person ? [[type.person.id]] : [])];
    for (const columns of ids) {
      const known = columns.every((column) => catalog.get(type.table.name)?.has(column));
      if (!known || !mayRepeat(type.table.name, columns, keys)) continue;
      report(
        type.where,
        `\`${type.name}\` knows its rows by \`${columns.join(', ')}\`, which table \`${type.table.name}\` of source \`${source}\` does not keep unique and not null`,
        `name columns that are a primary key, or unique and not null: ${(keys.get(type.table.name) ?? []).map((key) => `\`${key.join(', ')}\``).join('; ') || 'the table has none yet'}`,
      );
    }
    const naming = subjectColumn(type);
    const named = naming && catalog.get(naming.table)?.get(naming.column);
    if (named && (!namesSubjects(named.type) || !named.deterministic)) {
      report(
        type.where,
        `\`${type.name}\` knows its person by \`${naming.table}.${naming.column}\`, but a \`${named.sqlType}\` has several texts for one value`,
        'name a column of whole numbers, text or uuid, so that a person is the same everywhere',
      );
    }
    for (const column of type.table.erase === 'ANONYMIZE' ? tellingColumns(type) : []) {
      const link = type.person ? undefined : linkOf(type);
      // A link that cannot be emptied stays; what it leads to is emptied.
      if (column === link || catalog.get(type.table.name)?.get(column)?.notNull !== true) continue;
      report(
        type.where,
        `\`${type.name}\` is anonymized by emptying \`${column}\`, which table \`${type.table.name}\` of source \`${source}\` keeps not null`,
        'let the column be null in the database, or write `erase: DELETE`',
      );
    }
    for (const field of type.fields.values()) {
      if (field.kind !== 'column') continue;
      const column = catalog.get(type.table.name)?.get(field.column);
      const fit = columnTypesFor(field.graphqlType);
      if (column === undefined || fit === null || fit.includes(column.type)) continue;
      report(
        field.where,
        `\`${field.coordinate}\` is \`${field.graphqlType}\`, but its column \`${field.column}\` is \`${column.sqlType}\``,
        `give the field a type that shows such a column, or name another with @column`,
      );
    }
  }
  return [...problems.values()];
};
