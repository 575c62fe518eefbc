import type { Knex } from 'knex';
import type { Answer, Statement, Statements } from '../core/statement.ts';
import { asOutdated, exchange } from '../core/wire/exchange.ts';
import { LentClients, type WirePool } from '../core/wire/lent-clients.ts';
import { encode, type Parameter } from '../core/wire/parameters.ts';
import { readAnswer } from './read-answer.ts';

/** After so many a pooler that hands on transactions stands between, and nothing is prepared. */
const maxUnprepared = 20;
/** The pool has ten, and whoever asks knex needs some. */
const mostKept = 4;

/** To be closed before the pool is. */
export interface PreparedStatements extends Statements {
  close(): void;
}

/**
 * Sends statements over connections of knex's pool, but not by way of knex: each connection has
 * them prepared once, so that neither knex builds nor PostgreSQL plans them again with each request.
 *
 * @param knex of `openPool`
 */
export const preparedStatements = (knex: Knex): PreparedStatements => {
  // knex types its own pool as `any`.
  const clients = new LentClients(knex.client as WirePool, mostKept);
  let failures = 0;
  return {
    ask: async <Row>(
      { name, numbered: text }: Statement,
      parameters: readonly Parameter[],
      timeoutMs: number,
    ): Promise<Answer<Row>> => {
      const values = parameters.map(encode);
      const prepares = failures < maxUnprepared;
      const asked = [prepares ? { name, text, values } : { text, values }];
      return clients.use(async (client) => {
        try {
          return await exchange(client, asked, timeoutMs, readAnswer<Row>);
        } catch (error) {
          const gone = prepares ? asOutdated(error) : undefined;
          if (gone === undefined) throw error;
          if (gone.code !== '0A000') failures += 1;
          const answer = await exchange(client, [{ text, values }], timeoutMs, readAnswer<Row>);
          // What else is prepared on it may be gone as well; the next connection begins anew.
          client.discard(gone);
          return answer;
        }
      });
    },
    close: () => clients.close(),
  };
};
