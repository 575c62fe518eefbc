import type { Knex } from 'knex';
import type { AuditStore } from '../audit/audit-store.ts';
import { AuditError } from '../core/errors.ts';
import type { ErasureLine } from './subject-eraser.ts';

/** Two-part key of the lock under which erasures are entered into the log, each once. */
const erasureLock = [0x5a50, 3] as const;

interface ErasureRow {
  readonly position: number;
  readonly actor: string;
  readonly subject: number | null;
  readonly entry: string;
  readonly report: readonly ErasureLine[];
}

/**
 * Enters into the audit log what erasures are not in it yet: that of just now, and one whose process
 * was ended between destroying the link and saying so.
 *
 * @returns how many
 * @throws AuditError AUDIT_UNAVAILABLE; the next call, or the next start, enters them
 */
export const logErasures = async (knex: Knex, audit: AuditStore): Promise<number> => {
  try {
    return await knex.transaction(async (trx) => {
      await trx.raw('select pg_advisory_xact_lock(?, ?)', [...erasureLock]);
      // A statement of its own, which sees what whoever held the lock before has entered.
      const { rows } = await trx.raw<{ rows: ErasureRow[] }>(
        `select position::float8, actor, subject, entry, report from erasure
         where not exists (select from audit_entry where audit_entry.id = erasure.entry)
         order by position`,
      );
      for (const { position, actor, subject, entry, report } of rows) {
        await audit.append({
          kind: 'erasure',
          id: entry,
          actor,
          head: position,
          subject: subject ?? undefined,
          sources: report.map((line) => [line.source, line.type, line.outcome, line.rows]),
        });
      }
      return rows.length;
    });
  } catch (error) {
    throw error instanceof AuditError ? error : new AuditError(error);
  }
};
