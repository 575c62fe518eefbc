import { int32s } from '../slab.ts';
import { messages } from './frames.ts';

/** A name's end, then table, number, type (32 bits), size, modifier and format (16 bits). */
const afterName = { type: 6, format: 16, all: 18 } as const;
/** Code, length and number of columns. */
const headerBytes = 7;
const mostBytes = 2 ** 31 - 1;
/** Bytes of descriptions that are remembered. */
const mostDescribed = 2 ** 20;

const broken = (): Error => new Error('the server sent rows that are none');

/** Reads what the server says of the columns of an answer; the same words are read only once. */
export class Columns<Column> {
  readonly #known = new Map<string, readonly Column[]>();
  #describedBytes = 0;
  readonly #columnOf: (oid: number, name: string) => Column;

  /** @param columnOf what is to be known of a column, by PostgreSQL's number of its type */
  constructor(columnOf: (oid: number, name: string) => Column) {
    this.#columnOf = columnOf;
  }

  /**
   * The columns that a `RowDescription` message describes, in order.
   *
   * @throws Error when it is not one, or its values are not texts
   */
  read(message: Buffer): readonly Column[] {
    const words = message.toString('latin1');
    const known = this.#known.get(words);
    if (known) return known;
    const columns = this.#parse(message);
    // There are about as many as there are statements, so that this hardly ever comes to pass.
    if (this.#describedBytes + words.length > mostDescribed) this.#forgetAll();
    this.#known.set(words, columns);
    this.#describedBytes += words.length;
    return columns;
  }

  #forgetAll(): void {
    this.#known.clear();
    this.#describedBytes = 0;
  }

  #parse(message: Buffer): readonly Column[] {
    const columns: Column[] = [];
    if (message.length < headerBytes || message[0] !== messages.columns) throw broken();
    const count = message.readInt16BE(5);
    let at = headerBytes;
    for (let i = 0; i < count; i += 1) {
      const named = message.indexOf(0, at) + 1;
      if (named === 0 || named + afterName.all > message.length) throw broken();
      if (message.readInt16BE(named + afterName.format) !== 0) throw broken();
      const oid = message.readUInt32BE(named + afterName.type);
      columns.push(this.#columnOf(oid, message.toString('utf8', at, named - 1)));
      at = named + afterName.all;
    }
    if (at !== message.length) throw broken();
    return columns;
  }
}

/**
 * Where each cell of `count` messages `DataRow` stands: of cell `k` of row `i` at
 * `2 * (i * width + k)` its start and how many bytes it has; -1 is NULL. What is between the cells
 * (codes, lengths) becomes zeros where it is not ASCII, so that a look at all bytes together tells
 * of the cells alone.
 *
 * @throws Error when the bytes are anything else
 */
export const findCells = (bytes: Buffer, count: number, width: number): Int32Array => {
  if (bytes.length > mostBytes) throw broken();
  const cells = int32s(2 * count * width);
  let at = 0;
  let cell = 0;
  for (let row = 0; row < count; row += 1) {
    if (at + headerBytes > bytes.length || bytes[at] !== messages.row) throw broken();
    const end = at + 1 + int32At(bytes, at + 1);
    const columns = ((bytes[at + 5] ?? 0) << 8) | (bytes[at + 6] ?? 0);
    if (end > bytes.length || columns !== width) throw broken();
    // By hand: a call of `fill` would cost more than all else here.
    for (let i = 1; i < headerBytes; i += 1) bytes[at + i] = 0;
    at += headerBytes;
    for (let column = 0; column < width; column += 1) {
      if (at + 4 > end) throw broken();
      const length = int32At(bytes, at);
      if (length > 127 || length < 0) bytes[at] = bytes[at + 1] = bytes[at + 2] = bytes[at + 3] = 0;
      at += 4;
      if (length < -1 || at + length > end) throw broken();
      cells[cell] = at;
      cells[cell + 1] = length;
      cell += 2;
      if (length > 0) at += length;
    }
    if (at !== end) throw broken();
  }
  if (at !== bytes.length) throw broken();
  return cells;
};

/** Signed, highest byte first. */
const int32At = (bytes: Buffer, at: number): number =>
  ((bytes[at] ?? 0) << 24) |
  ((bytes[at + 1] ?? 0) << 16) |
  ((bytes[at + 2] ?? 0) << 8) |
  (bytes[at + 3] ?? 0);
