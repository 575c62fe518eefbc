/** Codes of PostgreSQL's messages to a client, as far as they are looked at here. */
export const messages = {
  parsed: 0x31, // '1'
  bound: 0x32, // '2'
  closed: 0x33, // '3'
  complete: 0x43, // 'C'
  row: 0x44, // 'D'
  columns: 0x54, // 'T'
  ready: 0x5a, // 'Z'
  noColumns: 0x6e, // 'n'
} as const;

/** Every code that a server may send. Any other means that what comes is not what it seems. */
const codes: ReadonlySet<number> = new Set(Buffer.from('123ACDEGHIKNRSTVWZcdnstv'));

/** Code and length. */
const headerBytes = 5;
/** PostgreSQL makes no message of more than a gigabyte. */
const mostBytes = 2 ** 30;

/** Whoever reads the answer to the statement that was sent. */
export interface AnswerReader {
  /**
   * Bytes of messages of this code, headers and all, in order; cut anywhere. Of the answer's
   * messages these are row descriptions, rows, what says that they are complete and `ReadyForQuery`.
   *
   * @param lasts their memory stays as it is after this call; else it is read into again
   */
  take(code: number, bytes: Buffer, lasts: boolean): void;
  /** A message of this code is over: its bytes were taken or handed on, or say nothing more. */
  over(code: number): void;
}

type Recipient = 'driver' | 'reader' | 'nobody';

/** While somebody reads the answer. What concerns the connection stays the driver's. */
const recipientOf = (code: number): Recipient => {
  switch (code) {
    case messages.row:
    case messages.columns:
    case messages.complete:
    case messages.ready:
      return 'reader';
    case messages.parsed:
    case messages.bound:
    case messages.closed:
    case messages.noColumns:
      return 'nobody';
    default:
      return 'driver';
  }
};

/**
 * Stands before the driver's own parser: knows where each of the server's messages begins and ends,
 * hands the answer to a statement to `reader` while there is one, and everything else on, unchanged
 * and in order.
 *
 * https://www.postgresql.org/docs/current/protocol-message-formats.html: a byte of code, then a
 * length in four bytes that counts itself.
 */
export class Frames {
  reader: AnswerReader | undefined;
  readonly #handOn: (bytes: Buffer) => void;
  #code = 0;
  /** Bytes seen of the header of the message at hand; all of it while in its body. */
  #seen = 0;
  #length = 0;
  /** Bytes of the body that are still to come. */
  #left = 0;
  /** Whose the message at hand is. */
  #to: Recipient = 'driver';

  constructor(handOn: (bytes: Buffer) => void) {
    this.#handOn = handOn;
  }

  /**
   * @param lasts as for `AnswerReader`; the driver is given a copy where it does not
   * @throws Error when the bytes are no messages: nothing after them can be understood.
   */
  feed(chunk: Buffer, lasts: boolean): void {
    let at = 0;
    // From here on nothing was given to anybody.
    let from = 0;
    while (at < chunk.length) {
      if (this.#seen < headerBytes) {
        if (this.#seen === 0) {
          const code = chunk[at] ?? 0;
          const to = this.#recipientOf(code);
          // Given in one piece: rows, and all that is the driver's while nobody else reads.
          if (to !== this.#to || (to === 'reader' && code !== this.#code)) {
            this.#give(chunk, from, at, lasts);
            from = at;
          }
          this.#to = to;
          this.#code = code;
        }
        at = this.#readHeader(chunk, at);
        if (this.#seen < headerBytes) break;
      }
      const now = Math.min(this.#left, chunk.length - at);
      at += now;
      this.#left -= now;
      if (this.#left > 0) break;
      this.#seen = 0;
      const { reader } = this;
      if (reader === undefined) continue;
      if (this.#code !== messages.row) {
        this.#give(chunk, from, at, lasts);
        from = at;
      }
      reader.over(this.#code);
    }
    this.#give(chunk, from, at, lasts);
  }

  #recipientOf(code: number): Recipient {
    if (!codes.has(code)) throw new Error('the server sent a message of no known kind');
    return this.reader === undefined ? 'driver' : recipientOf(code);
  }

  #readHeader(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#seen === 0 && at + headerBytes <= chunk.length) {
      this.#length = chunk.readUInt32BE(at + 1);
      this.#seen = headerBytes;
      at += headerBytes;
    } else {
      for (; this.#seen < headerBytes && at < chunk.length; at += 1) {
        if (this.#seen === 1) this.#length = 0;
        if (this.#seen > 0) this.#length = this.#length * 256 + (chunk[at] ?? 0);
        this.#seen += 1;
      }
      if (this.#seen < headerBytes) return at;
    }
    if (this.#length < 4 || this.#length > mostBytes)
      throw new Error('the server sent a message of an impossible length');
    this.#left = this.#length - 4;
    return at;
  }

  #give(chunk: Buffer, from: number, to: number, lasts: boolean): void {
    if (from === to || this.#to === 'nobody') return;
    const bytes = from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to);
    // A reader that gave up while its rows still came: they are nobody's.
    if (this.#to === 'driver') this.#handOn(lasts ? bytes : Buffer.from(bytes));
    else this.reader?.take(this.#code, bytes, lasts);
  }
}
