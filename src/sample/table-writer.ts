import type pg from 'pg';
import type { Table } from './shop-tables.ts';

const chunk = 4000;

/** Collects the rows of one table by column and inserts them a few thousand at a time. */
export class TableWriter {
  readonly #client: pg.Client;
  readonly #sql: string;
  readonly #names: readonly string[];
  #columns: unknown[][];
  #waiting = 0;

  constructor(client: pg.Client, { name, columns }: Pick<Table<unknown>, 'name' | 'columns'>) {
    const entries: [string, { readonly type: string }][] = Object.entries(columns);
    const arrays = entries.map(([, { type }], index) => `$${index + 1}::${type}[]`);
    this.#client = client;
    this.#names = entries.map(([column]) => column);
    this.#sql = `INSERT INTO ${name} (${this.#names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')})`;
    this.#columns = this.#names.map(() => []);
  }

  /** True when enough rows are waiting to be flushed. */
  put(row: Readonly<Record<string, unknown>>): boolean {
    this.#names.forEach((name, index) => this.#columns[index]?.push(row[name]));
    this.#waiting += 1;
    return this.#waiting >= chunk;
  }

  /** Inserts what is waiting and tells how many rows that was. */
  async flush(): Promise<number> {
    const [columns, count] = [this.#columns, this.#waiting];
    this.#columns = this.#names.map(() => []);
    this.#waiting = 0;
    if (count > 0) await this.#client.query(this.#sql, columns);
    return count;
  }
}
