import type { Knex } from 'knex';
import { LedgerError } from '../core/errors.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';
import { byKnex, type Statements } from '../core/statement.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { foldEvents } from './fold-events.ts';
import { headRead, tailRead, type HeadRow, type TailRow } from './head-read.ts';
import { readEvents, type PositionedEvent } from './stored-events.ts';

/** Small, because persons asked for together have numbers that lie far apart. */
const pageBits = 7;
const pageSize = 1 << pageBits;
/** Subjects changed since the oldest position remembered; past this many all is read anew. */
const maxRecent = 100_000;
const maxTail = 20_000;
const loadChunk = 5_000;
/** A load that keeps being overtaken by changes gives up; the request is then refused. */
const maxLoads = 5;
/** A ledger that is silent for longer counts as unreachable. */
const timeoutMs = 10_000;

/** The say-so of 128 neighbouring subjects. */
interface Page {
  readonly loaded: Uint8Array;
  /** Newest position that concerns the subject, as loaded. */
  readonly changed: Float64Array;
  /** One byte for each subject and pair. */
  readonly states: Uint8Array;
  /** Slot × pairs + pair → microseconds since 1970. Few grants expire, so this is sparse. */
  readonly expiry: Map<number, number>;
  /** Asked for since pages were last given up: this one then stays for another round. */
  used: boolean;
}

/** The position and the database's time that one request decides by. */
export interface LedgerView {
  readonly head: number;
  /** Microseconds since 1970 by the database's clock. */
  readonly now: number;
  /** Position of the newest notice, 0 where there is none. */
  readonly notices: number;
}

/**
 * The say-so of recently asked-for subjects, in memory and bounded, one byte per subject and pair.
 * Never the truth: each request first reads the head on the primary, and what changed since is
 * forgotten here before any decision is made.
 */
export class ConsentSnapshot {
  readonly #database: Statements;
  readonly #policy: Policy;
  readonly #maxPages: number;
  /** Longest kept first. */
  readonly #pages = new Map<number, Page>();
  readonly #recent = new Map<number, number>();
  #recentFrom = 0;
  #head = -1;
  /** When the event at the head was recorded: tells one history from another of the same length. */
  #newest: string | null | undefined;
  /** Counts how often all was forgotten; what was read before must not be kept after. */
  #epoch = 0;
  readonly #refresh: (item: undefined) => Promise<LedgerView>;

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
    this.#maxPages = Math.max(1, Math.ceil(maxSubjects / pageSize));
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
   * Loads those subjects that are not in memory, in batches. Decide right after it returns, before
   * awaiting anything else: memory is bounded and may be given to others.
   * @returns false when one of them changed after the view's head: decide again from a new view.
   * @throws LedgerError LEDGER_UNAVAILABLE
   */
  async ensure(numbers: readonly number[], view: LedgerView): Promise<boolean> {
    for (let tries = 0; tries < maxLoads; tries += 1) {
      const missing = this.#missing(numbers);
      if (missing.length === 0) return !this.#changedSince(numbers, view.head);
      try {
        await this.#load(missing);
        // None that the batch needs, be it loaded now or before.
        this.#evict(numbers);
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
  holds(numbers: readonly number[], view: LedgerView): boolean {
    return this.#missing(numbers).length === 0 && !this.#changedSince(numbers, view.head);
  }

  /** The state of a pair for a subject that \`ensure\` has loaded; one of \`State\`. */
  state(number: number, pair: number): number {
    const page = this.#pages.get(number >> pageBits);
    const slot = number & (pageSize - 1);
    if (page?.loaded[slot] !== 1) throw new Error('a subject is decided on before it was loaded');
    return page.states[slot * this.#policy.pairs.length + pair] ?? 0;
  }

  /** When the grant of a pair stops counting, in microseconds since 1970; Infinity for never. */
  expiry(number: number, pair: number): number {
    const page = this.#pages.get(number >> pageBits);
    const slot = number & (pageSize - 1);
    return page?.expiry.get(slot * this.#policy.pairs.length + pair) ?? Infinity;
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

  #changedSince(numbers: readonly number[], head: number): boolean {
    return numbers.some((number) => {
      const changed = this.#pages.get(number >> pageBits)?.changed[number & (pageSize - 1)] ?? 0;
      return changed > head;
    });
  }

  async #readHead(): Promise<LedgerView> {
    const before = this.#head;
    const { rows } = await this.#database.ask<HeadRow>(headRead, [before], timeoutMs);
    const row = rows[0];
    if (row === undefined) throw new Error('the ledger has no head');
    const head = Number(row.position);
    if (head < before) {
      // Events were lost: should others take their positions, nothing known of them may be used.
      this.#forgetAll(this.#head);
      this.#newest = undefined;
      throw new LedgerError('the head of the ledger is lower than it was', 'LEDGER_ROLLED_BACK');
    }
    const seen = head === before ? row.newest : row.seen;
    if (this.#newest !== undefined && seen !== this.#newest) {
      // Restored to an older state that has caught up since: other events stand where ours stood.
      this.#forgetAll(head);
      this.#newest = row.newest;
      throw new LedgerError('the ledger is not the one it was', 'LEDGER_ROLLED_BACK');
    }
    if (head > this.#head) await this.#follow(head);
    this.#newest = row.newest;
    return { head, now: Number(row.now), notices: row.notices };
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
      const page = this.#pages.get(subject >> pageBits);
      if (page) page.loaded[subject & (pageSize - 1)] = 0;
    }
    this.#head = head;
  }

  #forgetAll(head: number): void {
    this.#epoch += 1;
    // Somebody may have been erased among what was not followed.
    this.#onErased(undefined);
    this.#pages.clear();
    this.#recent.clear();
    this.#recentFrom = head;
    this.#head = head;
  }

  #missing(numbers: readonly number[]): readonly number[] {
    const missing = new Set<number>();
    for (const number of numbers) {
      const page = this.#pages.get(number >> pageBits);
      if (page) page.used = true;
      if (page?.loaded[number & (pageSize - 1)] !== 1) missing.add(number);
    }
    return [...missing];
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
    const page = this.#page(number >> pageBits);
    const slot = number & (pageSize - 1);
    const { states, expiry } = foldEvents(events, this.#policy);
    const base = slot * this.#policy.pairs.length;
    for (let pair = 0; pair < states.length; pair += 1) page.expiry.delete(base + pair);
    page.states.set(states, base);
    for (const [pair, until] of expiry) page.expiry.set(base + pair, until);
    page.changed[slot] = newest;
    page.loaded[slot] = 1;
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known) return known;
    const page: Page = {
      loaded: new Uint8Array(pageSize),
      changed: new Float64Array(pageSize),
      states: new Uint8Array(pageSize * this.#policy.pairs.length),
      expiry: new Map(),
      used: false,
    };
    this.#pages.set(number, page);
    return page;
  }

  /** Gives up the pages not used for longest, but none that the batch at hand still needs. */
  #evict(needed: readonly number[]): void {
    let surplus = this.#pages.size - this.#maxPages;
    if (surplus <= 0) return;
    const keep = new Set(needed.map((number) => number >> pageBits));
    // Pages put back are met again at the end; by then, at the latest, they have lost their mark.
    let left = 2 * this.#pages.size;
    for (const [number, page] of this.#pages) {
      if (surplus <= 0 || left <= 0) return;
      left -= 1;
      this.#pages.delete(number);
      if (page.used || keep.has(number)) {
        page.used = false;
        this.#pages.set(number, page);
      } else surplus -= 1;
    }
  }
}
