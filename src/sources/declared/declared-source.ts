import type { Knex } from 'knex';
import { SourceError, type Problem } from '../../core/errors.ts';
import { declaredSource } from '../../policy/model.ts';
import type { ReadPlan } from '../../policy/plan.ts';
import type { EraseRequest, Find, Row, Source } from '../source.ts';

export interface DeclaredSourceOptions {
  /** Sayso's own database. */
  readonly knex: Knex;
  readonly maxRows: number;
  readonly timeoutMs: number;
  /** The numbers of persons of one type, in the order of `ids`; negative for who can have none. */
  readonly numbersOf: (type: string, ids: readonly string[]) => Promise<readonly number[]>;
  /** The number of a person who has one; nobody is given one by asking. */
  readonly known: (type: string, id: string) => Promise<number | undefined>;
}

interface ValueRow {
  readonly subject: number;
  readonly coordinate: string;
  readonly value: unknown;
}

/**
 * What persons declared, read like any source. Everybody has a row, most of them empty: that there
 * is something would tell of the person.
 */
export class DeclaredSource implements Source {
  readonly name = declaredSource;
  readonly maxRows: number;
  readonly #options: DeclaredSourceOptions;

  constructor(options: DeclaredSourceOptions) {
    this.maxRows = options.maxRows;
    this.#options = options;
  }

  async fetch(read: ReadPlan, find: Find): Promise<readonly Row[]> {
    if ((find.by !== 'equal' && find.by !== 'subject') || read.subject === undefined) {
      // Declared types have no root fields and no tables between.
      throw new Error(`declared rows are found by their person, not by ${find.by}`);
    }
    const ids =
      find.by === 'subject' ? [find.id] : [...new Set(find.tuples.map(([id = '']) => id))];
    // One row for each person: there is nothing behind it.
    if (find.by === 'subject' && find.after) return [];
    try {
      const numbers = await this.#options.numbersOf(read.subject.path.type, ids);
      const values = await this.#values(read, numbers);
      return ids.flatMap((id, i) => {
        const number = numbers[i] ?? -1;
        if (number < 0) return [];
        const own = values.get(number);
        const cells = read.columns.map((column) => own?.get(`${read.type}.${column}`) ?? null);
        return [{ values: [...cells, id, id] }];
      });
    } catch (error) {
      throw new SourceError(
        'what persons declared cannot be read',
        'SOURCE_UNAVAILABLE',
        declaredSource,
        error,
      );
    }
  }

  /** By number, then by coordinate. */
  async #values(
    { type, columns }: ReadPlan,
    numbers: readonly number[],
  ): Promise<ReadonlyMap<number, ReadonlyMap<string, unknown>>> {
    const found = new Map<number, Map<string, unknown>>();
    if (columns.length === 0) return found;
    const { rows } = await this.#options.knex
      .raw<{ rows: ValueRow[] }>(
        `select subject, coordinate, value from declared_value
         where subject = any(?) and coordinate = any(?)`,
        [numbers as number[], columns.map((column) => `${type}.${column}`)],
      )
      .timeout(this.#options.timeoutMs);
    for (const { subject, coordinate, value } of rows) {
      const values = found.get(subject) ?? new Map<string, unknown>();
      values.set(coordinate, value);
      found.set(subject, values);
    }
    return found;
  }

  /** Values go with the link to their person, in the ledger's own transaction; here they are counted. */
  async erase(requests: readonly EraseRequest[], id: string): Promise<readonly number[]> {
    const counts: number[] = [];
    for (const { type } of requests) {
      const number = (await this.#options.known(type.subject?.type ?? '', id)) ?? -1;
      const coordinates = [...type.fields.values()].map(({ coordinate }) => coordinate);
      const { rows } = await this.#options.knex.raw<{ rows: { count: number }[] }>(
        `select count(*)::int as count from declared_value
         where subject = ? and coordinate = any(?)`,
        [number, coordinates],
      );
      counts.push(rows[0]?.count ?? 0);
    }
    return counts;
  }

  check(): Promise<readonly Problem[]> {
    return Promise.resolve([]);
  }

  /** Persons are known here by the text that their own source has. */
  subjectKind(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
