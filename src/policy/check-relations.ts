import { isPersonal, soundFields, type CheckContext } from './check-context.ts';
import { demandsOf, fieldsOver, isOwnKey, lacking, linkOf } from './guards.ts';
import type { DomainField, DomainType, JoinField } from './model.ts';

/** The column in which rows of the member are looked for. */
const columnOf = (field: JoinField, member: DomainType): string =>
  field.theirs ?? member.table.key[0] ?? 'id';

/** Being found by a column tells its value, so some field of the rows' own type must rule it. */
const needField = (
  type: DomainType,
  field: JoinField,
  target: DomainType,
  c: CheckContext,
): void => {
  const column = columnOf(field, target);
  if (fieldsOver(target, column).length > 0) return;
  c.report(
    field.where,
    `\`${field.coordinate}\` finds persons’ rows of \`${target.name}\` by \`${column}\`, which no field of \`${target.name}\` rules, and being found from \`${type.name}\` would tell it`,
    `give \`${target.name}\` a field over \`${column}\`, @shield-ed by what it discloses or @open; a row is then found only when it may be`,
  );
};

const checkFromPlain = (
  type: DomainType,
  field: JoinField,
  target: DomainType,
  c: CheckContext,
): void => {
  if (field.via) {
    c.report(
      field.where,
      `\`${field.coordinate}\` leads over \`${field.via.table}\` to persons’ rows, and no rule can stand before a field of \`${type.name}\`, which concerns nobody`,
      `give \`${field.via.table}\` a type of its own that is @about the person, shield its fields, and join to that`,
    );
    return;
  }
  const column = columnOf(field, target);
  if (column !== linkOf(target) && !isOwnKey(target, column)) {
    needField(type, field, target, c);
    return;
  }
  c.report(
    field.where,
    `\`${field.coordinate}\` leads from each row to a person’s row of \`${target.name}\`, so \`${type.name}\` concerns persons too and is not marked so`,
    `mark \`${type.name}\` @about, with \`subject: "${field.own}"\` where that column holds the person’s id, and @shield or @open its fields`,
  );
};

const checkFromPersonal = (
  type: DomainType,
  field: JoinField,
  target: DomainType,
  c: CheckContext,
): void => {
  if (field.via) return;
  const column = columnOf(field, target);
  if (target.person && isOwnKey(target, column)) return;
  // Rows that point at this very row concern its person; what they tell is ruled by this field.
  if (column === linkOf(target)) {
    if (isOwnKey(type, field.own)) return;
  } else if (isOwnKey(target, column)) return;
  needField(type, field, target, c);
};

const checkToPlain = (
  type: DomainType,
  field: JoinField,
  target: DomainType,
  c: CheckContext,
): void => {
  if (field.via || !(isOwnKey(type, field.own) || field.own === linkOf(type))) return;
  c.report(
    field.where,
    `\`${field.coordinate}\` leads to rows of \`${target.name}\` that point at a person’s row, so \`${target.name}\` concerns persons and is not marked so`,
    `mark \`${target.name}\` @about, with \`subject\` or \`through\`, and @shield or @open its fields`,
  );
};

/** No relation may tell of a person what the person's own rows keep. */
export const checkReach = (type: DomainType, field: JoinField, c: CheckContext): void => {
  for (const member of field.members) {
    const target = c.model.types.get(member);
    if (!target || c.unresolved.has(type.name) || c.unresolved.has(member)) continue;
    if (target.subject) (type.subject ? checkFromPersonal : checkFromPlain)(type, field, target, c);
    else if (type.subject) checkToPlain(type, field, target, c);
  }
};

interface End {
  readonly field: DomainField;
  /** A field of several types asks for what all of them ask, so it is no measure for one. */
  readonly measure: boolean;
  readonly here: boolean;
}

/**
 * Both ends of a relation between a person and a row about them tell the same: that this row is
 * theirs. They need the same rule, or the laxer end would tell what the stricter keeps.
 */
export const checkEnds = (target: DomainType, c: CheckContext): void => {
  const link = linkOf(target);
  if (link === undefined || target.person) return;
  const ends: End[] = fieldsOver(target, link)
    .filter(c.sound)
    .map((field) => ({ field, measure: true, here: true }));
  for (const type of c.model.types.values()) {
    if (!type.subject) continue;
    for (const field of soundFields(type, c)) {
      if (field.kind !== 'join' || field.via || !field.members.includes(target.name)) continue;
      if (columnOf(field, target) !== link || !isOwnKey(type, field.own)) continue;
      ends.push({ field, measure: field.members.length === 1, here: false });
    }
  }
  for (const { field, here } of ends) {
    for (const other of ends) {
      // Two fields of one type over one column are compared where columns are.
      if (!other.measure || other.field === field || (here && other.here)) continue;
      const lacks = lacking(c.model, demandsOf(other.field), demandsOf(field));
      if (lacks.length === 0) continue;
      c.report(
        field.where,
        `\`${field.coordinate}\` tells whose a row of \`${target.name}\` is, which \`${other.field.coordinate}\` shields by ${lacks.join(', ')}`,
        `add ${lacks.join(', ')} to its @shield, or shield both ends alike`,
      );
    }
  }
};

/** A table between holds links of persons, whoever else shows it. */
export const checkBetween = (type: DomainType, field: JoinField, c: CheckContext): void => {
  const { via } = field;
  if (!via) return;
  const members = field.members.flatMap((name) => c.model.types.get(name) ?? []);
  if (![type, ...members].some((one) => isPersonal(one, c))) return;
  for (const other of c.model.types.values()) {
    if (other.table.source === type.table.source && other.table.name === via.table) {
      if (!isPersonal(other, c)) {
        c.report(
          other.where,
          `\`${other.name}\` shows the table \`${via.table}\`, whose rows link persons for \`${field.coordinate}\`, and is not marked as concerning anybody`,
          `mark \`${other.name}\` @about, and @shield or @open its fields`,
        );
      }
      for (const cell of [via.on, via.to].flatMap((column) => fieldsOver(other, column))) {
        reportLax(field, cell, via.table, c);
      }
    }
    for (const twin of soundFields(other, c)) {
      if (twin === field || twin.kind !== 'join' || twin.members.length > 1) continue;
      if (twin.via?.table !== via.table || other.table.source !== type.table.source) continue;
      reportLax(field, twin, via.table, c);
    }
  }
};

const reportLax = (
  field: DomainField,
  stricter: DomainField,
  table: string,
  c: CheckContext,
): void => {
  if (!c.sound(stricter)) return;
  const lacks = lacking(c.model, demandsOf(stricter), demandsOf(field));
  if (lacks.length === 0) return;
  c.report(
    field.where,
    `\`${field.coordinate}\` tells links of \`${table}\` that \`${stricter.coordinate}\` shields by ${lacks.join(', ')}`,
    `add ${lacks.join(', ')} to its @shield, or shield both alike`,
  );
};
