import type { Knex } from 'knex';
import { byKnex } from '../core/statement.ts';
import type { SaidWords } from '../decision/judge-pairs.ts';
import { foldEvents, type FoldedStates } from '../ledger/fold-events.ts';
import { readEvents, type PositionedEvent } from '../ledger/stored-events.ts';
import type { Policy } from '../policy/compile-policy.ts';

/** Replay is in no hurry: a busy ledger is waited for. */
const timeoutMs = 60_000;
const loadChunk = 5_000;
/** Foldings kept for one person: entries of several policies and heads come mixed. */
const maxFolds = 4;

interface Fold {
  readonly policy: Policy;
  /** How many of the events it holds. */
  readonly count: number;
  readonly states: FoldedStates;
}

/** That a person was erased. */
export interface Erased {
  readonly position: number;
  /** When it was written down, in milliseconds since 1970. */
  readonly recordedAt: number;
}

interface Person {
  readonly events: readonly PositionedEvent[];
  /** All events up to here are among them. */
  readonly until: number;
  /** The number was still to be drawn. */
  readonly undrawn: boolean;
  readonly erased: Erased | undefined;
  readonly folds: Fold[];
}

/** What persons had said at positions of the ledger, in memory and bounded. */
export class SaidSo {
  readonly #knex: Knex;
  readonly #maxPersons: number;
  /** Longest unused first. */
  readonly #persons = new Map<number, Person>();
  /** Of persons who never said anything. */
  readonly #silence = new Map<Policy, FoldedStates>();

  constructor(knex: Knex, maxPersons: number) {
    this.#knex = knex;
    this.#maxPersons = maxPersons;
  }

  /**
   * Reads what these persons said, those together that are not in memory.
   *
   * @param needed position up to which their words will be asked for
   * @param until one that the ledger has come to, so that all events up to it are committed
   */
  async load(numbers: ReadonlySet<number>, needed: number, until: number): Promise<void> {
    const missing: number[] = [];
    for (const number of numbers) {
      const known = this.#persons.get(number);
      if (!known || known.until < needed) missing.push(number);
      else {
        this.#persons.delete(number);
        this.#persons.set(number, known);
      }
    }
    for (let i = 0; i < missing.length; i += loadChunk) {
      const part = missing.slice(i, i + loadChunk);
      const [events, undrawn] = await Promise.all([
        readEvents(byKnex(this.#knex), part, timeoutMs),
        this.#undrawn(part),
      ]);
      const erased = await this.#erased(
        part.filter((number) => events.get(number)?.some(({ kind }) => kind === 'erased')),
      );
      for (const number of part) {
        this.#persons.delete(number);
        this.#persons.set(number, {
          events: events.get(number) ?? [],
          // Whoever is not there yet may be there the next time.
          until: undrawn.has(number) ? -1 : until,
          undrawn: undrawn.has(number),
          erased: erased.get(number),
          folds: [],
        });
      }
    }
    // None that was asked for now: those are the newest.
    const most = Math.max(this.#maxPersons, numbers.size);
    for (const number of this.#persons.keys()) {
      if (this.#persons.size <= most) break;
      this.#persons.delete(number);
    }
  }

  async #undrawn(numbers: readonly number[]): Promise<ReadonlySet<number>> {
    const { rows } = await this.#knex.raw<{ rows: { number: number }[] }>(
      'select number from subject_lot where number = any(?)',
      [numbers as number[]],
    );
    return new Set(rows.map(({ number }) => number));
  }

  async #erased(numbers: readonly number[]): Promise<ReadonlyMap<number, Erased>> {
    if (numbers.length === 0) return new Map();
    const { rows } = await this.#knex.raw<{ rows: (Erased & { subject: number })[] }>(
      `select distinct on (subject) subject, position::float8,
         (extract(epoch from recorded_at) * 1000)::float8 as "recordedAt"
       from consent_event where subject = any(?) and kind = 'erased' order by subject, position`,
      [numbers as number[]],
    );
    return new Map(rows.map(({ subject, ...row }) => [subject, row]));
  }

  /** Whether the number was ever given to anybody, as far as it was loaded. */
  wasDrawn(number: number): boolean {
    return !this.#person(number).undrawn;
  }

  /** That the person was erased, if they were. */
  erased(number: number): Erased | undefined {
    return this.#person(number).erased;
  }

  /** What a person had said at a head, folded for a policy. */
  at(number: number, policy: Policy, head: number): FoldedStates {
    const { events, folds } = this.#person(number);
    let count = events.length;
    while (count > 0 && (events[count - 1]?.position ?? 0) > head) count -= 1;
    if (count === 0) return this.#silent(policy);
    const known = folds.find((one) => one.count === count && one.policy === policy);
    if (known) return known.states;
    const states = foldEvents(events.slice(0, count), policy);
    if (folds.length >= maxFolds) folds.shift();
    folds.push({ policy, count, states });
    return states;
  }

  #silent(policy: Policy): FoldedStates {
    const known = this.#silence.get(policy) ?? foldEvents([], policy);
    this.#silence.set(policy, known);
    return known;
  }

  #person(number: number): Person {
    const person = this.#persons.get(number);
    if (!person) throw new Error('a person is derived before they were loaded');
    return person;
  }
}

/** One person's word at a time, for judging. */
export class WordsOf implements SaidWords {
  #states: FoldedStates = { states: new Uint8Array(), expiry: new Map() };

  set(states: FoldedStates): void {
    this.#states = states;
  }

  state(_subject: number, pair: number): number {
    return this.#states.states[pair] ?? 0;
  }

  expiry(_subject: number, pair: number): number {
    return this.#states.expiry.get(pair) ?? Infinity;
  }
}
