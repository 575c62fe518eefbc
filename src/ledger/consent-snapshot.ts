import type { Knex } from 'knex';
import { LedgerError } from '../core/errors.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';
import type { Standing } from '../core/standing.ts';
import { byKnex, type Statements } from '../core/statement.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { ConsentPages, notHeld, type SaidBytes } from './consent-pages.ts';
import { foldEvents } from './fold-events.ts';
import { headRead, tailRead, type HeadRow, type TailRow } from './head-read.ts';
import { readEvents, type PositionedEvent } from './stored-events.ts';

/** Subjects changed since the oldest position remembered; past this many all is read anew. */
const maxRecent = 100_000;
const maxTail = 20_000;
const loadChunk = 5_000;
/** A load that keeps being overtaken by changes gives up; the request is then refused. */
const maxLoads = 5;
/** A ledger that is silent for longer counts as unreachable. */
const timeoutMs = 10_000;
/** A view is carried on for so long after its head was read. */
const maxCarriedMs = 1_000;
/** How far the database's clock may run ahead of ours while a carried view is decided by. */
const slackMs = 1;
const slackShare = 0.001;
/**
 * A statement may be on its way to a busy database for so long before it is carried out: by so much the
 * database's clock may be ahead, and so long after its end a grant may count at most, should it jump.
 */
const onTheWayMs = 1_000;

/** The position and the database's time that one request decides by. */
export interface LedgerView {
  readonly head: number;
  /** Microseconds since 1970 by the database's clock. */
  readonly now: number;
  /** Position of the newest notice, 0 where there is none. */
  readonly notices: number;
  /** How often the ledger was found to be another one: positions of two of them do not compare. */
  readonly history: number;
  /**
   * Not read for this request but carried on from the last read, at this time of `performance.now()`:
   * what is decided by it must not leave before `confirm` has said so.
   */
  readonly carriedAt?: number;
}

/**
 * The say-so of recently asked-for subjects, in memory and bounded, one byte per subject and pair.
 * Never the truth: nothing that was decided by it leaves before the head on the primary was looked at,
 * by `confirm` or by the statement that writes the entry (`standing`), and what changed is forgotten here.
 */
export class ConsentSnapshot {
  readonly #database: Statements;
  readonly #policy: Policy;
  readonly #pages: ConsentPages;
  readonly #recent = new Map<number, number>();
  #recentFrom = 0;
  #head = -1;
  /** When the event at the head was recorded: tells one history from another of the same length. */
  #newest: string | null | undefined;
  #history = 0;
  /** Counts how often all was forgotten; what was read before must not be kept after. */
  #epoch = 0;
  readonly #refresh: (item: undefined) => Promise<LedgerView>;
  /** The newest view, and when it was asked for. */
  #last: { readonly view: LedgerView; readonly askedAt: number } | undefined;

  readonly #onErased: (number: number | undefined) => void;

  /**
   * @param onErased told of each number that no longer stands for anybody, before a view that is
   *   newer than the erasure is given; `undefined` when any number may be meant
   * @param database sends what is read, when knex is not to build it anew each time
   */
  constructor(
    knex: Knex,
    policy: Policy,
    maxSubjects: number,
    onErased: (number: number | undefined) => void = () => undefined,
    database: Statements = byKnex(knex),
  ) {
    this.#onErased = onErased;
    this.#database = database;
    this.#policy = policy;
    this.#pages = new ConsentPages(policy.pairs.length, maxSubjects);
    this.#refresh = shareWhileBusy(() => this.#readHead());
  }

  /**
   * Reads the head, on the primary, by a query that was sent after this call, and forgets whoever
   * has changed. Requests that arrive while one is under way share the next.
   * @throws LedgerError LEDGER_UNAVAILABLE, or LEDGER_ROLLED_BACK when the head went back.
   */
  async view(): Promise<LedgerView> {
    try {
      return await this.#refresh(undefined);
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError('the ledger did not answer', 'LEDGER_UNAVAILABLE', { cause: error });
    }
  }

  /**
   * The view that was read last, for a request that will `confirm` what it decided by it. Its time
   * goes on by this machine's clock, from when it was asked for: rather late than early, so that no
   * grant counts for longer.
   * @returns nothing where none was read lately: then `view`
   */
  carried(): LedgerView | undefined {
    if (this.#last === undefined) return undefined;
    const { view, askedAt } = this.#last;
    const carriedAt = performance.now();
    const passed = carriedAt - askedAt;
    if (passed > maxCarriedMs) return undefined;
    const { head, now, notices, history } = view;
    return { head, now: now + Math.ceil(passed * 1_000), notices, history, carriedAt };
  }

  /**
   * Where the ledger has to stand for what was decided by a view to hold, as far as is known here:
   * whoever finds it there need not ask `confirm`. Nothing is read for it.
   *
   * @param numbers as for `confirm`
   * @returns with it the view to tell of; nothing where only `confirm` can say
   */
  standing(
    view: LedgerView,
    numbers: Iterable<number>,
  ): { readonly view: LedgerView; readonly standing: Standing } | undefined {
    const last = this.#last?.view;
    if (last === undefined || last.head !== this.#head || this.#newest === undefined)
      return undefined;
    if (last.history !== view.history || last.notices !== view.notices) return undefined;
    if (this.movedSince(numbers, view.head)) return undefined;
    const { carriedAt, now } = view;
    const until =
      carriedAt === undefined ? Infinity : latestOf(now, carriedAt) + onTheWayMs * 1_000;
    const { head, notices, history } = last;
    return {
      view: { head, now, notices, history },
      standing: { head, newest: this.#newest, until },
    };
  }

  /**
   * Reads the head by a query that was sent after this call, and says whether what was decided by a
   * view still holds: nobody's say-so that it turned on has changed since.
   *
   * @param numbers subjects whose say-so decisions turned on
   * @returns the view to tell of, of a carried one at the newest head; nothing where it is to be
   *   decided again
   * @throws LedgerError as `view` does
   */
  async confirm(view: LedgerView, numbers: Iterable<number>): Promise<LedgerView | undefined> {
    const fresh = await this.view();
    // Whoever found that it is another one was refused; those who ask later only hear of it here.
    if (fresh.history !== view.history) return undefined;
    if (this.movedSince(numbers, view.head)) return undefined;
    const { carriedAt, now } = view;
    if (carriedAt === undefined) return view;
    // A new notice, or a clock that was set forward or went on while this machine slept.
    if (fresh.notices !== view.notices || fresh.now > latestOf(now, carriedAt)) return undefined;
    return { ...fresh, now };
  }

  /**
   * Loads those subjects that are not in memory, in batches. Decide right after it returns, before
   * awaiting anything else: memory is bounded and may be given to others.
   * @param numbers those below 0 stand for nobody and are passed over, here and in `holds`
   * @returns false when one of them changed after the view's head: decide again from a new view.
   * @throws LedgerError LEDGER_UNAVAILABLE
   */
  async ensure(numbers: ArrayLike<number>, view: LedgerView): Promise<boolean> {
    for (let tries = 0; tries < maxLoads; tries += 1) {
      const missing = this.#pages.missing(numbers);
      if (missing.length === 0) return this.#pages.hold(numbers, view.head);
      try {
        await this.#load(missing);
        // None that the batch needs, be it loaded now or before.
        this.#pages.evict(numbers);
      } catch (error) {
        throw new LedgerError('say-so could not be read', 'LEDGER_UNAVAILABLE', { cause: error });
      }
    }
    return false;
  }

  /**
   * Whether all of them are in memory and none changed after the view's head, at this very moment.
   * What `ensure` has loaded may be gone a turn later.
   */
  holds(numbers: ArrayLike<number>, view: LedgerView): boolean {
    return this.#pages.hold(numbers, view.head);
  }

  /**
   * Where in `said` each of them starts, to read before anything is awaited: pair `p` of a subject is
   * `p` places further. `notHeld` for nobody.
   * @param count how many of `numbers` to look for
   * @returns false where `holds` would say no of one of them: none is then decided on
   */
  locate(numbers: Int32Array, count: number, view: LedgerView, starts: Int32Array): boolean {
    return this.#pages.locate(numbers, count, view.head, starts);
  }

  /** What those said whom `locate` finds. */
  get said(): SaidBytes {
    return this.#pages;
  }

  /** The state of a pair for a subject that `ensure` has loaded; one of `State`. */
  state(number: number, pair: number): number {
    const start = this.#pages.startOf(number, Infinity);
    if (start === notHeld) throw new Error('a subject is decided on before it was loaded');
    return this.#pages.states[start + pair] ?? 0;
  }

  /** When the grant of a pair stops counting, in microseconds since 1970; Infinity for never. */
  expiry(number: number, pair: number): number {
    const start = this.#pages.startOf(number, Infinity);
    return start === notHeld ? Infinity : this.#pages.endOf(start + pair);
  }

  /** Whether any of the subjects changed after \`head\`. Says yes when it no longer remembers. */
  movedSince(numbers: Iterable<number>, head: number): boolean {
    if (head < this.#recentFrom) return true;
    if (head === this.#head) return false;
    for (const number of numbers) {
      if ((this.#recent.get(number) ?? 0) > head) return true;
    }
    return false;
  }

  async #readHead(): Promise<LedgerView> {
    const before = this.#head;
    const askedAt = performance.now();
    const { rows } = await this.#database.ask<HeadRow>(headRead, [before], timeoutMs);
    const row = rows[0];
    if (row === undefined) throw new Error('the ledger has no head');
    const head = Number(row.position);
    if (head < before) {
      // Events were lost: should others take their positions, nothing known of them may be used.
      this.#history += 1;
      this.#forgetAll(this.#head);
      this.#newest = undefined;
      throw new LedgerError('the head of the ledger is lower than it was', 'LEDGER_ROLLED_BACK');
    }
    const seen = head === before ? row.newest : row.seen;
    if (this.#newest !== undefined && seen !== this.#newest) {
      // Restored to an older state that has caught up since: other events stand where ours stood.
      this.#history += 1;
      this.#forgetAll(head);
      this.#newest = row.newest;
      throw new LedgerError('the ledger is not the one it was', 'LEDGER_ROLLED_BACK');
    }
    if (head > this.#head) await this.#follow(head);
    this.#newest = row.newest;
    const view = { head, now: Number(row.now), notices: row.notices, history: this.#history };
    this.#last = { view, askedAt };
    return view;
  }

  /** Forgets the subjects that changed up to the new head; they are loaded anew when asked for. */
  async #follow(head: number): Promise<void> {
    if (this.#head < 0 || head - this.#head > maxTail || this.#recent.size > maxRecent) {
      this.#forgetAll(head);
      return;
    }
    const { rows } = await this.#database.ask<TailRow>(tailRead, [this.#head, head], timeoutMs);
    for (const { subject, position, erased } of rows) {
      if (erased) this.#onErased(subject);
      this.#recent.set(subject, Number(position));
      this.#pages.forget(subject);
    }
    this.#head = head;
  }

  #forgetAll(head: number): void {
    this.#last = undefined;
    this.#epoch += 1;
    // Somebody may have been erased among what was not followed.
    this.#onErased(undefined);
    this.#pages.clear();
    this.#recent.clear();
    this.#recentFrom = head;
    this.#head = head;
  }

  async #load(numbers: readonly number[]): Promise<void> {
    for (let i = 0; i < numbers.length; i += loadChunk) {
      const part = numbers.slice(i, i + loadChunk);
      const epoch = this.#epoch;
      const events = await readEvents(this.#database, part, timeoutMs);
      // Whoever changed while the query ran may have been read before the change.
      if (epoch !== this.#epoch) return;
      for (const number of part) this.#keep(number, events.get(number) ?? []);
    }
  }

  #keep(number: number, events: readonly PositionedEvent[]): void {
    const newest = events.at(-1)?.position ?? 0;
    if (newest < (this.#recent.get(number) ?? 0)) return;
    this.#pages.keep(number, newest, foldEvents(events, this.#policy));
  }
}

/** The latest that the database's clock may show by now, in its microseconds, if it goes on as ours does. */
const latestOf = (now: number, carriedAt: number): number =>
  now + ((performance.now() - carriedAt) * (1 + slackShare) + slackMs) * 1_000;
