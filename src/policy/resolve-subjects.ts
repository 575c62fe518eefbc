import type { Problem } from '../core/errors.ts';
import { isOwnKey } from './guards.ts';
import type { DomainType, SubjectPath } from './model.ts';
import type { RawAbout, RawType } from './read-types.ts';

type Types = ReadonlyMap<string, RawType>;

interface Resolution {
  readonly types: Types;
  readonly persons: readonly string[];
  readonly problems: Problem[];
}

const personFor = (name: string, about: RawAbout, r: Resolution): string | undefined => {
  const named = about.type ?? (r.persons.length === 1 ? r.persons[0] : undefined);
  if (named !== undefined && r.persons.includes(named)) return named;
  r.problems.push({
    where: about.where,
    what:
      about.type === undefined
        ? `\`${name}\` is @about a person, and ${r.persons.length === 0 ? 'no type is' : 'several types are'} @subject`
        : `\`${name}\` is @about \`${about.type}\`, which is no @subject type`,
    mend:
      r.persons.length === 0
        ? 'mark the type whose rows are persons with @subject(id: "…")'
        : `write \`type:\` with one of ${r.persons.join(', ')}`,
  });
  return undefined;
};

const follow = (name: string, seen: readonly string[], r: Resolution): SubjectPath | undefined => {
  const raw = r.types.get(name);
  if (raw?.type.person) return { type: name, hops: [], column: raw.type.person.id };
  const about = raw?.about;
  if (!raw || !about) return undefined;
  if (about.subject !== undefined) {
    const type = personFor(name, about, r);
    return type === undefined ? undefined : { type, hops: [], column: about.subject };
  }
  if (about.through === undefined) return undefined;
  const complain = (what: string): undefined => {
    r.problems.push({
      where: about.where,
      what: `\`${name}\` is @about somebody through \`${about.through ?? ''}\`, ${what}`,
      mend: 'name a to-one @join field of this type that leads, in the same source, to a row that is or concerns a person',
    });
  };
  const field = raw.type.fields.get(about.through);
  if (field?.kind !== 'join') {
    complain('which is no @join field of it');
    return;
  }
  const target = field.members.length === 1 ? r.types.get(field.members[0] ?? '') : undefined;
  if (field.list || !target || field.via) {
    complain('which is not a single row');
    return;
  }
  if (target.type.table.source !== raw.type.table.source) {
    complain('in another source');
    return;
  }
  if ([...seen, name].includes(target.type.name)) {
    complain('which leads back to where it began');
    return;
  }
  const { key } = target.type.table;
  const theirs = field.theirs ?? key[0] ?? 'id';
  // Of several rows each could name another person, and one's say-so would open the other's row.
  if (!isOwnKey(target.type, theirs)) {
    complain(`which finds rows by \`${theirs}\`, not by the key, so perhaps several`);
    return;
  }
  const rest = follow(target.type.name, [...seen, name], r);
  // Where the next type is @about somebody, its own problem says why that person is not found.
  if (!rest) {
    if (!target.about) complain('which does not lead to a person');
    return;
  }
  return {
    ...rest,
    hops: [{ own: field.own, table: target.type.table.name, theirs }, ...rest.hops],
  };
};

/** Finds for each personal type how a row leads to its person. */
export const resolveSubjects = (
  types: Types,
  problems: Problem[],
): ReadonlyMap<string, DomainType> => {
  const persons = [...types.values()].flatMap(({ type }) => (type.person ? [type.name] : []));
  const resolution = { types, persons, problems };
  return new Map(
    [...types].map(([name, { type }]) => {
      const subject = follow(name, [], resolution);
      return [name, subject ? { ...type, subject } : type];
    }),
  );
};
