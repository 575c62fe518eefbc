import type { RestTableConfig } from '../../config/config.ts';
import { nearest } from '../../core/did-you-mean.ts';
import type { Problem } from '../../core/errors.ts';
import { fieldsOver, isOwnKey, linkOf } from '../../policy/guards.ts';
import type { DomainType, JoinField } from '../../policy/model.ts';

type Tables = ReadonlyMap<string, RestTableConfig>;
type Report = (where: string, what: string, mend: string) => void;

/** Whether rows found by this column may have to be hidden, so that they are read page by page. */
const isGated = (
  from: DomainType,
  field: JoinField,
  target: DomainType,
  column: string,
): boolean => {
  if (target.subject === undefined) return false;
  const isLink = column === linkOf(target);
  if (isLink && (target.person !== undefined || isOwnKey(from, field.own))) return false;
  return fieldsOver(target, column).some(({ guard }) => guard.kind === 'shield');
};

const checkFound = (
  where: string,
  who: string,
  column: string,
  { table }: DomainType,
  tables: Tables,
  report: Report,
): void => {
  const known = tables.get(table.name);
  if (known === undefined || known.by.has(column)) return;
  const near = nearest(column, [...known.by.keys()]);
  report(
    where,
    `${who} looks for rows of \`${table.name}\` by \`${column}\`, for which source \`${table.source}\` has no query parameter`,
    `${near === undefined ? '' : `did you mean \`${near}\`? `}Name the parameter in the configuration, under \`by\` of the table`,
  );
};

const checkType = (type: DomainType, tables: Tables, report: Report): void => {
  const { name, where, table, subject, person } = type;
  const { source } = table;
  if (!tables.has(table.name)) {
    const near = nearest(table.name, [...tables.keys()]);
    report(
      where,
      `source \`${source}\` has no table \`${table.name}\`, which \`${name}\` names`,
      near === undefined
        ? 'write how it is asked for in the configuration, under `tables` of the source'
        : `did you mean \`${near}\`?`,
    );
  }
  if (table.root) {
    report(
      where,
      `\`${name}\` has root fields, and source \`${source}\` is a REST API, which cannot be read page by page`,
      'write `root: false`, and join to it from another type',
    );
  }
  if (subject && subject.hops.length > 0) {
    report(
      where,
      `\`${name}\` finds its person over another table, which a REST API cannot do in one question`,
      'name the column with the person’s id by `@about(subject:)`',
    );
  }
  if (subject?.hops.length === 0) {
    const who = person ? `whoever is a \`${name}\`` : `the person, who may see their \`${name}\`,`;
    checkFound(where, who, subject.column, type, tables, report);
  }
  if (table.erase === 'DELETE' || table.erase === 'ANONYMIZE') {
    report(
      where,
      `\`${name}\` says \`erase: ${table.erase}\`, and source \`${source}\` is a REST API, which is only read`,
      'erase there by other means and leave `erase` out, or write `erase: KEEP` with the law',
    );
  }
  for (const field of type.fields.values()) {
    if (field.kind !== 'join' || !field.via) continue;
    report(
      field.where,
      `\`${field.coordinate}\` leads over \`${field.via.table}\`, and source \`${source}\` is a REST API, which cannot join tables`,
      `give \`${field.via.table}\` a type of its own, and join to that`,
    );
  }
};

const checkJoin = (
  from: DomainType,
  field: JoinField,
  target: DomainType,
  tables: Tables,
  report: Report,
): void => {
  if (field.via) return;
  const column = field.theirs ?? target.table.key[0] ?? 'id';
  checkFound(field.where, `\`${field.coordinate}\``, column, target, tables, report);
  if (!isGated(from, field, target, column)) return;
  report(
    field.where,
    `\`${field.coordinate}\` finds rows of \`${target.name}\` by \`${column}\`, which is @shield-ed, so that some are left out; a REST API cannot be read on until enough are found`,
    'find them by the column that says whom they concern, from that person; or keep them in a database',
  );
};

/** What the SDL asks that the configured API cannot do. Nothing is sent. */
export const checkTypes = (
  types: readonly DomainType[],
  domain: readonly DomainType[],
  tables: Tables,
): readonly Problem[] => {
  const problems = new Map<string, Problem>();
  const report: Report = (where, what, mend) => {
    problems.set(`${where} ${what}`, { where, what, mend });
  };
  for (const type of types) checkType(type, tables, report);
  const own = new Map(types.map((type) => [type.name, type]));
  for (const from of domain) {
    for (const field of from.fields.values()) {
      if (field.kind !== 'join') continue;
      for (const name of field.members) {
        const target = own.get(name);
        if (target) checkJoin(from, field, target, tables, report);
      }
    }
  }
  return [...problems.values()];
};
