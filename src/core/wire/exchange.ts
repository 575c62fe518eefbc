import pg from 'pg';
import { messages } from './frames.ts';
import type { AnswerReader, SourceClient, WireConnection } from './wire-client.ts';
import { readColumns, WireRows } from '../../sources/sql/wire-rows.ts';

/** A statement as the server is given it. */
export interface Asked {
  readonly text: string;
  /** What the server keeps it under; without, it is prepared for this once. */
  readonly name?: string;
  /** Parameters as PostgreSQL writes them. */
  readonly values: readonly string[];
}

interface Exchanging extends Asked {
  /** Prepared anew, whatever the server keeps under this name. */
  readonly anew: boolean;
  readonly limitMs: number;
}

/**
 * One statement and its answer over a connection, by the extended protocol: one write, one answer
 * up to `ReadyForQuery`. Handed to pg's queue like any query of its own.
 */
class Exchange implements AnswerReader {
  readonly #client: SourceClient;
  readonly #asked: Exchanging;
  readonly #settle: (result: WireRows | Error) => void;
  readonly #timer: NodeJS.Timeout;
  #pieces: Buffer[] = [];
  #columns: Buffer | undefined;
  #rows = 0;
  #complete = false;
  #error: Error | undefined;
  #settled = false;

  constructor(client: SourceClient, asked: Exchanging, settle: (result: WireRows | Error) => void) {
    this.#client = client;
    this.#asked = asked;
    this.#settle = settle;
    // For a server that is gone and says nothing: its connection is then given up.
    this.#timer = setTimeout(() => {
      this.lost(Object.assign(new Error('the server is silent'), { code: 'ETIMEDOUT' }));
    }, asked.limitMs);
  }

  /** Called by pg when it is this one's turn. */
  submit(wire: WireConnection): null {
    const { text, name = '', values, anew } = this.#asked;
    const { prepared } = this.#client;
    this.#client.reader = this;
    wire.stream.cork();
    try {
      if (anew || name === '' || !prepared.use(name)) {
        const gone = name === '' ? [] : prepared.makeRoom();
        for (const one of anew ? [...gone, name] : gone) wire.close({ type: 'S', name: one });
        prepared.forget(name);
        wire.parse({ name, text });
      }
      wire.bind({ statement: name, values });
      // Each time: what a statement gives may have changed since it was prepared.
      wire.describe({ type: 'P' });
      wire.execute({});
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  take(bytes: Buffer): void {
    this.#pieces.push(bytes);
  }

  over(code: number): void {
    switch (code) {
      case messages.row:
        this.#rows += 1;
        break;
      case messages.columns:
        this.#columns = Buffer.concat(this.#pieces);
        this.#pieces = [];
        break;
      case messages.parsed:
        if (this.#asked.name !== undefined) this.#client.prepared.add(this.#asked.name);
        break;
      case messages.ready:
        this.#finish();
        break;
      default:
    }
  }

  /** Called by pg. After an error of the server's, its `ReadyForQuery` is still to come. */
  handleError(error: Error): void {
    this.#error ??= error;
    if (!(error instanceof pg.DatabaseError)) this.lost(error);
  }

  /** Nothing more will come that could be trusted. */
  lost(error: Error): void {
    this.#client.discard(error);
    this.#end(this.#error ?? error);
  }

  /** Called by pg, before `ReadyForQuery`: the server says how many rows it sent. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#complete = text === `SELECT ${this.#rows}`;
  }

  // pg hands these on as well; nothing is to be done about them.
  handleReadyForQuery(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
  handleCopyInResponse(): void {
    this.lost(new Error('the server wants to be given rows'));
  }

  #finish(): void {
    if (this.#error) {
      this.#end(this.#error);
      return;
    }
    try {
      if (!this.#complete || this.#columns === undefined)
        throw new Error('the server did not answer in full');
      this.#end(new WireRows(readColumns(this.#columns), Buffer.concat(this.#pieces), this.#rows));
    } catch (error) {
      this.lost(error instanceof Error ? error : new Error('rows cannot be read'));
    }
  }

  #end(result: WireRows | Error): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    if (this.#client.reader === this) this.#client.reader = undefined;
    this.#pieces = [];
    this.#settle(result);
  }
}

const exchange = (client: SourceClient, asked: Exchanging): Promise<WireRows> =>
  new Promise((resolve, reject) => {
    const one = new Exchange(client, asked, (result) => {
      if (result instanceof Error) reject(result);
      else resolve(result);
    });
    try {
      // pg's type of what it can be handed names its own connection, which this is.
      client.query(one as unknown as pg.Submittable);
    } catch (error) {
      one.lost(error instanceof Error ? error : new Error('the statement cannot be sent'));
    }
  });

/**
 * What a server says of a statement that it kept and can no longer use: its table changed, it was
 * forgotten, or (behind a pooler) somebody else's is there already.
 */
const outdated: ReadonlySet<string> = new Set(['0A000', '26000', '42P05']);

/**
 * Sends a statement and reads its rows; once more when the server no longer has what it kept of it.
 * A connection in an unknown state is discarded, so that whoever gets it back never hands it out.
 *
 * @param limitMs for the whole answer, after which the connection is given up
 * @throws Error of pg, or with the code ETIMEDOUT when the server is silent
 */
export const ask = async (
  client: SourceClient,
  asked: Asked,
  limitMs: number,
): Promise<WireRows> => {
  try {
    return await exchange(client, { ...asked, anew: false, limitMs });
  } catch (error) {
    const { code } = error as { code?: string };
    if (asked.name === undefined || code === undefined || !outdated.has(code)) throw error;
    if (code === '26000') client.prepared.clear();
    return exchange(client, { ...asked, anew: true, limitMs });
  }
};
