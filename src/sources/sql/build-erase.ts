import type { Knex } from 'knex';
import { linkOf, shownColumn } from '../../policy/guards.ts';
import type { DomainType } from '../../policy/model.ts';
import type { EraseRequest } from '../source.ts';
import { comparable, quoted, quotedType, subjectRef, subjectText } from './build-select.ts';
import type { Catalog } from './catalog.ts';

export interface EraseContext {
  readonly knex: Knex;
  readonly schema: string;
  readonly catalog: Catalog;
}

/**
 * Whether a row, aliased `t`, concerns the person, whose id is bound twice: so that an index is used,
 * and as the very text, since `7` and `007` are one number and two accounts.
 */
const concerns = (type: DomainType, { schema, catalog }: EraseContext): string => {
  const { subject, table } = type;
  const person = subjectRef(subject, table.name, { catalog });
  if (subject === undefined || person === undefined) return 'false';
  const { sql, type: compared } = comparable(person);
  const match = `${sql} = ?::${quotedType(compared)} and ${subjectText(person)}::text = ?::text`;
  const [first, ...rest] = subject.hops;
  if (first === undefined) return match;
  const joins = rest.map(
    (hop, i) =>
      `join ${quoted(schema, hop.table)} as "h${i + 1}" on ${quoted(`h${i + 1}`, hop.theirs)} = ${quoted(`h${i}`, hop.own)}`,
  );
  return `exists (select from ${quoted(schema, first.table)} as "h0" ${joins.join(' ')}
    where ${quoted('h0', first.theirs)} = ${quoted('t', first.own)} and ${match})`;
};

const keysOf = ({ table, person }: DomainType): readonly string[] => [
  ...table.key,
  ...(person ? [person.id] : []),
];

/**
 * The columns that tell something of the person: those of shielded fields, where they live, and the
 * link to them. Not the key, which others point at.
 */
export const tellingColumns = (type: DomainType): readonly string[] => {
  const columns = new Set<string>();
  for (const field of type.fields.values()) {
    if (field.guard.kind !== 'shield') continue;
    const column = shownColumn(type, field);
    if (column !== undefined) columns.add(column);
  }
  if (type.person?.place !== undefined) columns.add(type.person.place);
  const link = type.person ? undefined : linkOf(type);
  if (link !== undefined) columns.add(link);
  for (const key of keysOf(type)) columns.delete(key);
  return [...columns];
};

/** The statement that erases or counts one person's rows of a type; it binds the person's id twice. */
export const eraseStatement = (
  { type, also = [], how }: EraseRequest,
  c: EraseContext,
): { readonly sql: string; readonly counts: boolean } => {
  const table = `${quoted(c.schema, type.table.name)} as "t"`;
  const where = concerns(type, c);
  if (how === 'DELETE') return { sql: `delete from ${table} where ${where}`, counts: false };
  const columns = c.catalog.get(type.table.name);
  const shown = [type, ...also];
  const kept = new Set(shown.flatMap(keysOf));
  const emptied = [...new Set(shown.flatMap(tellingColumns))].filter(
    (name) => !kept.has(name) && columns?.get(name)?.notNull === false,
  );
  if (how === 'COUNT' || emptied.length === 0)
    return { sql: `select count(*)::int as count from ${table} where ${where}`, counts: true };
  const set = emptied.map((name) => `${quoted(name)} = null`).join(', ');
  return { sql: `update ${table} set ${set} where ${where}`, counts: false };
};
