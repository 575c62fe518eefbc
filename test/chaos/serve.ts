import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { configFor, type Place } from '../../bench/config-for.ts';
import { startApp } from '../../src/app.ts';

/** When a serving process ends itself, by the number of entries' statements that it has sent. */
export interface Fate {
  /**
   * `committed`: the entry is durable and its answer has not left. `sent`: the statement is on its
   * way, and nobody knows. `outside`: it does nothing; whoever started it kills it.
   */
  readonly when: 'committed' | 'sent' | 'outside';
  readonly statement: number;
  /** Answers do not wait for the log: what must be found out. */
  readonly wait: boolean;
}

export interface ServeOrder {
  readonly place: Place;
  readonly fate: Fate;
}
export type ServeReport = 'ready' | { readonly url: string } | { readonly failed: string };

type Callback = (error: unknown, result: { rows: unknown[]; rowCount: number }) => void;
interface Query {
  readonly text: string;
  readonly values?: readonly unknown[];
}

const die = (): void => void process.kill(process.pid, 'SIGKILL');

/** How long the log lags behind where answers do not wait for it. */
const lagMs = 15;

/** Meets the log's statements where they leave the process; nothing of the product is changed. */
const meet = ({ when, statement, wait }: Fate): void => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right `this` below
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  let sent = 0;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
    const [config, callback] = args as [Query, Callback];
    if (typeof config !== 'object' || !config.text.includes('insert into audit_entry'))
      return query.apply(this, args);
    sent += 1;
    const fatal = sent === statement;
    if (!wait) {
      const ids = config.values?.find((one) => Array.isArray(one) && String(one[0]).includes('-'));
      setTimeout(() => query.call(this, config, () => undefined), lagMs);
      callback(null, { rows: [], rowCount: (ids as unknown[]).length });
      return undefined;
    }
    const told: Callback = (error, result) => {
      if (fatal && when === 'committed') die();
      else callback(error, result);
    };
    const result = query.call(this, config, told);
    // The bytes leave at the end of this turn of the event loop.
    if (fatal && when === 'sent') setImmediate(die);
    return result;
  } as typeof pg.Client.prototype.query;
};

const tell = (report: ServeReport): void => void process.send?.(report);

process.on('message', ({ place, fate }: ServeOrder) => {
  const config = {
    ...configFor(place),
    schemaDir: fileURLToPath(new URL('schema', import.meta.url)),
  };
  startApp(config).then(
    ({ url }) => {
      meet(fate);
      tell({ url });
    },
    (error: unknown) => tell({ failed: error instanceof Error ? String(error.stack) : 'unknown' }),
  );
});
process.once('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
tell('ready');
