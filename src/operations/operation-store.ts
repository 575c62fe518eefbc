import type { Knex } from 'knex';
import type { OperationDraft, RegisteredOperation } from './registered-operation.ts';

interface OperationRow {
  readonly client: string;
  readonly sha256: string;
  readonly document: string;
  readonly operation: string | null;
  readonly purpose: string | null;
  readonly policy: string;
  readonly registered_at: Date;
  readonly registered_by: string;
  readonly removed_at: Date | null;
  readonly removed_by: string | null;
}

const fromRow = (row: OperationRow): RegisteredOperation => ({
  client: row.client,
  sha256: row.sha256,
  document: row.document,
  operation: row.operation ?? undefined,
  purpose: row.purpose ?? undefined,
  policy: row.policy,
  registeredAt: row.registered_at,
  registeredBy: row.registered_by,
  removed:
    row.removed_at === null || row.removed_by === null
      ? undefined
      : { at: row.removed_at, by: row.removed_by },
});

/** Which operations are read. */
export interface OperationFilter {
  /** Of all clients when absent. */
  readonly client?: string | undefined;
  /** Those that were removed, too. */
  readonly removed?: boolean;
}

/** Operations as they are registered, by client, then oldest first. */
export const readOperations = async (
  knex: Knex,
  { client, removed = false }: OperationFilter = {},
): Promise<readonly RegisteredOperation[]> => {
  const { rows } = await knex.raw<{ rows: OperationRow[] }>(
    `select client, sha256, document, operation, purpose, policy, registered_at, registered_by,
       removed_at, removed_by
     from registered_operation
     where (?::text is null or client = ?) and (? or removed_at is null)
     order by client collate "C", id`,
    [client ?? null, client ?? '', removed],
  );
  return rows.map(fromRow);
};

/** Who changes the operations of which client. */
export interface OperationChange {
  readonly client: string;
  readonly by: string;
}

/**
 * One after the other, so that what is judged is what is changed; the gateway reads meanwhile.
 * All of it is written, or nothing.
 */
const changing = <T>(knex: Knex, change: (trx: Knex.Transaction) => Promise<T>): Promise<T> =>
  knex.transaction(async (trx) => {
    await trx.raw('lock table registered_operation in share row exclusive mode');
    return change(trx);
  });

/**
 * Registers what is not registered yet, in one transaction.
 *
 * @param policy id of the policy they were validated against
 * @param accept judges the drafts by what the client has, and throws to leave everything as it was
 * @returns hashes of those that are new
 */
export const registerOperations = (
  knex: Knex,
  { client, by }: OperationChange,
  policy: string,
  drafts: readonly OperationDraft[],
  accept: (current: readonly RegisteredOperation[]) => void,
): Promise<ReadonlySet<string>> =>
  changing(knex, async (trx) => {
    const current = await readOperations(trx, { client });
    accept(current);
    const known = new Set(current.map(({ sha256 }) => sha256));
    const fresh = drafts.filter(({ sha256 }) => !known.has(sha256));
    await trx.raw(
      `insert into registered_operation (client, sha256, document, operation, purpose, policy, registered_by)
       select ?, one.sha256, one.document, one.operation, one.purpose, ?, ?
       from jsonb_to_recordset(?::jsonb) as one(sha256 text, document text, operation text, purpose text)`,
      [client, policy, by, JSON.stringify(fresh)],
    );
    return new Set(fresh.map(({ sha256 }) => sha256));
  });

/**
 * Ends operations of a client, in one transaction. Their rows stay.
 *
 * @returns hashes that the client does not have; where there is one, nothing was ended
 */
export const removeOperations = (
  knex: Knex,
  { client, by }: OperationChange,
  hashes: readonly string[],
): Promise<readonly string[]> =>
  changing(knex, async (trx) => {
    const current = new Set((await readOperations(trx, { client })).map(({ sha256 }) => sha256));
    const unknown = hashes.filter((sha256) => !current.has(sha256));
    if (unknown.length > 0) return unknown;
    await trx.raw(
      `update registered_operation set removed_at = clock_timestamp(), removed_by = ?
       where client = ? and removed_at is null and sha256 = any(?)`,
      [by, client, [...hashes]],
    );
    return [];
  });
