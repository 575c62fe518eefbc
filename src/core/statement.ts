import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Parameter } from './wire/parameters.ts';

/** A statement that is sent often. */
export interface Statement {
  /** Says what it does, and ends in a hash of it: one name never stands for two statements. */
  readonly name: string;
  /** With `?` for each value, as knex has it. */
  readonly text: string;
  /** With `$1`, `$2` … as PostgreSQL has it. */
  readonly numbered: string;
}

/** What the database answered. */
export interface Answer<Row> {
  readonly rows: Row[];
  readonly rowCount: number | null;
}

/** Whoever sends statements to Sayso's own database. */
export interface Statements {
  /**
   * Sends one, as a transaction of its own unless the sender is a transaction.
   * @throws what the database says, and when it is silent for longer than `timeoutMs`
   */
  ask<Row>(
    statement: Statement,
    values: readonly Parameter[],
    timeoutMs: number,
  ): Promise<Answer<Row>>;
}

/** @param what at most 40 letters; `?` stands for values alone */
export const statement = (what: string, text: string): Statement => {
  let count = 0;
  const numbered = text.replaceAll('?', () => `$${(count += 1)}`);
  const hash = createHash('sha256').update(numbered).digest('hex').slice(0, 16);
  return { name: `${what} ${hash}`, text, numbered };
};

/** Sends statements by knex, planned anew each time: within a transaction, or where it is rare. */
export const byKnex = (knex: Pick<Knex, 'raw'>): Statements => ({
  ask: <Row>({ text }: Statement, values: readonly Parameter[], timeoutMs: number) =>
    // knex lists only some of the values that pg takes.
    knex.raw<Answer<Row>>(text, values as Knex.RawBinding[]).timeout(timeoutMs),
});
