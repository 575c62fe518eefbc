import type { Knex } from 'knex';
import type { SubjectRef } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import { locks } from '../core/locks.ts';
import { byKnex, statement, type Statements } from '../core/statement.ts';
import type { TextColumn } from '../core/text-column.ts';
import { absent, IdTable } from './id-table.ts';
import { isNumberable } from './id-words.ts';
import { numberColumn } from './number-column.ts';
import type { SubjectSeal } from './subject-seal.ts';

/** Numbers are added to the lottery this many at a time. */
const blockSize = 65_536;
/** A ledger that is silent for longer counts as unreachable. */
const timeoutMs = 10_000;

/** A subject that cannot be numbered: nothing about it can be evaluated, so all is withheld. */
export const noSubject = absent;

const nobodyFound: ReadonlyMap<string, number> = new Map();

const numbersByLookup = statement(
  'look up subjects',
  'select number, lookup from subject where lookup = any(?)',
);

interface NumberRow {
  readonly number: number;
  readonly lookup: Buffer;
}

/**
 * Knows persons by number: dense integers, drawn by lot, so that sets of them pack small and tell
 * nothing. The table `subject` holds the one link between the two, sealed: without the key it says
 * neither who a number is nor which number somebody has.
 */
export class SubjectDirectory {
  readonly #knex: Knex;
  readonly #database: Statements;
  readonly #maxCached: number;
  readonly #seal: SubjectSeal;
  /** By type: the id never becomes a property name. */
  readonly #cache = new Map<string, IdTable>();
  /** Counts how often somebody was forgotten; what was read before must not be kept after. */
  #epoch = 0;

  /** @param database sends what is looked up, when knex is not to build it anew each time */
  constructor(
    knex: Knex,
    maxCached: number,
    seal: SubjectSeal,
    database: Statements = byKnex(knex),
  ) {
    this.#knex = knex;
    this.#database = database;
    this.#maxCached = maxCached;
    this.#seal = seal;
  }

  /**
   * The numbers of persons of one type, in the order of `ids`; persons seen for the first time
   * are given one. An id that cannot be a subject's (empty, over 256 characters, with a NUL) gets
   * `noSubject`.
   * @throws LedgerError LEDGER_UNAVAILABLE
   */
  async numbersOf(type: string, ids: readonly (string | null)[]): Promise<readonly number[]> {
    const cache = this.#cacheOf(type);
    // Kept aside: the cache is bounded, and whoever looks something up may empty it meanwhile.
    const numbers = ids.map((id) => (id === null ? noSubject : cache.getText(id)));
    const missing = new Set<string>();
    ids.forEach((id, i) => {
      if (id !== null && numbers[i] === noSubject && isNumberable(id)) missing.add(id);
    });
    if (missing.size === 0) return numbers;
    const found = await this.#find(type, [...missing]);
    return numbers.map((number, i) =>
      number === noSubject ? (found.get(ids[i] ?? '') ?? noSubject) : number,
    );
  }

  /**
   * The same for ids that came as bytes: the number of each row's person, in the order of the rows.
   * No text is made of an id that is known, and neighbouring rows of one person are one lookup.
   * @throws LedgerError LEDGER_UNAVAILABLE
   */
  numbersOfColumn(type: string, column: TextColumn): Int32Array | Promise<Int32Array> {
    const numbered = numberColumn(this.#cacheOf(type), column);
    const { missing } = numbered;
    if (missing.length === 0) return numbered.complete(nobodyFound);
    return this.#find(type, missing).then((found) => numbered.complete(found));
  }

  /** The number of a person who may never have been seen; `undefined` then, and none is given. */
  async known(type: string, id: string): Promise<number | undefined> {
    const cached = this.#cache.get(type)?.getText(id) ?? noSubject;
    if (cached !== noSubject) return cached;
    if (!isNumberable(id)) return undefined;
    // Whoever signs in is asked for with each of their requests.
    const epoch = this.#epoch;
    const found = await this.#answer(() => this.#select(this.#database, type, [id]));
    if (epoch === this.#epoch) this.#cacheOf(type).keep(found);
    return found.get(id);
  }

  /**
   * Whom a number stands for; `undefined` where it stands for nobody.
   * @throws LedgerError LEDGER_UNAVAILABLE
   */
  async personOf(number: number): Promise<SubjectRef | undefined> {
    return this.#answer(async () => {
      const { rows } = await this.#knex
        .raw<{
          rows: { type: string; sealed: Buffer }[];
        }>('select type, sealed from subject where number = ?', [number])
        .timeout(timeoutMs);
      const [row] = rows;
      return row && { type: row.type, id: this.#seal.open(row.type, number, row.sealed) };
    });
  }

  /** Forgets whom a number stood for, or all of them: the link was destroyed. */
  forget(number: number | undefined): void {
    for (const cache of this.#cache.values()) {
      if (number === undefined) cache.clear();
      else cache.remove(number);
    }
    this.#epoch += 1;
  }

  #cacheOf(type: string): IdTable {
    let cache = this.#cache.get(type);
    if (cache === undefined) {
      cache = new IdTable(this.#maxCached);
      this.#cache.set(type, cache);
    }
    return cache;
  }

  async #find(type: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const epoch = this.#epoch;
    const found = await this.#answer(async () => {
      const known = await this.#select(this.#database, type, ids);
      const unseen = ids.filter((id) => !known.has(id));
      if (unseen.length > 0) {
        for (const [id, number] of await this.#assign(type, unseen)) known.set(id, number);
      }
      return known;
    });
    if (epoch === this.#epoch) this.#cacheOf(type).keep(found);
    return found;
  }

  async #answer<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError('subjects could not be numbered', 'LEDGER_UNAVAILABLE', {
        cause: error,
      });
    }
  }

  async #select(
    database: Statements,
    type: string,
    ids: readonly string[],
  ): Promise<Map<string, number>> {
    const hidden = this.#hidden(type, ids);
    const { rows } = await database.ask<NumberRow>(numbersByLookup, [hidden.lookups], timeoutMs);
    return hidden.shown(rows);
  }

  /** What persons are looked up by, and the way back from what was found. */
  #hidden(type: string, ids: readonly string[]) {
    const lookups = ids.map((id) => this.#seal.lookup(type, id));
    const keyOf = (lookup: Buffer): string => lookup.toString('latin1');
    const idOf = new Map(lookups.map((lookup, i) => [keyOf(lookup), ids[i] ?? '']));
    const shown = (rows: readonly NumberRow[]): Map<string, number> =>
      new Map(rows.map(({ lookup, number }) => [idOf.get(keyOf(lookup)) ?? '', number]));
    return { lookups, shown };
  }

  /** Destroys the link of a person, within a transaction; the number that they had. */
  async unlinkWithin(trx: Knex.Transaction, type: string, id: string): Promise<number | undefined> {
    const { rows } = await trx.raw<{ rows: { number: number }[] }>(
      'delete from subject where lookup = ? returning number',
      [this.#seal.lookup(type, id)],
    );
    return rows[0]?.number;
  }

  /** Links a person to a number of their own within a transaction that others must not see in part. */
  async assignWithin(trx: Knex.Transaction, type: string, id: string): Promise<number | undefined> {
    return (await this.#link(trx, type, [id])).get(id);
  }

  /** Draws numbers and links them in one transaction; who loses a race takes the winner's number. */
  async #assign(type: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#knex.transaction((trx) => this.#link(trx, type, ids));
  }

  async #link(
    trx: Knex.Transaction,
    type: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, number>> {
    const numbers = await this.#draw(trx, ids.length);
    const hidden = this.#hidden(type, ids);
    // In one order whoever links: otherwise two who link the same persons could wait for each other.
    const { rows } = await trx.raw<{ rows: NumberRow[] }>(
      `insert into subject (number, type, lookup, sealed)
         select number, ?, lookup, sealed
         from unnest(?::int[], ?::bytea[], ?::bytea[]) as drawn (number, lookup, sealed)
         order by lookup
         on conflict (lookup) do nothing
         returning number, lookup`,
      [
        type,
        numbers,
        hidden.lookups,
        ids.map((id, i) => this.#seal.seal(type, numbers[i] ?? noSubject, id)),
      ],
    );
    const assigned = hidden.shown(rows);
    if (assigned.size < ids.length) {
      const used = new Set(assigned.values());
      await trx.raw('insert into subject_lot (number) select unnest(?::int[])', [
        numbers.filter((number) => !used.has(number)),
      ]);
      const lost = ids.filter((id) => !assigned.has(id));
      for (const [id, number] of await this.#select(byKnex(trx), type, lost))
        assigned.set(id, number);
    }
    return assigned;
  }

  async #draw(trx: Knex.Transaction, count: number): Promise<number[]> {
    const drawn: number[] = [];
    for (let locked = false; ; locked = true) {
      // In the order of the lot: as they lie in the table, a batch's order would show in its numbers.
      const { rows } = await trx.raw<{ rows: { number: number }[] }>(
        `with drawn as materialized (
           select number, lot from subject_lot order by lot limit ? for update skip locked
         ), gone as (
           delete from subject_lot using drawn where subject_lot.number = drawn.number
         )
         select number from drawn order by lot`,
        [count - drawn.length],
      );
      for (const { number } of rows) drawn.push(number);
      if (drawn.length >= count) return drawn;
      // Who waited for the lock may find that another has added a block meanwhile.
      await trx.raw('select pg_advisory_xact_lock(?, ?)', [...locks.subjectBlock]);
      if (!locked) continue;
      await trx.raw(
        `with block as (
           update subject_block set next_number = next_number + ? returning next_number
         )
         insert into subject_lot (number)
         select generate_series(next_number - ?, next_number - 1) from block`,
        [blockSize, blockSize],
      );
    }
  }
}
