import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { AuditStore } from '../audit/audit-store.ts';
import { AuditError } from '../core/errors.ts';
import { locks } from '../core/locks.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';
import type { ErasureLine } from './subject-eraser.ts';

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
export type LogErasures = () => Promise<number>;

/** Another process that enters them is waited for so long. */
const timeoutMs = 10_000;
const pauseMs = 20;

/** @returns `undefined` while another process is at it */
const enter = (knex: Knex, audit: AuditStore): Promise<number | undefined> =>
  knex.transaction(async (trx) => {
    const { rows: locked } = await trx.raw<{ rows: { mine: boolean }[] }>(
      'select pg_try_advisory_xact_lock(?, ?) as mine',
      [...locks.erasures],
    );
    if (locked[0]?.mine !== true) return undefined;
    // A statement of its own, which sees what whoever held the lock before has entered. The entry
    // itself may be gone by retention, and is looked for only where that was not noted.
    const { rows } = await trx.raw<{ rows: ErasureRow[] }>(
      `select position::float8, actor, subject, entry, report from erasure
       where not exists (select from audit_erasure where audit_erasure.position = erasure.position)
         and not exists (select from audit_entry where audit_entry.id = erasure.entry)
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
    await trx.raw(
      `insert into audit_erasure (position)
       select position from erasure where position = any(?::bigint[]) on conflict do nothing`,
      [rows.map(({ position }) => position)],
    );
    return rows.length;
  });

/** However many erase at once: a transaction that waits for another would keep others from writing. */
export const createLogErasures = (knex: Knex, audit: AuditStore): LogErasures => {
  const shared = shareWhileBusy<undefined, number>(async () => {
    try {
      for (const until = performance.now() + timeoutMs; ;) {
        const entered = await enter(knex, audit);
        if (entered !== undefined) return entered;
        if (performance.now() > until)
          throw new Error('another process enters erasures for too long');
        await sleep(pauseMs);
      }
    } catch (error) {
      throw error instanceof AuditError ? error : new AuditError(error);
    }
  });
  return () => shared(undefined);
};
