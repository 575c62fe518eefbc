import type { Knex } from 'knex';
import { storable, type AuditDecision, type StoredAuditEntry } from './entry.ts';

/** Which entries to read, newest first. */
export interface AuditQuery {
  readonly first: number;
  /** Only entries with a lower sequence number. */
  readonly before?: number | undefined;
  readonly client?: string | undefined;
  readonly purpose?: string | undefined;
  /** Only entries that decided about this subject's number. */
  readonly subject?: number | undefined;
}

type StoredDecision = readonly [readonly string[], boolean, string, number, string];

interface EntryRow {
  readonly sequence: string;
  readonly id: string;
  readonly at: Date;
  readonly client: string;
  readonly actor: string;
  readonly purpose: string | null;
  readonly operation: string | null;
  readonly document_hash: string;
  readonly policy: string;
  readonly head: string | null;
  readonly decided_at: string | null;
  readonly outcome: string;
  readonly decisions: readonly StoredDecision[];
  readonly signals: readonly string[];
}

const columns = `sequence::text, id, at, client, actor, purpose, operation, document_hash, policy,
  head::text, (extract(epoch from decided_at) * 1000000)::bigint::text as decided_at, outcome,
  decisions, signals`;

/** Whether packed ranges (`1-5,9`) hold a number. */
export const rangesHold = (ranges: string, number: number): boolean =>
  ranges.split(',').some((range) => {
    const [from, to = from] = range.split('-');
    return from !== '' && from !== '?' && Number(from) <= number && number <= Number(to);
  });

const decisionOf = ([
  coordinates,
  released,
  reason,
  count,
  subjects,
]: StoredDecision): AuditDecision => ({
  coordinates,
  released,
  reason,
  count,
  subjects,
});

const entryOf = (row: EntryRow): StoredAuditEntry => ({
  sequence: Number(row.sequence),
  id: row.id,
  at: row.at,
  client: row.client,
  actor: row.actor,
  purpose: row.purpose ?? undefined,
  operation: row.operation ?? undefined,
  documentHash: row.document_hash,
  policy: row.policy,
  head: row.head === null ? undefined : Number(row.head),
  decidedAt: row.decided_at === null ? undefined : Number(row.decided_at),
  outcome: row.outcome,
  signals: row.signals,
  decisions: row.decisions.map(decisionOf),
});

const readBatch = async (knex: Knex, query: AuditQuery): Promise<readonly StoredAuditEntry[]> => {
  const select = knex('audit_entry')
    .select(knex.raw(columns))
    // With its table: alone it would be the text of the column list, and 999 come before 2500.
    .orderBy('audit_entry.sequence', 'desc')
    .limit(query.first);
  if (query.before !== undefined) void select.where('sequence', '<', query.before);
  if (query.client !== undefined) void select.where('client', storable(query.client));
  if (query.purpose !== undefined) void select.where('purpose', storable(query.purpose));
  return ((await select) as unknown as EntryRow[]).map(entryOf);
};

/** Which of a person's entries to read, newest first. */
export interface SubjectQuery {
  readonly subject: number;
  readonly first: number;
  readonly before?: number | undefined;
  /** Most entries to look through. */
  readonly most: number;
}

/**
 * Reads the entries that decided about a person, newest first, looking through a bounded part of the
 * log.
 *
 * @returns the entries with the decisions about that person alone, and the sequence number to go on
 *   from; null at the log's beginning
 */
export const readSubjectEntries = async (
  knex: Knex,
  { subject, first, before, most }: SubjectQuery,
): Promise<{ readonly entries: readonly StoredAuditEntry[]; readonly next: number | null }> => {
  const found: StoredAuditEntry[] = [];
  let from = before;
  for (let seen = 0; seen < most && found.length < first;) {
    const size = Math.min(1_000, most - seen);
    const batch = await readBatch(knex, { first: size, before: from });
    for (const entry of batch) {
      from = entry.sequence;
      const decisions = entry.decisions.filter(({ subjects }) => rangesHold(subjects, subject));
      if (decisions.length > 0) found.push({ ...entry, decisions });
      if (found.length >= first) return { entries: found, next: entry.sequence };
    }
    if (batch.length < size) return { entries: found, next: null };
    seen += batch.length;
  }
  return { entries: found, next: from ?? null };
};

/** Reads the log, newest first. With \`subject\` it looks through batches until enough are found. */
export const readAuditEntries = async (
  knex: Knex,
  query: AuditQuery,
): Promise<readonly StoredAuditEntry[]> => {
  const { subject } = query;
  if (subject === undefined) return readBatch(knex, query);
  const found: StoredAuditEntry[] = [];
  let before = query.before;
  while (found.length < query.first) {
    const batch = await readBatch(knex, { ...query, before, first: 1_000 });
    for (const entry of batch) {
      const decisions = entry.decisions.filter(({ subjects }) => rangesHold(subjects, subject));
      if (decisions.length > 0) found.push({ ...entry, decisions });
    }
    before = batch.at(-1)?.sequence;
    if (batch.length < 1_000) break;
  }
  return found.slice(0, query.first);
};
