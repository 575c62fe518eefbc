import type { WireClient } from './wire-client.ts';

/** What of knex's client is used here, whose own type for what it pools is `any`. */
export interface WirePool {
  driver: { readonly Client: typeof WireClient };
  readonly pool: { numPendingAcquires(): number };
  acquireConnection(): Promise<WireClient>;
  releaseConnection(client: WireClient): Promise<void>;
}

/** What nobody asked for during this time goes back to the pool. */
const idleMs = 100;

/**
 * Connections of knex's pool, each lent for one use. One that comes back is kept for whoever asks next:
 * asking the pool makes two timers and some twenty promises each time, and a busy process asks at once.
 *
 * INVARIANT: a connection is lent to one at a time, and none that was discarded, or ended, is lent.
 */
export class LentClients {
  readonly #pool: WirePool;
  readonly #most: number;
  /** Used last comes last, and is lent first. */
  readonly #kept: WireClient[] = [];
  /** How many were not asked for since the timer began. */
  #unused = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param most kept at a time; fewer than the pool may have, as others ask it too */
  constructor(pool: WirePool, most: number) {
    this.#pool = pool;
    this.#most = most;
  }

  /** @throws what the pool throws when none is to be had, and what `work` throws */
  async use<T>(work: (client: WireClient) => Promise<T>): Promise<T> {
    const client = this.#take() ?? (await this.#pool.acquireConnection());
    try {
      return await work(client);
    } finally {
      this.#giveBack(client);
    }
  }

  /** Gives back what is kept, and from now on keeps nothing. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#release(this.#kept.length);
  }

  #take(): WireClient | undefined {
    for (;;) {
      const client = this.#kept.pop();
      this.#unused = Math.min(this.#unused, this.#kept.length);
      if (client === undefined || !client.isGone) return client;
      // The pool looks at it and makes another in its place.
      void this.#pool.releaseConnection(client);
    }
  }

  #giveBack(client: WireClient): void {
    const isWanted = this.#pool.pool.numPendingAcquires() > 0;
    if (client.isGone || isWanted || this.#isClosed || this.#kept.length >= this.#most) {
      void this.#pool.releaseConnection(client);
      return;
    }
    this.#kept.push(client);
    this.#timer ??= setTimeout(() => this.#sweep(), idleMs).unref();
  }

  #sweep(): void {
    this.#release(this.#unused);
    this.#unused = this.#kept.length;
    if (this.#unused > 0) this.#timer?.refresh();
    else this.#timer = undefined;
  }

  #release(count: number): void {
    for (const client of this.#kept.splice(0, count)) void this.#pool.releaseConnection(client);
  }
}
