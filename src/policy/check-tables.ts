import { isPersonal, soundFields, type CheckContext } from './check-context.ts';
import { demandsOf, fieldsOver, lacking, linkOf, shownColumn } from './guards.ts';
import type { DomainField, DomainType, SubjectPath } from './model.ts';

const sameTable = (a: DomainType, b: DomainType): boolean =>
  a.table.source === b.table.source && a.table.name === b.table.name;

const samePath = (a: SubjectPath | undefined, b: SubjectPath | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

const differ = (a: DomainField, b: DomainField, c: CheckContext): boolean =>
  lacking(c.model, demandsOf(a), demandsOf(b)).length +
    lacking(c.model, demandsOf(b), demandsOf(a)).length >
  0;

const compareColumns = (type: DomainType, earlier: DomainType, c: CheckContext): void => {
  const known = new Map<string, DomainField>();
  for (const field of soundFields(earlier, c)) {
    const column = shownColumn(earlier, field);
    if (column !== undefined && !known.has(column)) known.set(column, field);
  }
  for (const field of soundFields(type, c)) {
    const column = shownColumn(type, field);
    const other = column === undefined ? undefined : known.get(column);
    if (column === undefined || !other || other === field || !differ(field, other, c)) continue;
    c.report(
      field.where,
      `\`${field.coordinate}\` shows the same column \`${column}\` as \`${other.coordinate}\` under another rule`,
      'give both the same @shield, or keep one of them',
    );
  }
};

/** A column has one rule and a row concerns one person, whatever types and fields show them. */
export const checkColumns = (types: readonly DomainType[], c: CheckContext): void => {
  types.forEach((type, i) => {
    if (type.subject) compareColumns(type, type, c);
    for (const earlier of types.slice(0, i)) {
      if (!sameTable(type, earlier)) continue;
      const [mine, theirs] = [isPersonal(type, c), isPersonal(earlier, c)];
      if (!mine && !theirs) continue;
      const { name } = type.table;
      if (mine !== theirs) {
        const [plain, personal] = mine ? [earlier, type] : [type, earlier];
        c.report(
          plain.where,
          `\`${plain.name}\` shows the table \`${name}\`, whose rows concern persons as \`${personal.name}\` says (${personal.where}), and is not marked so`,
          `mark it @about or @subject as \`${personal.name}\` is, and @shield or @open its fields`,
        );
        continue;
      }
      if (!type.subject || !earlier.subject) continue;
      if (!samePath(type.subject, earlier.subject)) {
        c.report(
          type.where,
          `\`${type.name}\` and \`${earlier.name}\` show the table \`${name}\` and name different persons for the same row`,
          'find the person the same way in both, so that nobody’s row opens on another’s say-so',
        );
      }
      if (type.table.erase !== earlier.table.erase) {
        c.report(
          type.where,
          `\`${type.name}\` and \`${earlier.name}\` show the table \`${name}\` and erase its rows differently`,
          'write the same `erase` in both',
        );
      }
      compareColumns(type, earlier, c);
    }
  });
};

/** Root fields take the key and cursors hold it: whoever may ask at all may know it. */
export const checkKey = (type: DomainType, c: CheckContext): void => {
  const { table, person } = type;
  if (!type.subject) return;
  const link = linkOf(type);
  if (table.root && !person && link !== undefined && table.key.includes(link)) {
    c.report(
      type.where,
      `\`${type.name}\` is keyed by \`${link}\`, which says whom a row concerns, so its root fields would tell of whom there are rows`,
      'write `root: false` and join to it from the person, or key the table by a surrogate',
    );
    return;
  }
  const governed = table.root ? table.key : [];
  for (const column of new Set([...governed, ...(person ? [person.id] : [])])) {
    const shows = fieldsOver(type, column);
    for (const field of shows) {
      if (field.guard.kind !== 'shield') continue;
      c.report(
        field.where,
        `\`${field.coordinate}\` is @shield-ed and is the key of \`${type.name}\`, by which anybody may ask for a row`,
        'key the table by a surrogate that discloses nothing, and mark that @open',
      );
    }
    if (shows.length > 0 || !governed.includes(column)) continue;
    c.report(
      type.where,
      `\`${type.name}\` is keyed by \`${column}\`, which its root fields and cursors would tell, and no field of it is @open`,
      `add a field over \`${column}\` that is @open, saying why it discloses nothing; or write \`root: false\``,
    );
  }
};

/** Where somebody lives is about them, whatever the column is for. */
export const checkPlace = (person: DomainType, c: CheckContext): void => {
  const place = person.person?.place;
  if (place === undefined) return;
  for (const type of c.model.types.values()) {
    if (!sameTable(type, person)) continue;
    for (const field of fieldsOver(type, place)) {
      if (field.guard.kind !== 'open') continue;
      c.report(
        field.where,
        `\`${field.coordinate}\` is @open and shows \`${place}\`, where the person lives (\`place\` of \`${person.name}\`)`,
        'write `@shield(category: …)` with the category of places',
      );
    }
  }
};
