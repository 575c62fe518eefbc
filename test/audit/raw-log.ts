import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import type { AuditEntry, OperationEntry, PackedDecisions } from '../../src/audit/entry.ts';
import { beginLog } from '../../src/audit/log-state.ts';
import { ensureMonths } from '../../src/audit/partitions.ts';
import { packLines } from '../setup/pack-lines.ts';

export const policyId = `sha256:${'a'.repeat(64)}`;

let made = 0;
/** Ids in order, so that a failure says which. */
export const nextId = (): string =>
  `00000000-0000-7000-8000-${(made += 1).toString(16).padStart(12, '0')}`;

export const operation = (changes: Partial<OperationEntry> = {}): OperationEntry => ({
  kind: 'operation',
  id: nextId(),
  client: 'shop-web',
  actor: 'client:shop-web',
  purpose: 'SUGGEST',
  operation: 'Home',
  documentHash: 'b'.repeat(64),
  policy: policyId,
  head: 42,
  decidedAt: 1_795_456_821_371_123,
  notices: [],
  outcome: 'ANSWERED',
  signals: [],
  errors: [],
  coordinates: [],
  sets: [],
  decisions: [],
  ...changes,
});

/** `[reason, coordinates, subjects]`; no subjects, `''`, where a list was not read. */
export const decided = (
  ...lines: readonly (readonly [string, readonly string[], string])[]
): PackedDecisions =>
  packLines(
    lines.map(([reason, fields, subjects]) =>
      subjects === '' ? [reason, fields] : [reason, fields, subjects],
    ),
  );

/** Entries, or bytes that are none, as they lie in the database; times are the test's to choose. */
export const writeRaw = async (
  knex: Knex,
  origin: string,
  leaves: readonly (readonly [AuditEntry | Buffer, Date])[],
): Promise<number> => {
  const log = await beginLog(knex, origin, `${origin}+01234567+AAAA`);
  const rows = leaves.flatMap(([entry, at]) =>
    (Buffer.isBuffer(entry) ? [entry] : encodeEntry(entry, at)).map((bytes) => ({
      at,
      id: Buffer.isBuffer(entry) ? nextId() : entry.id,
      entry: bytes,
      hash: createHash('sha256').update('\0').update(bytes).digest(),
    })),
  );
  for (const month of new Set(rows.map(({ at }) => at.toISOString().slice(0, 7))))
    await ensureMonths(knex, new Date(`${month}-01T00:00:00Z`));
  const { rows: states } = await knex.raw<{ rows: { size: number }[] }>(
    'select size from audit_log where id = ?',
    [log],
  );
  const from = states[0]?.size ?? 0;
  await knex.transaction(async (trx) => {
    await trx.batchInsert(
      'audit_entry',
      rows.map((row, i) => ({ log, index: from + i, ...row })),
      500,
    );
    await trx.raw('update audit_log set size = ? where id = ?', [from + rows.length, log]);
  });
  return log;
};
