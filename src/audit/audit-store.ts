import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { AuditError, SaysoError } from '../core/errors.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';
import { isSameStanding, type Standing } from '../core/standing.ts';
import { byKnex, statement, type Statements } from '../core/statement.ts';
import { hashLeaf } from '../tlog/merkle.ts';
import type { TreeTail } from '../tlog/tree-tail.ts';
import { encodeEntry } from './encode-entry.ts';
import type { AuditEntry, EntryPlace } from './entry.ts';
import { insertEntries, type Leaf } from './insert-entries.ts';
import { loadTail, type TreeHead } from './log-state.ts';
import { ensureMonths } from './partitions.ts';
import type { WrittenEntry } from './recent-entries.ts';

/** The one writer of a log. */
export interface AuditStore {
  /**
   * Makes an entry durable; only then may its answer leave. Entries that arrive while one
   * transaction commits share the next.
   * @returns where it stands; of several parts the first
   * @throws AuditError AUDIT_UNAVAILABLE when it is not known to be durable
   */
  append(entry: AuditEntry): Promise<EntryPlace>;

  /**
   * As `append`, if the ledger stands where it stood, judged by the statement that writes the entry:
   * one round trip says that an answer holds and makes its entry durable.
   * @returns nothing where it does not, or cannot be asked: nothing was written then
   * @throws AuditError as `append` does
   */
  appendWhile(entry: AuditEntry, standing: Standing): Promise<EntryPlace | undefined>;
}

export interface AuditStoreOptions {
  readonly knex: Knex;
  /** Sends what is written, when knex is not to build it anew each time. */
  readonly database?: Statements | undefined;
  /** Number of the log in `audit_log`, and its name. */
  readonly log: number;
  readonly origin: string;
  /** As the log was when it was signed last, where that is known. */
  readonly last?: TreeHead | undefined;
  /** Told of every size that is durable. */
  readonly onSize?: (size: number) => void;
  /** Told when an entry is durable, and of it if it is whole in one place. */
  readonly onWritten?: (written: WrittenEntry | undefined) => void;
}

interface FoundEntry {
  readonly index: number;
  readonly hash: Buffer;
}

/** A log that is silent for longer counts as one that cannot be written. */
const timeoutMs = 10_000;
const pauseMs = 50;
/** So long the ledger may keep a statement that asks it as well, and all that wait for the log. */
const ledgerTimeoutMs = 3_000;
/** It is then left alone for so long: whoever needs it asks it by itself. */
const leftAloneMs = 5_000;

/**
 * Two rounds of the event loop, which waits for nothing meanwhile: of requests whose rows have come, most
 * are then done as well, and their entries share a commit.
 */
const afterOthers = (begin: () => void): void => {
  setImmediate(() => setImmediate(begin));
};

/** Entries to be written together, and what for: an answer that holds only while the ledger stands. */
interface Asked {
  readonly leaves: readonly Leaf[];
  readonly standing: Standing | undefined;
}

/** The ledger, or the log, has kept a statement that asks both for too long: it may go through yet. */
class Kept extends Error {}

const lookFor = statement(
  'look for entries',
  `select index::float8, hash from audit_entry where log = ? and id = any(?::uuid[]) order by index`,
);

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
};

/**
 * The database says that the statement failed, and would fail again. Not so where the server itself
 * or the connection went (classes 08, 57, 58, XX), so that nobody knows, or where others were in the
 * way (deadlocks, locks), so that it is tried again.
 */
const isRefusal = (error: unknown): boolean =>
  error instanceof SaysoError ||
  /^(?!08|57|58|XX|40001|40P01|55P03)[0-9A-Z]{5}$/.test(codeOf(error));
/** No table yet for the month that an entry lies in. */
const lacksMonth = (error: unknown): boolean =>
  codeOf(error) === '23514' && (error as { constraint?: string }).constraint === undefined;

const leavesOf = (entry: AuditEntry, at: Date): readonly Leaf[] =>
  encodeEntry(entry, at).map((bytes) => ({ id: entry.id, at, bytes, hash: hashLeaf(bytes) }));

/**
 * Where the ledger has to stand for those that ask for it, as the newest of them knows it: what others
 * were decided by has passed. Until the earliest of their times.
 */
const newestOf = (asked: readonly Asked[]): Standing | undefined => {
  let newest: Standing | undefined;
  for (const { standing } of asked) {
    if (standing === undefined || (newest && standing.head < newest.head)) continue;
    const isSame = newest !== undefined && isSameStanding(newest, standing);
    newest = isSame && newest && newest.until < standing.until ? newest : standing;
  }
  return newest;
};

const notSettled = (): SaysoError =>
  new SaysoError('it is not known whether an entry was written', {
    code: 'AUDIT_UNAVAILABLE',
    status: 503,
  });

/** Writes a log into Sayso's own database, together with the hashes of its tree. */
export const createAuditStore = (options: AuditStoreOptions): AuditStore => {
  const {
    knex,
    log,
    origin,
    database = byKnex(knex),
    onSize = () => undefined,
    onWritten,
  } = options;
  /** Absent while it is not known how far the log has come. */
  let tail: TreeTail | undefined;
  /** As this process knew it last: what is read anew must be a continuation of it. */
  let last: TreeHead | undefined = options.last;

  /** Where these leaves stand, if an attempt of ours went through whose outcome was not told. */
  const find = async (leaves: readonly Leaf[]): Promise<number | undefined> => {
    const ids = [...new Set(leaves.map(({ id }) => id))];
    const { rows } = await database.ask<FoundEntry>(lookFor, [log, ids], timeoutMs);
    if (rows.length === 0) return undefined;
    const whole =
      rows.length === leaves.length && rows.every(({ hash }, i) => leaves[i]?.hash.equals(hash));
    if (whole) return rows[0]?.index;
    throw new SaysoError('the log holds other entries under these ids', {
      code: 'AUDIT_ENTRY_CONFLICT',
      status: 500,
    });
  };

  /** The log is known to have come so far. */
  const arrived = (tree: TreeTail, head: TreeHead): void => {
    tail = tree;
    last = head;
    onSize(head.size);
  };

  /**
   * Writes leaves once and for all. What became of an attempt may not be known: the connection was
   * lost, or the answer took too long. Then the log is read anew and looked through for them, and only
   * if they are not there they are tried from where it is: an attempt from before has moved the log,
   * or no longer can. Until that is settled nobody hears of it.
   *
   * @param tried there was an attempt before, of these and of others behind them
   * @returns nothing where the ledger does not stand there, or cannot be asked; nothing was written
   * @throws Kept when the ledger is asked and the answer takes too long
   */
  const write = async (
    leaves: readonly Leaf[],
    standing?: Standing,
    tried = false,
  ): Promise<number | undefined> => {
    const until = performance.now() + timeoutMs;
    /** An attempt may still go through that nobody told us of. */
    let open = false;
    for (;;) {
      try {
        const tree = tail ?? (await loadTail(database, log, last));
        // Until it is told what became of these leaves: it takes them in, whether the log does or not.
        tail = undefined;
        // After the tail was read: whoever writes them from now on moves the log, and we do not.
        const place = tried ? await find(leaves) : undefined;
        const from = { size: tree.size, root: tree.root() };
        if (place !== undefined) {
          arrived(tree, from);
          return place;
        }
        const tiles = leaves.flatMap(({ hash }) => tree.append(hash));
        const next = { size: tree.size, root: tree.root() };
        tried = true;
        const outcome = await insertEntries(
          database,
          { log, from, next, leaves, tiles, standing },
          standing ? ledgerTimeoutMs : timeoutMs,
        );
        if (outcome === 'written') {
          arrived(tree, next);
          return from.size;
        }
        if (outcome === 'ledger moved') {
          tail = tree.cutTo(from.size);
          if (open) throw notSettled();
          return undefined;
        }
        // Another process wrote, or an attempt of ours did; no other can go through any more.
        open = false;
      } catch (error) {
        if (isRefusal(error) && !lacksMonth(error)) {
          // Nothing was written by it: the ledger may be what is not there, which is for it to say.
          if (standing === undefined || error instanceof SaysoError || open) throw error;
          return undefined;
        }
        if (standing !== undefined && tried && codeOf(error) === 'ETIMEDOUT')
          throw new Kept('the ledger keeps an entry waiting', { cause: error });
        if (performance.now() > until) throw error;
        open ||= tried && !lacksMonth(error);
        if (lacksMonth(error)) await makeMonth(leaves[0]?.at ?? new Date());
        else await sleep(pauseMs);
      }
    }
  };

  /** What keeps it from being made is met again by the next attempt. */
  const makeMonth = (at: Date): Promise<void> => ensureMonths(knex, at).catch(() => sleep(pauseMs));

  /** Places of those that were written. */
  const writeTogether = async (
    asked: readonly Asked[],
    standing?: Standing,
    tried = false,
  ): Promise<ReadonlyMap<Asked, number> | undefined> => {
    const all: Leaf[] = [];
    for (const { leaves } of asked) for (const leaf of leaves) all.push(leaf);
    let index = await write(all, standing, tried);
    if (index === undefined) return undefined;
    const places = new Map<Asked, number>();
    for (const one of asked) {
      places.set(one, index);
      index += one.leaves.length;
    }
    return places;
  };

  let leftAloneUntil = 0;

  /** Those that go without the ledger do not wait for it: what kept the others is their own matter. */
  const writeAll = shareWhileBusy<Asked, ReadonlyMap<Asked, number | Kept>>(async (asked) => {
    const standing = newestOf(asked);
    const others = asked.filter((one) => !one.standing);
    const held = standing
      ? asked.filter((one) => one.standing && isSameStanding(one.standing, standing))
      : [];
    let kept: Kept | undefined;
    try {
      // The others in front, so that they can be looked for by themselves.
      const places = await writeTogether([...others, ...held], standing);
      if (places) return places;
    } catch (error) {
      if (!(error instanceof Kept)) throw error;
      kept = error;
      leftAloneUntil = performance.now() + leftAloneMs;
    }
    const places = new Map<Asked, number | Kept>(
      others.length > 0 ? await writeTogether(others, undefined, kept !== undefined) : [],
    );
    if (kept) for (const one of held) places.set(one, kept);
    return places;
  }, afterOthers);

  const enter = async (entry: AuditEntry, standing?: Standing): Promise<EntryPlace | undefined> => {
    try {
      const at = new Date();
      const asked = { leaves: leavesOf(entry, at), standing };
      const index = (await writeAll(asked)).get(asked);
      if (index === undefined) return undefined;
      if (index instanceof Kept) throw index;
      onWritten?.(asked.leaves.length === 1 ? { log, index, at, entry } : undefined);
      return { log: origin, index };
    } catch (error) {
      throw new AuditError(error);
    }
  };
  return {
    append: async (entry) => {
      const place = await enter(entry);
      if (place === undefined) throw new AuditError(new Error('an entry that was not written'));
      return place;
    },
    appendWhile: (entry, standing) =>
      performance.now() < leftAloneUntil ? Promise.resolve(undefined) : enter(entry, standing),
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
