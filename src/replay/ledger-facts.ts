import type { Knex } from 'knex';
import { currentNotices } from '../ledger/notice-book.ts';
import { readNotices } from '../ledger/notice-store.ts';
import type { Difference } from './difference.ts';
import { readRetentions } from './retentions.ts';

/** How far the ledger has come. */
export interface LedgerFacts {
  readonly head: number;
  /** No subject has this number yet, nor any above it. */
  readonly nextNumber: number;
}

export const readLedgerFacts = async (knex: Knex): Promise<LedgerFacts> => {
  const { rows } = await knex.raw<{ rows: LedgerFacts[] }>(
    `select position::float8 as head, next_number as "nextNumber" from ledger_head, subject_block`,
  );
  const [row] = rows;
  if (!row) throw new Error('the ledger has no head');
  return row;
};

// Each writer takes positions under the lock of the head: a statement one for each of its events, a
// notice one, an erasure those of its events, of which its own row has the last.
const taken = `
  select position from consent_event union select position from notice union select position from erasure`;

/** Most gaps that are named one by one. */
const maxGaps = 1_000;

/** Positions up to the head at which nothing stands, and what stands behind the head. */
export const ledgerGaps = async (knex: Knex, head: number): Promise<readonly Difference[]> => {
  const differ = (says: string, follows: string): Difference => ({
    severity: 'RECORD',
    kind: 'LEDGER',
    says,
    follows,
  });
  const { rows } = await knex.raw<{ rows: { count: number; newest: number | null }[] }>(
    `select count(*) filter (where position between 1 and ?)::float8 as count,
       max(position)::float8 as newest from (${taken}) as taken`,
    [head],
  );
  const count = rows[0]?.count ?? 0;
  const newest = rows[0]?.newest ?? null;
  const differences: Difference[] = [];
  if (count < head) {
    const gaps = await knex.raw<{ rows: { from: number; to: number }[] }>(
      `select before::float8 + 1 as from, position::float8 - 1 as to from (
         select position, lag(position, 1, 0) over (order by position) as before
         from (${taken} union select ?::bigint) as taken
       ) as steps where position > before + 1 and position <= ? order by before limit ?`,
      [head + 1, head + 1, maxGaps],
    );
    for (const { from, to } of gaps.rows) {
      differences.push(
        differ(
          from === to ? `nothing at position ${from}` : `nothing at positions ${from} to ${to}`,
          `something at each position up to the head ${head}: it was removed`,
        ),
      );
    }
  }
  // Beside a running gateway newer ones are there as well, under a head that has moved along.
  const now = newest !== null && newest > head ? await readLedgerFacts(knex) : undefined;
  if (now && newest !== null && newest > now.head)
    differences.push(
      differ(`its head is ${now.head}`, `a head of ${newest}, at which something stands`),
    );
  return differences;
};

/** Which notices told of which purpose, at any position; read again when the ledger has grown. */
export class NoticesThen {
  readonly #knex: Knex;
  #until = -1;
  /** Newest first: from which position on, by leaf purpose. */
  #steps: readonly {
    readonly from: number;
    readonly byPurpose: ReadonlyMap<string, readonly string[]>;
  }[] = [];

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Makes it know all up to a position that the ledger has come to. */
  async load(until: number): Promise<void> {
    if (until <= this.#until) return;
    const book = await readNotices(this.#knex);
    const positions = [...book.values()].flatMap((all) => all.map(({ position }) => position));
    this.#steps = positions
      .sort((a, b) => b - a)
      .map((from) => {
        const then = new Map(
          [...book].map(([id, all]) => [id, all.filter(({ position }) => position <= from)]),
        );
        const byPurpose = new Map<string, string[]>();
        for (const { id, version, purposes } of currentNotices(then)) {
          for (const { purpose } of purposes) {
            const named = byPurpose.get(purpose);
            if (named) named.push(`${id}@${version}`);
            else byPurpose.set(purpose, [`${id}@${version}`]);
          }
        }
        return { from, byPurpose };
      });
    this.#until = until;
  }

  /** `club@2`, each once, sorted. */
  telling(purposes: readonly string[], head: number): readonly string[] {
    const step = this.#steps.find(({ from }) => from <= head);
    return [...new Set(purposes.flatMap((one) => step?.byPurpose.get(one) ?? []))].sort();
  }
}

/** An erasure as the ledger has it. */
export interface ErasureRow {
  readonly position: number;
  readonly entry: string;
  readonly actor: string;
  readonly subject: number | null;
  readonly report: readonly {
    readonly source: string;
    readonly type: string;
    readonly outcome: string;
    readonly rows: number;
  }[];
}

/** Erasures at these positions. */
export const readErasures = async (
  knex: Knex,
  positions: readonly number[],
): Promise<ReadonlyMap<number, ErasureRow>> => {
  if (positions.length === 0) return new Map();
  const { rows } = await knex.raw<{ rows: ErasureRow[] }>(
    `select position::float8, entry, actor, subject, report from erasure where position = any(?)`,
    [positions as number[]],
  );
  return new Map(rows.map((row) => [row.position, row]));
};

/** Most erasures that no log tells of which are named one by one. */
const maxUntold = 1_000;

/**
 * Erasures that no log tells of. One of just now may still be on its way there; one of so long ago
 * that retention took its month is told of nowhere any more.
 */
export const untoldErasures = async (knex: Knex): Promise<readonly Difference[]> => {
  const { rows } = await knex.raw<{ rows: { position: number; at: Date }[] }>(
    `select position::float8, at from erasure
     where at < (
       select max(newest.at) from audit_log
       join audit_entry as newest on newest.log = audit_log.id and newest.index = audit_log.size - 1
     ) - interval '1 minute' and not exists (
       select from audit_entry as told where told.id = erasure.entry
         and position(convert_to('"kind":"erasure"', 'UTF8') in told.entry) > 0
         and position(convert_to('"id":"' || erasure.entry || '"', 'UTF8') in told.entry) > 0
     ) order by position desc limit ?`,
    [maxUntold],
  );
  if (rows.length === 0) return [];
  const gone = (await readRetentions(knex)).map(({ before }) => Date.parse(before));
  const kept = Math.max(...gone, -Infinity);
  return rows
    .filter(({ at }) => at.getTime() >= kept)
    .map(({ position }) => ({
      ...{ severity: 'RECORD', kind: 'ERASURE' },
      says: `an erasure at position ${position}`,
      follows: 'an entry that tells of it',
    }));
};
