import { isAscii, isUtf8 } from 'node:buffer';
import { int32s } from '../../core/slab.ts';
import { Columns, findCells } from '../../core/wire/cells.ts';
import { ask as askOver, type Answered, type Asked } from '../../core/wire/exchange.ts';
import type { WireClient } from '../../core/wire/wire-client.ts';
import type { RawKind, RawRows, Row } from '../source.ts';
import { columnType, type ColumnType } from './type-parsers.ts';

const columns = new Columns(columnType);

/**
 * The types of the columns that a `RowDescription` message describes, in order.
 *
 * @throws Error when it is not one, or its values are not texts
 */
export const readColumns = (message: Buffer): readonly ColumnType[] => columns.read(message);

/** Rows in the bytes of their messages, and how to make values of them. */
export class WireRows implements RawRows {
  readonly count: number;
  readonly width: number;
  readonly bytes: Buffer;
  readonly cells: Int32Array;
  readonly kinds: readonly RawKind[];
  readonly #columns: readonly ColumnType[];

  /**
   * @param columns of `RowDescription`
   * @param bytes `count` messages `DataRow`, one after another; the buffer becomes these rows'
   * @throws Error when they are anything else
   */
  constructor(columns: readonly ColumnType[], bytes: Buffer, count: number) {
    const width = columns.length;
    this.count = count;
    this.width = width;
    this.kinds = columns.map(({ kind }) => kind);
    this.#columns = columns;
    const cells = findCells(bytes, count, width);
    const sound = isUtf8(bytes) ? { bytes, cells } : inUtf8(bytes, cells);
    this.bytes = sound.bytes;
    this.cells = sound.cells;
  }

  value(row: number, column: number): unknown {
    const at = 2 * (row * this.width + column);
    const start = this.cells[at];
    const length = this.cells[at + 1];
    const type = this.#columns[column];
    if (start === undefined || length === undefined || type === undefined)
      throw new RangeError('there is no such cell');
    return length < 0 ? null : type.parse(this.bytes.toString('utf8', start, start + length));
  }

  /** All rows as `fetch` gives them. */
  values(): readonly Row[] {
    const { count, width } = this;
    const rows = Array.from({ length: count }, () => new Array<unknown>(width));
    const text = isAscii(this.bytes) ? this.bytes.toString('latin1') : undefined;
    this.#columns.forEach((type, column) => {
      if (type.kind === 'int') this.#readInts(rows, column);
      else this.#readOthers(rows, column, type, text);
    });
    return rows.map((values) => ({ values }));
  }

  #readInts(rows: unknown[][], column: number): void {
    const { bytes, cells, width } = this;
    let at = 2 * column;
    for (const row of rows) {
      const start = cells[at] ?? 0;
      const length = cells[at + 1] ?? -1;
      row[column] = length < 0 ? null : readInt(bytes, start, start + length);
      at += 2 * width;
    }
  }

  #readOthers(
    rows: unknown[][],
    column: number,
    { parse, kind }: ColumnType,
    text: string | undefined,
  ): void {
    const { bytes, cells, width } = this;
    const isText = kind === 'text';
    const encoding = text === undefined ? 'utf8' : 'latin1';
    let at = 2 * column;
    for (const row of rows) {
      const start = cells[at] ?? 0;
      const length = cells[at + 1] ?? -1;
      at += 2 * width;
      if (length < 0) {
        row[column] = null;
        continue;
      }
      // A short piece is copied out of the text; a long one would keep all of it in memory.
      const cell =
        text !== undefined && length < copied
          ? text.slice(start, start + length)
          : bytes.toString(encoding, start, start + length);
      row[column] = isText ? cell : parse(cell);
    }
  }
}

/** V8 copies pieces that are shorter; longer ones point into the string that they are of. */
const copied = 13;

/** As PostgreSQL writes whole numbers: a sign or none, then digits. */
const readInt = (bytes: Buffer, start: number, end: number): number => {
  const negative = bytes[start] === 0x2d;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at += 1)
    value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return negative ? -value : value;
};

/**
 * A database without an encoding may hold any bytes: `fetch` gives them with U+FFFD for what is no
 * character, and so it is here.
 */
const inUtf8 = (
  bytes: Buffer,
  cells: Int32Array,
): { readonly bytes: Buffer; readonly cells: Int32Array } => {
  const moved = int32s(cells.length);
  const pieces: Buffer[] = [];
  let at = 0;
  for (let cell = 0; cell < cells.length; cell += 2) {
    const start = cells[cell] ?? 0;
    const length = cells[cell + 1] ?? -1;
    moved[cell] = at;
    moved[cell + 1] = -1;
    if (length < 0) continue;
    const piece = Buffer.from(bytes.toString('utf8', start, start + length));
    pieces.push(piece);
    moved[cell + 1] = piece.length;
    at += piece.length;
  }
  return { bytes: Buffer.concat(pieces), cells: moved };
};

/** No rows, for what no row could match: nobody is asked, so nobody knows of what kind they were. */
export const noRows = (width: number): RawRows =>
  new WireRows(
    Array.from({ length: width }, () => columnType(0)),
    Buffer.alloc(0),
    0,
  );

const rowsOf = ({ columns: described, rows, count }: Answered): WireRows => {
  if (described === undefined) throw new Error('the server gave no rows');
  return new WireRows(readColumns(described), rows, count);
};

const allRowsOf = (
  first: Answered,
  ...others: readonly Answered[]
): readonly [WireRows, ...WireRows[]] => [rowsOf(first), ...others.map(rowsOf)];

/**
 * Sends statements and reads the rows of each, as `ask` of the exchange does.
 *
 * @param limitMs for all answers together, after which the connection is given up
 * @throws Error of pg, or with the code ETIMEDOUT when the server is silent
 */
export const ask = (
  client: WireClient,
  asked: readonly Asked[],
  limitMs: number,
): Promise<readonly [WireRows, ...WireRows[]]> => askOver(client, asked, limitMs, allRowsOf);
