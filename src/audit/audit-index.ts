import { isoTime } from '../core/iso-time.ts';
import { statement, type Statements } from '../core/statement.ts';
import { decodeEntry } from './decode-entry.ts';
import { foundOf, subjectsOf, unreadable, type Found, type FoundRows } from './found.ts';
import type { LeafRow } from './leaf-reader.ts';
import { countRanges } from './number-ranges.ts';
import { barePgList } from './pg-list.ts';
import type { RecentEntries } from './recent-entries.ts';
import { takeTurns } from './take-turns.ts';

/** Entries of one transaction. */
export const batchSize = 1_000;
/** Bytes of them, but for the last one. */
const batchBytes = 2_000_000;
/** No operation concerns more; what says so is not what we wrote. */
const mostSubjects = 1_000_000;

const readOne = (bytes: Buffer): { readonly found: Found; readonly subjects: string } => {
  try {
    const entry = decodeEntry(bytes);
    const subjects = subjectsOf(entry);
    if (subjects.reduce((sum, set) => sum + countRanges(set), 0) > mostSubjects)
      throw new RangeError('an entry about more persons than any operation concerns');
    return { found: foundOf(entry), subjects: subjects.join(',') };
  } catch {
    return { found: unreadable, subjects: '' };
  }
};

interface Row extends Pick<LeafRow, 'index' | 'at' | 'bytes'> {
  readonly id: string;
}

const readAll = async (rows: readonly Row[]): Promise<FoundRows> => {
  const found: Found[] = [];
  const subjects: string[] = [];
  const turn = takeTurns();
  for (const { bytes } of rows) {
    const read = readOne(bytes);
    found.push(read.found);
    subjects.push(read.subjects);
    await turn();
  }
  return {
    indexes: rows.map(({ index }) => index),
    times: rows.map(({ at }) => isoTime(at)),
    ids: rows.map(({ id }) => id),
    found,
    // Digits, dashes, commas and the mark of whoever has no number: nothing in them has to be escaped.
    subjects: `{"${subjects.join('","')}"}`,
  };
};

/** In the order of the statement below. */
const shared = [
  ...(['kind', 'client', 'actor', 'purpose', 'operation', 'outcome', 'policy'] as const),
  ...(['coordinates', 'reasons'] as const),
];

/** What entries are found by besides their subjects, each once, and for each entry where it is. */
const distinct = (
  found: readonly Found[],
): { readonly some: readonly Found[]; readonly places: readonly number[] } => {
  const some: Found[] = [];
  const placeOf = new Map<string, number>();
  const placeOfFound = new Map<Found, number>();
  // Most texts are the same objects again: by numbers they need not be joined and hashed anew.
  const numberOf = new Map<string | null, number>();
  const places = found.map((one) => {
    const known = placeOfFound.get(one);
    if (known !== undefined) return known;
    let key = '';
    for (const name of shared) {
      const number = numberOf.get(one[name]) ?? numberOf.size;
      numberOf.set(one[name], number);
      key += `${number} `;
    }
    let place = placeOf.get(key);
    if (place === undefined) {
      place = some.push(one);
      placeOf.set(key, place);
    }
    placeOfFound.set(one, place);
    return place;
  });
  return { some, places };
};

// One statement is one transaction: of several that index a log one goes on from where it was, and the
// others find that it has moved, and write nothing. It can be built again, and nothing that anybody was
// answered hangs on it, so it need not wait for the disk. What retention took since it was read has no
// table to go to any more. Ranges are taken apart there, so that long
// ones hold up nobody here; `chr(63)` is the mark of whoever has no number.
const insertFound = statement(
  'insert into audit_search',
  `with quick as materialized (
    select set_config('synchronous_commit', 'off', true) as how
  ), passed as (
    insert into audit_indexed as indexed (log, size)
    select ahead.log, ahead.size
    from quick, (select ?::integer as log, ?::bigint as size, ?::bigint as done) as ahead
    where how = 'off'
      and ahead.done = coalesce((select size from audit_indexed where log = ahead.log), 0)
    on conflict (log) do update set size = excluded.size where indexed.size = ?::bigint
    returning log
  ), written as (
    insert into audit_search (log, index, at, id, kind, client, actor, purpose, operation, outcome,
      policy, coordinates, reasons, subjects)
    select passed.log, index, at, id, kind, client, actor, purpose, operation, outcome, policy,
      coordinates::text[], reasons::text[], array(
        select number
        from unnest(string_to_array(ranges, ',')) as range, generate_series(
          nullif(split_part(range, '-', 1), chr(63))::integer,
          coalesce(nullif(split_part(range, '-', 2), ''), nullif(range, chr(63)))::integer
        ) as number
      )
    from passed, unnest(?::bigint[], ?::timestamptz[], ?::uuid[], ?::integer[], ?::text[])
      as row (index, at, id, place, ranges)
    join unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
      ?::text[], ?::text[]) with ordinality
      as found (kind, client, actor, purpose, operation, outcome, policy, coordinates, reasons,
        place) using (place)
    where index >= (select minimum_index from audit_log where id = passed.log)
    on conflict do nothing
  )
  select count(*)::integer as passed from passed`,
);

/** How far the index of a log has come. */
interface Stand {
  readonly log: number;
  /** Places that it has passed. */
  readonly done: number;
  /** Where it goes on: what lies before was indexed, or taken by retention. */
  readonly from: number;
  /** As the log is. */
  readonly size: number;
}

const lookHowFar = statement(
  'look how far logs are indexed',
  `select id as log, coalesce(audit_indexed.size, 0) as done,
     greatest(coalesce(audit_indexed.size, 0), minimum_index) as "from", audit_log.size
   from audit_log left join audit_indexed on audit_indexed.log = audit_log.id order by id`,
);

const readEntries = statement(
  'read entries to be indexed',
  `select index, at, id, entry as bytes from (
     select *, sum(length(entry)) over (order by index) - length(entry) as before
     from audit_entry where log = ? and index >= ? and index < ?
   ) as row where before < ? order by index`,
);

/**
 * A batch takes milliseconds, and one that names millions of persons a minute. One that is given up and goes
 * through all the same is gone on from.
 */
const timeoutMs = 600_000;

/** @returns whether the index was still where it was said to be: nothing was written otherwise */
const write = async (
  database: Statements,
  { log, done }: Stand,
  next: number,
  { indexes, times, ids, found, subjects }: FoundRows,
): Promise<boolean> => {
  const { some, places } = distinct(found);
  const { rows } = await database.ask<{ passed: number }>(
    insertFound,
    [
      ...[log, next, done, done],
      barePgList(indexes),
      barePgList(times),
      barePgList(ids),
      barePgList(places),
      subjects,
      ...shared.map((name) => some.map((one) => one[name])),
    ],
    timeoutMs,
  );
  return rows[0]?.passed === 1;
};

/** Indexes the next entries of a log. @returns how far it is then, unless somebody else was faster */
const indexBatch = async (
  database: Statements,
  stand: Stand,
  end: number,
  recent: RecentEntries | undefined,
): Promise<number | undefined> => {
  const { log, from } = stand;
  const written = recent?.from(log, from, end);
  if (written) {
    const next = from + written.indexes.length;
    return (await write(database, stand, next, written)) ? next : undefined;
  }
  const { rows } = await database.ask<Row>(readEntries, [log, from, end, batchBytes], timeoutMs);
  const last = rows.at(-1)?.index;
  // Where bytes made the batch end early; what is missing at its end was taken by retention.
  const total = rows.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const next = total < batchBytes || last === undefined ? end : last + 1;
  return (await write(database, stand, next, await readAll(rows))) ? next : undefined;
};

/** Of each log that the index does not have all of. */
const behind = async (database: Statements): Promise<readonly Stand[]> => {
  const { rows } = await database.ask<Stand>(lookHowFar, [], timeoutMs);
  return rows.filter(({ from, size }) => from < size);
};

const countLeft = (stands: readonly Stand[]): number =>
  stands.reduce((sum, { from, size }) => sum + size - from, 0);

/** How many entries are not indexed yet. */
export const countUnindexed = async (database: Statements): Promise<number> =>
  countLeft(await behind(database));

export interface IndexOptions {
  /** Stops when so many are done. */
  readonly most?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** What need not be read back. */
  readonly recent?: RecentEntries;
  /**
   * Where the index of each log was some time ago. A log of another process that has moved since, or is
   * new, is seen to over there, where it need not be read back: it is passed over.
   */
  readonly seen?: ReadonlyMap<number, number>;
}

export interface Indexed {
  readonly done: number;
  /** Not done because of `most`. */
  readonly left: number;
  /** Logs that were passed over. */
  readonly passedOver: number;
  /** Where the index of each log was that it did not have all of. */
  readonly stands: ReadonlyMap<number, number>;
}

/**
 * Brings the index up to where the logs are as it is called. Several processes may do so at once:
 * each entry is indexed once. An entry that cannot be decoded is indexed by where it stands.
 */
export const indexAudit = async (
  database: Statements,
  { most = Infinity, onProgress, recent, seen }: IndexOptions = {},
): Promise<Indexed> => {
  const all = await behind(database);
  const logs = all.filter(({ log, from }) => !seen || recent?.isOf(log) || seen.get(log) === from);
  const passedOver = all.length - logs.length;
  const stands = new Map(all.map(({ log, from }) => [log, from]));
  const total = countLeft(logs);
  let done = 0;
  for (const first of logs) {
    const { log, size } = first;
    recent?.dropBefore(log, first.from);
    let stand: Stand | undefined = first;
    while (stand && stand.from < size) {
      const more = Math.min(batchSize, most - done);
      if (more <= 0) return { done, left: Math.max(0, total - done), passedOver, stands };
      const next = await indexBatch(database, stand, Math.min(size, stand.from + more), recent);
      if (next === undefined) {
        stand = (await behind(database)).find((one) => one.log === log);
        continue;
      }
      done += next - stand.from;
      stand = { ...stand, done: next, from: next };
      onProgress?.(Math.min(done, total), total);
    }
  }
  return { done, left: 0, passedOver, stands };
};
