import { int32s } from '../core/slab.ts';
import type { Said, SaidBook } from './said-book.ts';
import type { Rows } from './sort-rows.ts';

/** How many rows further a person is looked for. */
const mostPassed = 4;

/** Persons of several selections with what is said of them, most of them once. */
export class GatheredRows {
  readonly #book: SaidBook;
  readonly #numbers: Int32Array;
  readonly #kinds: Int32Array;
  #length = 0;

  /** @param most how many rows there are at most */
  constructor(book: SaidBook, most: number) {
    this.#book = book;
    this.#numbers = int32s(most);
    this.#kinds = int32s(most);
  }

  /**
   * Adds the rows of a selection.
   *
   * @param places for each of the persons the place in `said`
   * @param count how many persons
   */
  add(
    persons: ArrayLike<number>,
    places: ArrayLike<number>,
    count: number,
    said: readonly Said[],
  ): void {
    const book = this.#book;
    const numbers = this.#numbers;
    const kinds = this.#kinds;
    const known = this.#length;
    // What is selected below others is of the same persons in the same order, but for a few.
    let next = 0;
    for (let i = 0; i < count; i += 1) {
      const person = persons[i] ?? -1;
      const own = said[places[i] ?? 0] ?? book.nothing;
      const end = Math.min(known, next + mostPassed);
      let at = next;
      while (at < end && numbers[at] !== person) at += 1;
      if (at < end) {
        kinds[at] = book.at(kinds[at] ?? 0).and(own).number;
        next = at + 1;
      } else {
        numbers[this.#length] = person;
        kinds[this.#length] = own.number;
        this.#length += 1;
      }
    }
  }

  /** Persons by number, and what is said of each by its number in the book. */
  get all(): Rows {
    const length = this.#length;
    return {
      numbers: this.#numbers.subarray(0, length),
      kinds: this.#kinds.subarray(0, length),
    };
  }
}
