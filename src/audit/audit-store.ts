import type { Knex } from 'knex';
import { AuditError } from '../core/errors.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';
import { storable, type AuditEntry } from './entry.ts';

/** The audit log's one writer. */
export interface AuditStore {
  /**
   * Makes an entry durable; only then may its answer leave. Entries that arrive while one
   * transaction commits share the next.
   * @throws AuditError AUDIT_UNAVAILABLE when it is not known to be durable
   */
  append(entry: AuditEntry): Promise<void>;
}

const insert = `
  with head as (update audit_head set sequence = sequence + ? returning sequence),
  entries as (
    select * from json_to_recordset(?::json) as entry (
      nr integer, id uuid, client text, actor text, purpose text, operation text,
      "documentHash" text, policy text, head bigint, "decidedAt" bigint, outcome text,
      decisions jsonb, signals text[]
    )
  )
  insert into audit_entry
    (sequence, id, client, actor, purpose, operation, document_hash, policy, head, decided_at,
     outcome, decisions, signals)
  select head.sequence - ? + nr, id, client, actor, purpose, operation, "documentHash", policy,
    entries.head, timestamptz 'epoch' + "decidedAt" * interval '1 microsecond', outcome, decisions,
    signals
  from entries, head`;

/** A log that is silent for longer counts as one that cannot be written. */
const timeoutMs = 10_000;

const asRecord = ({ decisions, ...entry }: AuditEntry, index: number) => ({
  ...entry,
  client: storable(entry.client),
  actor: storable(entry.actor),
  operation: entry.operation === undefined ? undefined : storable(entry.operation),
  nr: index + 1,
  decisions: decisions.map(({ coordinates, released, reason, count, subjects }) => [
    coordinates,
    released,
    reason,
    count,
    subjects,
  ]),
});

/** One statement is one transaction; it answers when it is on disk (synchronous_commit). */
const write = async (knex: Knex, entries: readonly AuditEntry[]): Promise<void> => {
  const records = JSON.stringify(entries.map(asRecord));
  await knex.raw(insert, [entries.length, records, entries.length]).timeout(timeoutMs);
};

/** Whether the database refused what an entry says (data, constraints), so that nothing was written. */
const isRefusal = (error: unknown): boolean =>
  /^2[23]/.test((error as { code?: string } | null)?.code ?? '');

/** Keeps the audit log in Sayso's own database. */
export const createAuditStore = (knex: Knex): AuditStore => {
  /** The entries that were not written, with the reason. */
  const appendAll = shareWhileBusy<AuditEntry, ReadonlyMap<AuditEntry, unknown>>(
    async (entries) => {
      const failed = new Map<AuditEntry, unknown>();
      try {
        await write(knex, entries);
      } catch (error) {
        const alone = entries.length > 1 && isRefusal(error);
        for (const entry of entries) {
          // One that the database will not have does not keep the others out.
          const reason = alone ? await write(knex, [entry]).catch((own: unknown) => own) : error;
          if (reason !== undefined) failed.set(entry, reason);
        }
      }
      return failed;
    },
  );
  return {
    append: async (entry) => {
      const failed = await appendAll(entry);
      if (failed.has(entry)) throw new AuditError(failed.get(entry));
    },
  };
};

/** Keeps the text of a policy, so that an auditor can read what an entry's hash names. */
export const keepPolicy = async (
  knex: Knex,
  policy: { readonly id: string; readonly text: string },
): Promise<void> => {
  await knex.raw('insert into policy (id, sdl) values (?, ?) on conflict (id) do nothing', [
    policy.id,
    policy.text,
  ]);
};
