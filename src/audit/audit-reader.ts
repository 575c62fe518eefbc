import type { Knex } from 'knex';
import { SaysoError } from '../core/errors.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';
import { byKnex } from '../core/statement.ts';
import {
  facets,
  isMeant,
  isMeantUnread,
  matchingDecisions,
  prepareFilter,
  unpackDecisions,
  type AuditFilter,
} from './audit-filter.ts';
import { countUnindexed, indexAudit } from './audit-index.ts';
import { decodeEntry } from './decode-entry.ts';
import type { AuditDecision, StoredEntry } from './entry.ts';
import type { LeafRow } from './leaf-reader.ts';
import { barePgList } from './pg-list.ts';
import { releasingReasons } from './reasons.ts';
import { takeTurns } from './take-turns.ts';

/** What stands at a place of a log. */
export interface FoundEntry {
  /** Origin of the log. */
  readonly log: string;
  readonly index: number;
  readonly at: Date;
  readonly id: string;
  /** As they lie in the database. */
  readonly bytes: Buffer;
  /** Absent where the bytes are no entry. */
  readonly entry: StoredEntry | undefined;
}

/** The decisions of an entry that a filter means; all without one. */
export const shownDecisions = (
  { entry }: FoundEntry,
  filter: AuditFilter = {},
): readonly AuditDecision[] =>
  entry?.kind === 'operation'
    ? unpackDecisions(entry, matchingDecisions(entry, prepareFilter(filter)))
    : [];

/** More than this is not indexed while somebody waits for an answer. */
const mostBehind = 20_000;

/**
 * Brings the index up to now before it is asked.
 *
 * @throws SaysoError AUDIT_INDEX_BEHIND (503) when that would take long
 */
export const catchUp = async (knex: Knex): Promise<void> => {
  const left = await countUnindexed(byKnex(knex));
  if (left > mostBehind)
    throw new SaysoError(`${left} entries of the log are not indexed yet; try again later`, {
      code: 'AUDIT_INDEX_BEHIND',
      status: 503,
      details: { left },
    });
  if (left > 0) await sharedIndex(knex);
};

/** Readers that come at once wait for one run: each in a transaction of its own would hold up others. */
const sharedIndex = (knex: Knex): Promise<unknown> => {
  let share = sharing.get(knex);
  if (share === undefined) {
    const run = shareWhileBusy<undefined, unknown>(() => indexAudit(byKnex(knex)));
    share = () => run(undefined);
    sharing.set(knex, share);
  }
  return share();
};
const sharing = new WeakMap<Knex, () => Promise<unknown>>();

/** Place of an entry among all, by time. */
interface Key {
  readonly at: Date;
  readonly log: number;
  readonly index: number;
}

const writeCursor = ({ at, log, index }: Key): string =>
  Buffer.from(`${at.getTime()} ${log} ${index}`).toString('base64url');

/** Later years PostgreSQL writes in another way. */
const latest = new Date('9999-12-31T23:59:59.999Z');

/** @throws SaysoError CURSOR_INVALID */
const readCursor = (cursor: string): Key => {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, at, log, index] = /^(\d{1,15}) (\d{1,9}) (\d{1,15})$/.exec(text) ?? [];
  const key = { at: new Date(Number(at)), log: Number(log), index: Number(index) };
  const isOurs = index !== undefined && writeCursor(key) === cursor;
  if (isOurs && key.at <= latest) return key;
  throw new SaysoError('`after` is not a cursor of this list', {
    code: 'CURSOR_INVALID',
    status: 400,
  });
};

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** A condition on `audit_search f`. */
interface Sql {
  /** It is about one person. */
  readonly ofPerson: boolean;
  /** `audit_search f`, or what of it is about that person. */
  readonly from: string;
  readonly where: string;
  readonly values: readonly unknown[];
}

/** By itself (`offset 0`): other conditions would have the persons of all rows they hold for read. */
const ofPersonSql = `(select f.at, f.log, f.index, f.id, f.kind, f.client, f.actor, f.purpose, f.operation,
    f.outcome, f.policy, f.coordinates, f.reasons
  from audit_search f where f.subjects @> array[?]::integer[] offset 0) f`;

/**
 * What the index can tell of a filter, which is all but whether several things are true of one
 * decision together. `undefined` where nothing can be found.
 */
export const indexedFilter = (
  filter: AuditFilter,
  logs: ReadonlyMap<number, string>,
): Sql | undefined => {
  const terms: string[] = [];
  const values: unknown[] = [];
  const add = (term: string, value: unknown): void => {
    terms.push(term);
    values.push(value);
  };
  const { subject, from, to, id, log, coordinate, reason, released } = filter;
  if (subject !== undefined) {
    if (!Number.isInteger(subject) || subject < 0 || subject > 0x7fffffff) return undefined;
    values.push(subject);
  }
  if (from) add('f.at >= ?', from.toISOString());
  if (to) add('f.at < ?', to.toISOString());
  if (id !== undefined) {
    if (!isUuid(id)) return undefined;
    add('f.id = ?', id);
  }
  if (log !== undefined) {
    const number = [...logs].find(([, origin]) => origin === log)?.[0];
    if (number === undefined) return undefined;
    add('f.log = ?', number);
  }
  for (const facet of facets) if (filter[facet] !== undefined) add(`f.${facet} = ?`, filter[facet]);
  if (coordinate !== undefined) add('f.coordinates @> array[?]::text[]', coordinate);
  if (reason !== undefined) add('f.reasons @> array[?]::text[]', reason);
  if (released === true) add('f.reasons && ?::text[]', [...releasingReasons]);
  if (released === false) add('not f.reasons <@ ?::text[]', [...releasingReasons]);
  const ofPerson = subject !== undefined;
  const rows = ofPerson ? ofPersonSql : 'audit_search f';
  return { ofPerson, from: rows, where: terms.length === 0 ? 'true' : terms.join(' and '), values };
};

/** Origins of all logs by number. */
export const originsOf = async (knex: Knex): Promise<ReadonlyMap<number, string>> => {
  const { rows } = await knex.raw<{ rows: { id: number; origin: string }[] }>(
    'select id, origin from audit_log',
  );
  return new Map(rows.map(({ id, origin }) => [id, origin]));
};

interface EntryRow extends Key {
  readonly id: string;
  readonly entry: Buffer;
}

const foundOf = (
  { log: number, index, at, id, entry: bytes }: EntryRow,
  logs: ReadonlyMap<number, string>,
): FoundEntry => {
  const log = logs.get(number) ?? String(number);
  return { log, index, at, id, bytes, entry: decoded(bytes, log, index) };
};

const decoded = (bytes: Buffer, log: string, index: number): StoredEntry | undefined => {
  try {
    return { ...decodeEntry(bytes), log, index };
  } catch {
    return undefined; // It is shown by where it stands.
  }
};

/** A leaf of a log that is read in its order. */
export const toFound = ({ index, at, id, bytes }: LeafRow, log: string): FoundEntry => ({
  log,
  index,
  at,
  id,
  bytes,
  entry: decoded(bytes, log, index),
});

const isFound = (one: FoundEntry, filter: AuditFilter): boolean =>
  one.entry ? isMeant(one.entry, filter) : isMeantUnread(one, filter);

interface Walk {
  readonly oldestFirst?: boolean;
  readonly after?: Key | undefined;
  /** Entries that are held at a time. */
  readonly chunk?: number;
}

/**
 * Looks rows up by what `indexedFilter` gave.
 *
 * Those of a person are found by the inverted index, whatever the planner thinks of it: what was indexed
 * last lies there unsorted, which it takes for dear, and to read the persons of every row, which lie
 * elsewhere, for free; or it walks through the whole log by time, in the hope to meet some early.
 */
export const lookUp = <T>(
  knex: Knex,
  { ofPerson }: Sql,
  query: (on: Knex) => PromiseLike<T>,
): PromiseLike<T> =>
  ofPerson
    ? knex.transaction(async (trx) => {
        await trx.raw('set local enable_seqscan to off; set local enable_indexscan to off');
        return query(trx);
      })
    : query(knex);

/** Where candidates stand, in order. */
const candidates = async (
  knex: Knex,
  sql: Sql,
  order: 'asc' | 'desc',
  after: Key | undefined,
  most: number,
): Promise<readonly Key[]> => {
  const { from, where, values } = sql;
  const than = order === 'asc' ? '>' : '<';
  const { rows } = await lookUp(knex, sql, (on) =>
    on.raw<{ rows: Key[] }>(
      `select f.at, f.log, f.index from ${from}
       where ${where} ${after ? `and (f.at, f.log, f.index) ${than} (?, ?, ?)` : ''}
       order by f.at ${order}, f.log ${order}, f.index ${order} limit ?`,
      [
        ...(values as string[]),
        ...(after ? [after.at.toISOString(), after.log, after.index] : []),
        most,
      ],
    ),
  );
  return rows;
};

/** The entries at these places, in their order, without those that retention took since. */
const entriesAt = async (knex: Knex, keys: readonly Key[]): Promise<readonly EntryRow[]> => {
  const { rows } = await knex.raw<{ rows: EntryRow[] }>(
    `select e.at, e.log, e.index, e.id, e.entry
     from unnest(?::timestamptz[], ?::integer[], ?::bigint[]) with ordinality
       as key (at, log, index, place)
     join audit_entry e on (e.log, e.index, e.at) = (key.log, key.index, key.at)
     order by place`,
    [
      barePgList(keys.map(({ at }) => at.toISOString())),
      barePgList(keys.map(({ log }) => log)),
      barePgList(keys.map(({ index }) => index)),
    ],
  );
  return rows;
};

/** Candidates whose places are held: of a person's all have to be found anew for the next ones. */
const mostPlaces = 20_000;

/** Walks through candidates by time, in constant memory; `meant` says whether one is meant indeed. */
async function* walk(
  knex: Knex,
  filter: AuditFilter,
  { oldestFirst = false, after, chunk = 500 }: Walk,
): AsyncGenerator<{ readonly key: Key; readonly found: FoundEntry; readonly meant: boolean }> {
  const logs = await originsOf(knex);
  const sql = indexedFilter(filter, logs);
  if (!sql) return;
  const order = oldestFirst ? 'asc' : 'desc';
  const turn = takeTurns();
  // Whoever asks for a page mostly needs no more than the first ones.
  for (let last = after, most = Math.min(chunk, 50); ; most = Math.min(4 * most, mostPlaces)) {
    const keys = await candidates(knex, sql, order, last, most);
    for (let i = 0; i < keys.length; i += chunk) {
      for (const row of await entriesAt(knex, keys.slice(i, i + chunk))) {
        await turn();
        const found = foundOf(row, logs);
        yield { key: row, found, meant: isFound(found, filter) };
      }
    }
    last = keys.at(-1);
    if (keys.length < most) return;
  }
}

/** All entries that are meant, newest first unless asked otherwise, in constant memory. */
export async function* eachEntry(
  knex: Knex,
  filter: AuditFilter,
  options: { readonly oldestFirst?: boolean } = {},
): AsyncGenerator<FoundEntry> {
  for await (const { found, meant } of walk(knex, prepareFilter(filter), options))
    if (meant) yield found;
}

export interface PageQuery {
  readonly first: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  /** Most entries to look through: what is true of one decision together is seen in entries alone. */
  readonly most?: number;
}

export interface AuditPage {
  readonly entries: readonly FoundEntry[];
  /** Where to go on, also from a page that is short; null at the beginning of the logs. */
  readonly next: string | null;
}

/** Reads entries newest first, of all logs together. @throws SaysoError CURSOR_INVALID */
export const readEntries = async (
  knex: Knex,
  filter: AuditFilter,
  { first, after, most = 20_000 }: PageQuery,
): Promise<AuditPage> => {
  const start = after === undefined ? undefined : readCursor(after);
  const entries: FoundEntry[] = [];
  let seen = 0;
  let last: Key | undefined;
  const chunk = Math.min(500, first + 1);
  for await (const one of walk(knex, prepareFilter(filter), { after: start, chunk })) {
    if (entries.length >= first || seen >= most)
      return { entries, next: last ? writeCursor(last) : null };
    seen += 1;
    last = one.key;
    if (one.meant) entries.push(one.found);
  }
  return { entries, next: null };
};

/**
 * What stands at a place, or under an id: of an operation in several parts all. It is read from the
 * log itself, not found by the index.
 */
export const readEntry = async (
  knex: Knex,
  which: { readonly id: string } | { readonly log: string; readonly index: number },
): Promise<readonly FoundEntry[]> => {
  const logs = await originsOf(knex);
  const columns = 'select at, log, index, id, entry from audit_entry where';
  let sent: Promise<{ rows: EntryRow[] }>;
  if ('id' in which) {
    const id = which.id.toLowerCase();
    if (!isUuid(id)) return [];
    sent = knex.raw<{ rows: EntryRow[] }>(`${columns} id = ? order by log, index`, [id]);
  } else {
    const log = [...logs].find(([, origin]) => origin === which.log)?.[0];
    if (log === undefined || !Number.isSafeInteger(which.index)) return [];
    sent = knex.raw<{ rows: EntryRow[] }>(`${columns} log = ? and index = ?`, [log, which.index]);
  }
  return (await sent).rows.map((row) => foundOf(row, logs));
};

export interface PolicyText {
  readonly id: string;
  readonly text: string;
  readonly firstUsedAt: Date;
}

/** The policy that entries name by its hash. */
export const readPolicyText = async (knex: Knex, id: string): Promise<PolicyText | undefined> => {
  const { rows } = await knex.raw<{ rows: PolicyText[] }>(
    'select id, sdl as text, first_used_at as "firstUsedAt" from policy where id = ?',
    [/^sha256:[0-9a-f]{64}$/.test(id) ? id : ''],
  );
  return rows[0];
};
