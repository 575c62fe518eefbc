import type { ConsentInput } from '../core/consent.ts';
import type { NumberedEvent } from './numbered-event.ts';

const chunk = 2_000;

/**
 * Cuts events into statements. A statement does not see its own rows, so what is said now begins
 * another one when the same subject is already in it with something else.
 */
export const statementsOf = (
  events: readonly NumberedEvent[],
): readonly (readonly NumberedEvent[])[] => {
  const statements: NumberedEvent[][] = [];
  let current: NumberedEvent[] = [];
  let seen = new Map<number, ConsentInput>();
  for (const event of events) {
    const before = seen.get(event.subject);
    const mustSee = before !== undefined && before !== event.input && event.input.at === undefined;
    if (mustSee || current.length >= chunk) {
      statements.push(current);
      current = [];
      seen = new Map();
    }
    seen.set(event.subject, event.input);
    current.push(event);
  }
  if (current.length > 0) statements.push(current);
  return statements;
};

/**
 * An event said now is newer than all that its subject said before, even if the clock was set
 * back: otherwise a withdrawal could lie before the yes it takes back. A number that no longer
 * stands for anybody takes no word: it would count for nobody.
 */
export const insertEvents = `
  insert into consent_event
    (position, subject, kind, purposes, categories, at, valid_until, method, actor, record, origins,
     declared, notice, notice_version, language, recipients, bases, signal, confirmed, evidence, policy)
  select position, subject, kind, purposes, categories,
    coalesce(at, greatest(clock_timestamp(), (
      select max(earlier.at) + interval '1 microsecond' from consent_event as earlier
      where earlier.subject = event.subject
    ))),
    valid_until, method, actor, record, origins, declared, notice, notice_version, language,
    recipients, bases, signal, confirmed, evidence, policy
  from json_to_recordset(?::json) as event (
    position bigint, subject integer, kind text, purposes text[], categories text[],
    at timestamptz, valid_until timestamptz, method text, actor text, record uuid, origins text[],
    declared text[], notice text, notice_version integer, language text, recipients text[],
    bases text[], signal text, confirmed boolean, evidence text, policy text
  )
  where exists (select from subject where subject.number = event.subject)
  order by position`;

/** A line as `insertEvents` takes it. */
export const asRecord = (
  { input, part, event, subject }: NumberedEvent,
  position: number,
  policy: string,
) => ({
  position,
  subject,
  kind: input.kind,
  purposes: part.purposes,
  categories: part.categories,
  at: input.at?.toISOString(),
  valid_until: input.validUntil?.toISOString(),
  method: input.method,
  actor: input.actor,
  record: event.record,
  origins: part.origins,
  declared: part.declared,
  notice: event.notice?.id,
  notice_version: event.notice?.version,
  language: event.notice?.language,
  recipients: part.recipients,
  bases: part.bases,
  signal: input.signal,
  confirmed: input.confirmed === true,
  evidence: input.evidence,
  policy,
});
