import pg from 'pg';
import type { Waiting } from './deadline.ts';
import { messages } from './frames.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import type { Encoded } from './parameters.ts';
import { Requests } from './requests.ts';
import type { WireClient, WireConnection, WireReader } from './wire-client.ts';

/** A statement as the server is given it. */
export interface Asked {
  readonly text: string;
  /** What the server keeps it under; without, it is prepared for this once. */
  readonly name?: string;
  readonly values: readonly Encoded[];
}

/** An answer as it came, whole. */
export interface Answered {
  /** The message `RowDescription`, unless the statement gives no rows. */
  readonly columns: Buffer | undefined;
  /** Messages `DataRow`, one after another; whoever reads them may have the bytes. */
  readonly rows: Buffer;
  readonly count: number;
  /** How many rows were given or changed; null for what neither gives nor changes any. */
  readonly affected: number | null;
}

/**
 * Reads the answers to statements that were sent together, in their order.
 * @throws Error when they are not what was asked for: the connection is then given up
 */
export type Reading<T> = (answer: Answered, ...others: readonly Answered[]) => T;

/** The digits at the end of `SELECT 3`, `INSERT 0 3` and the like; read here, as texts cost more. */
const affectedBy = (complete: Buffer): number | null => {
  let count = 0;
  let place = 1;
  // A zero ends it.
  for (let at = complete.length - 2; at >= 0; at -= 1) {
    const digit = (complete[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return place > 1 && complete[at] === 0x20 ? count : null;
    count += digit * place;
    place *= 10;
  }
  return null;
};

/**
 * Statements and their answers over a connection, by the extended protocol: one write, one answer to
 * each up to the one `ReadyForQuery`. They are one transaction; after one that fails none of the
 * others is carried out. Handed to pg's queue like any query of its own.
 */
class Exchange<T> implements WireReader, Waiting {
  readonly #client: WireClient;
  readonly #asked: readonly Asked[];
  /** Prepared anew, whatever the server keeps under this name. */
  readonly #anew: boolean;
  readonly #read: Reading<T>;
  readonly #resolve: (result: T) => void;
  readonly #reject: (error: Error) => void;
  /** Names of the statements that were sent to be prepared, in their order. */
  readonly #parsing: string[] = [];
  readonly #answers: Answered[] = [];
  /** Of the message at hand. */
  readonly #message = new GatheredBytes();
  readonly #rows = new GatheredBytes();
  #columns: Buffer | undefined;
  #count = 0;
  #error: Error | undefined;
  #settled = false;

  constructor(
    client: WireClient,
    asked: readonly Asked[],
    anew: boolean,
    read: Reading<T>,
    resolve: (result: T) => void,
    reject: (error: Error) => void,
  ) {
    this.#client = client;
    this.#asked = asked;
    this.#anew = anew;
    this.#read = read;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** @throws Error when the connection has another under way */
  begin(limitMs: number): void {
    this.#client.deadline.begin(this, limitMs);
    try {
      // pg's type of what it can be handed names its own connection, which this is.
      this.#client.query(this as unknown as pg.Submittable);
    } catch (error) {
      this.lost(error instanceof Error ? error : new Error('the statement cannot be sent'));
    }
  }

  /** Called by pg when it is this one's turn. */
  submit(wire: WireConnection): null {
    const requests = new Requests();
    for (const asked of this.#asked) this.#request(requests, asked);
    requests.sync();
    this.#client.reader = this;
    wire.stream.write(requests.done());
    return null;
  }

  #request(requests: Requests, { text, name = '', values }: Asked): void {
    const { prepared } = this.#client;
    const isKept = prepared.use(name) || this.#parsing.includes(name);
    if (this.#anew || name === '' || !isKept) {
      const gone = name === '' ? [] : prepared.makeRoom();
      for (const one of this.#anew ? [...gone, name] : gone) requests.close(one);
      prepared.forget(name);
      requests.parse(name, text);
      this.#parsing.push(name);
    }
    requests.carryOut(name, values);
  }

  take(code: number, bytes: Buffer, lasts: boolean): void {
    if (code !== messages.row) this.#message.add(bytes, lasts);
    else this.#rows.add(bytes, lasts, this.#client.prepared.expected(this.#name));
  }

  /** Of the statement that is being answered. */
  get #name(): string {
    return this.#asked[this.#answers.length]?.name ?? '';
  }

  over(code: number): void {
    switch (code) {
      case messages.row:
        this.#count += 1;
        break;
      case messages.columns:
        this.#columns = this.#message.taken();
        break;
      case messages.complete:
        this.#complete();
        break;
      case messages.parsed:
        this.#prepared(this.#parsing.shift());
        break;
      case messages.ready:
        this.#client.ready(this.#message.taken().at(-1) ?? 0);
        this.#finish();
        break;
      default:
    }
  }

  #prepared(name: string | undefined): void {
    if (name !== undefined && name !== '') this.#client.prepared.add(name);
  }

  #complete(): void {
    const rows = this.#rows.taken();
    this.#client.prepared.expect(this.#name, rows.length);
    this.#answers.push({
      columns: this.#columns,
      rows,
      count: this.#count,
      affected: affectedBy(this.#message.taken()),
    });
    this.#columns = undefined;
    this.#count = 0;
  }

  /** Called by pg. After an error of the server's, its `ReadyForQuery` is still to come. */
  handleError(error: Error): void {
    this.#error ??= error;
    if (!(error instanceof pg.DatabaseError)) this.lost(error);
  }

  /** For a server that is gone and says nothing: its connection is then given up. */
  late(): void {
    const error = new Error('the database did not answer in time');
    this.lost(Object.assign(error, { code: 'ETIMEDOUT' }));
  }

  /** Nothing more will come that could be trusted. */
  lost(error: Error): void {
    this.#client.discard(error);
    this.#end();
    this.#reject(this.#error ?? error);
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
    if (this.#settled) return;
    if (this.#error) {
      this.#end();
      this.#reject(this.#error);
      return;
    }
    try {
      const result = this.#read(...this.#whole());
      this.#end();
      this.#resolve(result);
    } catch (error) {
      this.lost(error instanceof Error ? error : new Error('rows cannot be read'));
    }
  }

  /** @throws Error when the server gave fewer answers or rows than it says, or more */
  #whole(): [Answered, ...Answered[]] {
    const [first, ...others] = this.#answers;
    const isSound = this.#answers.every(
      ({ columns, count, affected }) => count === (columns === undefined ? 0 : affected),
    );
    const isOver = this.#columns === undefined && this.#count === 0;
    if (first === undefined || this.#answers.length !== this.#asked.length || !isSound || !isOver)
      throw new Error('the server did not answer in full');
    return [first, ...others];
  }

  #end(): void {
    this.#settled = true;
    this.#client.deadline.end(this);
    if (this.#client.reader === this) this.#client.reader = undefined;
    this.#message.taken();
    this.#rows.taken();
  }
}

/**
 * Sends a statement, or several at once, and reads the answers. A connection in an unknown state is discarded, so that
 * whoever gets it back never hands it out.
 *
 * @param limitMs for the whole answer, after which the connection is given up
 * @throws Error of pg, or with the code ETIMEDOUT when the server is silent
 */
export const exchange = <T>(
  client: WireClient,
  asked: readonly Asked[],
  limitMs: number,
  read: Reading<T>,
  anew = false,
): Promise<T> =>
  new Promise((resolve, reject) =>
    new Exchange(client, asked, anew, read, resolve, reject).begin(limitMs),
  );

/**
 * What a server says of a statement that it kept and can no longer use: its table changed, it was
 * forgotten, or (behind a pooler) somebody else's is there already.
 */
const outdated: ReadonlySet<string> = new Set(['0A000', '26000', '42P05']);

/** The error by which a server says so; it is found before anything is carried out. */
export const asOutdated = (error: unknown): pg.DatabaseError | undefined =>
  error instanceof pg.DatabaseError && outdated.has(error.code ?? '') ? error : undefined;

/** As `exchange`; once more when the server no longer has what it kept of a statement. */
export const ask = async <T>(
  client: WireClient,
  asked: readonly Asked[],
  limitMs: number,
  read: Reading<T>,
): Promise<T> => {
  try {
    return await exchange(client, asked, limitMs, read);
  } catch (error) {
    const gone = asOutdated(error);
    if (gone === undefined || !asked.some(({ name }) => name !== undefined)) throw error;
    if (gone.code === '26000') client.prepared.clear();
    return exchange(client, asked, limitMs, read, true);
  }
};
