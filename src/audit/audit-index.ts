import type { Knex } from 'knex';
import { isoTime } from '../core/iso-time.ts';
import { decodeEntry, storable } from './encode-entry.ts';
import type { AuditEntry, PackedDecision } from './entry.ts';
import type { LeafRow } from './leaf-reader.ts';
import { countRanges } from './number-ranges.ts';
import { ofFrozen } from './of-frozen.ts';
import { barePgList, pgList } from './pg-list.ts';
import { RecentEntries, type WrittenEntry } from './recent-entries.ts';
import { takeTurns } from './take-turns.ts';

/** Entries of one transaction. */
const batchSize = 1_000;
/** Bytes of them, but for the last one. */
const batchBytes = 2_000_000;
/** No operation concerns more; what says so is not what we wrote. */
const mostSubjects = 1_000_000;

/** What is found by: of bytes that are no entry only where they stand. */
interface Found {
  readonly kind: string;
  readonly client: string | null;
  readonly actor: string;
  readonly purpose: string | null;
  readonly operation: string | null;
  readonly outcome: string | null;
  readonly policy: string | null;
  /** As PostgreSQL writes lists. */
  readonly coordinates: string;
  readonly reasons: string;
  /** Sets of persons, as ranges. */
  readonly subjects: readonly string[];
}

const coordinatesOf = ofFrozen((coordinates: readonly string[]) =>
  pgList(coordinates.map(storable)),
);
const reasonsOf = ofFrozen((decisions: readonly PackedDecision[]) =>
  pgList([...new Set(decisions.map(([reason]) => storable(reason)))]),
);

const nothing = {
  client: null,
  actor: '',
  purpose: null,
  operation: null,
  outcome: null,
  policy: null,
  coordinates: '{}',
  reasons: '{}',
  subjects: [],
} as const;

const text = (value: string | undefined): string | null =>
  value === undefined ? null : storable(value);

const foundOf = (entry: AuditEntry): Found => {
  const common = { ...nothing, kind: entry.kind, actor: storable(entry.actor) };
  if (entry.kind === 'erasure')
    return {
      ...common,
      subjects: entry.subject === undefined ? [] : [String(entry.subject)],
    };
  if (entry.kind !== 'operation') return common;
  return {
    kind: entry.kind,
    actor: storable(entry.actor),
    client: storable(entry.client),
    purpose: text(entry.purpose),
    operation: text(entry.operation),
    outcome: storable(entry.outcome),
    policy: storable(entry.policy),
    coordinates: coordinatesOf(entry.coordinates),
    reasons: reasonsOf(entry.decisions),
    subjects: entry.sets,
  };
};

const readOne = (bytes: Buffer): Found => {
  try {
    const found = foundOf(decodeEntry(bytes));
    if (found.subjects.reduce((sum, set) => sum + countRanges(set), 0) > mostSubjects)
      throw new RangeError('an entry about more persons than any operation concerns');
    return found;
  } catch {
    return { ...nothing, kind: 'unreadable' };
  }
};

interface Row extends Pick<LeafRow, 'index' | 'at' | 'bytes'> {
  readonly id: string;
}

/** Which entry, and what it is found by. */
interface FoundRow {
  readonly index: number;
  readonly at: Date;
  readonly id: string;
  readonly found: Found;
}

const readAll = async (rows: readonly Row[]): Promise<readonly FoundRow[]> => {
  const read: FoundRow[] = [];
  const turn = takeTurns();
  for (const { index, at, id, bytes } of rows) {
    read.push({ index, at, id, found: readOne(bytes) });
    await turn();
  }
  return read;
};

const rowOf = ({ index, at, entry }: WrittenEntry): FoundRow => ({
  index,
  at,
  id: entry.id,
  found: foundOf(entry),
});

/** In the order of the statement below. */
const shared = [
  ...(['kind', 'client', 'actor', 'purpose', 'operation', 'outcome', 'policy'] as const),
  ...(['coordinates', 'reasons'] as const),
];

/** What entries are found by besides their subjects, each once, and for each entry where it is. */
const distinct = (
  rows: readonly FoundRow[],
): { readonly some: readonly Found[]; readonly places: readonly number[] } => {
  const some: Found[] = [];
  const placeOf = new Map<string, number>();
  // Most texts are the same objects again: by numbers they need not be joined and hashed anew.
  const numberOf = new Map<string | null, number>();
  const places = rows.map(({ found }) => {
    let key = '';
    for (const name of shared) {
      const number = numberOf.get(found[name]) ?? numberOf.size;
      numberOf.set(found[name], number);
      key += `${number} `;
    }
    let place = placeOf.get(key);
    if (place === undefined) {
      place = some.push(found);
      placeOf.set(key, place);
    }
    return place;
  });
  return { some, places };
};

const write = async (trx: Knex, log: number, rows: readonly FoundRow[]): Promise<void> => {
  const { some, places } = distinct(rows);
  // knex has no type for a list with nulls in it, which pg takes.
  const columns = shared.map((name) => some.map((one) => one[name])) as unknown as string[];
  await trx.raw(
    // Ranges are taken apart there, so that long ones hold up nobody here.
    `insert into audit_search (log, index, at, id, kind, client, actor, purpose, operation, outcome,
       policy, coordinates, reasons, subjects)
     select ?, index, at, id, kind, client, actor, purpose, operation, outcome, policy,
       coordinates::text[], reasons::text[], array(
         select number
         from unnest(string_to_array(ranges, ',')) as range, generate_series(
           nullif(split_part(range, '-', 1), '\\?')::integer,
           coalesce(nullif(split_part(range, '-', 2), ''), nullif(range, '\\?'))::integer
         ) as number
       )
     from unnest(?::bigint[], ?::timestamptz[], ?::uuid[], ?::integer[], ?::text[])
       as row (index, at, id, place, ranges)
     join unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
       ?::text[], ?::text[]) with ordinality
       as found (kind, client, actor, purpose, operation, outcome, policy, coordinates, reasons,
         place) using (place)
     on conflict do nothing`,
    [
      log,
      barePgList(rows.map(({ index }) => index)),
      barePgList(rows.map(({ at }) => isoTime(at))),
      barePgList(rows.map(({ id }) => id)),
      barePgList(places),
      pgList(rows.map(({ found }) => found.subjects.join(','))),
      ...columns,
    ],
  );
};

/** Indexes the next entries of a log. @returns how many places were passed */
const indexBatch = (
  knex: Knex,
  log: number,
  to: number,
  most: number,
  recent: RecentEntries | undefined,
): Promise<number> =>
  knex.transaction(async (trx) => {
    // It can be built again; nothing that anybody was answered hangs on it.
    await trx.raw('set local synchronous_commit to off');
    await trx.raw('insert into audit_indexed (log) values (?) on conflict do nothing', [log]);
    const { rows: states } = await trx.raw<{ rows: { done: number; minimum: number }[] }>(
      `select audit_indexed.size as done, minimum_index as minimum
       from audit_indexed, audit_log where audit_indexed.log = ? and audit_log.id = audit_indexed.log
       for update of audit_indexed`,
      [log],
    );
    const done = states[0]?.done ?? 0;
    const from = Math.max(done, states[0]?.minimum ?? 0);
    if (from >= to) return 0;
    const end = Math.min(to, from + most);
    const written = recent?.from(log, from, end) ?? [];
    if (written.length > 0) {
      await write(trx, log, written.map(rowOf));
      return passTo(trx, log, from, from + written.length);
    }
    const { rows } = await trx.raw<{ rows: Row[] }>(
      `select index, at, id, entry as bytes from (
         select *, sum(length(entry)) over (order by index) - length(entry) as before
         from audit_entry where log = ? and index >= ? and index < ?
       ) as row where before < ? order by index`,
      [log, from, end, batchBytes],
    );
    await write(trx, log, await readAll(rows));
    const last = rows.at(-1)?.index;
    // Where bytes made the batch end early; what is missing at its end was taken by retention.
    const total = rows.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const next = total < batchBytes || last === undefined ? end : last + 1;
    return passTo(trx, log, from, next);
  });

const passTo = async (trx: Knex, log: number, from: number, next: number): Promise<number> => {
  await trx.raw('update audit_indexed set size = ? where log = ?', [next, log]);
  return next - from;
};

/** Entries of each log that the index does not have yet. */
const behind = async (
  knex: Knex,
): Promise<readonly { readonly log: number; readonly size: number; readonly left: number }[]> => {
  const { rows } = await knex.raw<{ rows: { log: number; size: number; left: number }[] }>(
    `select id as log, audit_log.size,
       audit_log.size - greatest(coalesce(audit_indexed.size, 0), minimum_index) as left
     from audit_log left join audit_indexed on audit_indexed.log = audit_log.id order by id`,
  );
  return rows.filter(({ left }) => left > 0);
};

/** How many entries are not indexed yet. */
export const countUnindexed = async (knex: Knex): Promise<number> =>
  (await behind(knex)).reduce((sum, { left }) => sum + left, 0);

export interface IndexOptions {
  /** Stops when so many are done. */
  readonly most?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** What need not be read back. */
  readonly recent?: RecentEntries;
}

/**
 * Brings the index up to where the logs are as it is called. Several processes may do so at once:
 * they take turns, and each entry is indexed once. An entry that cannot be decoded is indexed by
 * where it stands.
 */
export const indexAudit = async (
  knex: Knex,
  { most = Infinity, onProgress, recent }: IndexOptions = {},
): Promise<{ readonly done: number; readonly left: number }> => {
  const logs = await behind(knex);
  const total = logs.reduce((sum, { left }) => sum + left, 0);
  let done = 0;
  for (const { log, size, left } of logs) {
    recent?.dropBefore(log, size - left);
    for (;;) {
      const more = Math.min(batchSize, most - done);
      if (more <= 0) return { done, left: Math.max(0, total - done) };
      const passed = await indexBatch(knex, log, size, more, recent);
      if (passed === 0) break;
      done += passed;
      onProgress?.(Math.min(done, total), total);
    }
  }
  return { done, left: 0 };
};

/** Indexes behind the log. */
export interface AuditIndexer {
  /** Something was written, this entry if it is known; indexes soon. */
  wake(written?: WrittenEntry): void;
  close(): Promise<void>;
}

export interface AuditIndexerOptions {
  readonly knex: Knex;
  /** Least time between two runs, milliseconds. */
  readonly every?: number;
  readonly onError: (error: unknown) => void;
}

/** Longest wait after failures. */
const longestMs = 30_000;

/** Indexes while the log grows; answers do not wait for it, and what fails is tried again. */
export const createAuditIndexer = ({
  knex,
  every = 1_000,
  onError,
}: AuditIndexerOptions): AuditIndexer => {
  let closed = false;
  let pending = false;
  let delay = every;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const recent = new RecentEntries();

  const work = async (): Promise<void> => {
    try {
      // By batches, so that closing does not wait long.
      for (let left = 1; left > 0 && !closed;)
        ({ left } = await indexAudit(knex, { most: batchSize, recent }));
      delay = every;
    } catch (error) {
      pending = true;
      delay = Math.min(delay * 2, longestMs);
      if (!closed) onError(error);
    }
  };
  const run = (): void => {
    pending = false;
    running = work().then(() => {
      timer = undefined;
      if (pending) schedule();
    });
  };
  const schedule = (): void => {
    if (!closed) timer ??= setTimeout(run, delay).unref();
  };
  return {
    wake: (written) => {
      if (written) recent.add(written);
      pending = true;
      schedule();
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
};
