import type { SubjectRef } from '../core/consent.ts';
import { SourceError, tooManyRows } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { shownColumn } from '../policy/guards.ts';
import type { DomainField, DomainType } from '../policy/model.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { RequestSignals, Row, Source, Sources } from '../sources/source.ts';
import { asText } from './release-rows.ts';

/** Rows about one person, read for that person. */
export interface OwnRows {
  readonly type: DomainType;
  /** In the order of the values. */
  readonly fields: readonly DomainField[];
  readonly rows: readonly (readonly unknown[])[];
}

const page = 1_000;

/**
 * The fields whose own column tells something of the person: not the key, by which rows elsewhere
 * are found or not, and nothing that a resolver computes. Nor what leads to other persons or to
 * their rows; the row that says whose this one is, is theirs.
 */
const ownFields = (type: DomainType, policy: Policy): readonly DomainField[] =>
  [...type.fields.values()].filter((field) => {
    if (field.kind === 'column') return true;
    const column = shownColumn(type, field);
    if (field.kind === 'derived' || column === undefined) return false;
    if (type.subject?.hops[0]?.own === column) return true;
    return field.members.every((member) => policy.model.types.get(member)?.subject === undefined);
  });

const planFor = (type: DomainType, fields: readonly DomainField[]): ReadPlan => ({
  type: type.name,
  source: type.table.source,
  table: type.table.name,
  key: type.table.key,
  columns: fields.map((field) =>
    field.kind === 'column' ? field.column : field.kind === 'join' ? field.own : '',
  ),
  ...(type.subject && { subject: { path: type.subject } }),
});

const readType = async (
  source: Source,
  type: DomainType,
  id: string,
  policy: Policy,
  signals: RequestSignals | undefined,
): Promise<OwnRows> => {
  const fields = ownFields(type, policy);
  const read = planFor(type, fields);
  const rows: (readonly unknown[])[] = [];
  let after: readonly string[] | undefined;
  for (;;) {
    const limit = Math.min(page, source.maxRows);
    const find = { by: 'subject', id, limit, ...(after && { after }) } as const;
    const found: readonly Row[] = await source.fetch(read, find, signals);
    for (const { values } of found) {
      // INVARIANT: whatever a source gives, a person is shown rows about themself alone.
      if (asText(values[fields.length]) === id) rows.push(values.slice(0, fields.length));
    }
    if (rows.length > source.maxRows) throw tooManyRows(source.name, source.maxRows);
    const last = found.at(-1);
    if (last === undefined || found.length < limit) return { type, fields, rows };
    after = read.key.map((_, i) => asText(last.values[fields.length + 1 + i]) ?? '');
  }
};

/**
 * Reads every row about a person from every source, for that person alone: no purpose is asked,
 * because the data are their own.
 *
 * @throws SourceError when a source does not answer: half an answer would pass for all
 */
export const readOwnData = async (
  { type: person, id }: SubjectRef,
  policy: Policy,
  sources: Sources,
  signals?: RequestSignals,
): Promise<readonly OwnRows[]> => {
  const about = [...policy.model.types.values()].filter(({ subject }) => subject?.type === person);
  const own: OwnRows[] = [];
  for (const type of about) {
    const source = sources.get(type.table.source);
    if (!source) throw new SourceError('no such source', 'SOURCE_UNAVAILABLE', type.table.source);
    own.push(await readType(source, type, id, policy, signals));
  }
  return own;
};

/** Where a person lives, as their source says it; undefined where it does not. */
export const readPlace = async (
  { type: name, id }: SubjectRef,
  policy: Policy,
  sources: Sources,
  signals?: RequestSignals,
): Promise<{ readonly known: boolean; readonly place: unknown }> => {
  const type = policy.model.types.get(name);
  const source = sources.get(type?.table.source ?? '');
  if (!type?.person || !source) return { known: false, place: undefined };
  const { place } = type.person;
  const read: ReadPlan = {
    type: name,
    source: source.name,
    table: type.table.name,
    key: type.table.key,
    columns: place === undefined ? [] : [place],
    subject: { path: { type: name, hops: [], column: type.person.id } },
  };
  const find = { by: 'equal', columns: [type.person.id], tuples: [[id]] } as const;
  const rows = await source.fetch(read, find, signals);
  const row = rows.find(({ values }) => asText(values[read.columns.length]) === id);
  return { known: row !== undefined, place: place === undefined ? undefined : row?.values[0] };
};
