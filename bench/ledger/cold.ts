import type { Knex } from 'knex';

/** The numbers of all persons, in an order that looks like none. */
export const shuffledNumbers = async (knex: Knex, count: number): Promise<Int32Array> => {
  const numbers = new Int32Array(count);
  const step = 50_000;
  // Little by little and as text, so that it leaves no mark on the memory that is measured.
  for (let from = 0, filled = 0; filled < count; from += step) {
    const { rows } = await knex.raw<{ rows: { numbers: string | null }[] }>(
      `select string_agg(number::text, ',') as numbers from subject
       where number >= ? and number < ?`,
      [from, from + step],
    );
    for (const number of rows[0]?.numbers?.split(',') ?? []) numbers[filled++] = Number(number);
  }
  // The same shuffle in every run.
  let seed = 12_345;
  for (let i = count - 1; i > 0; i -= 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const j = Math.floor((seed / 2 ** 32) * (i + 1));
    [numbers[i], numbers[j]] = [numbers[j] ?? 0, numbers[i] ?? 0];
  }
  return numbers;
};

/** Persons whom nothing has asked for yet, batch by batch. */
export class Cold {
  readonly #numbers: Int32Array;
  #next = 0;

  constructor(numbers: Int32Array) {
    this.#numbers = numbers;
  }

  take(count: number): readonly number[] {
    const taken = this.#numbers.subarray(this.#next, this.#next + count);
    this.#next += taken.length;
    return [...taken];
  }
}
