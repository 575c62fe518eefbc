import { int32s } from '../core/slab.ts';
import type { TextColumn } from '../core/text-column.ts';
import { absent, type IdTable } from './id-table.ts';
import { isIdSize, isNumberable } from './id-words.ts';

/** Below what a number can be, and below `absent`. */
const firstMissing = -2;

/** Ids of two people mostly differ in how they end. */
const same = (view: DataView, one: number, other: number, length: number): boolean => {
  let left = length;
  for (; left >= 4; left -= 4)
    if (view.getInt32(one + left - 4, true) !== view.getInt32(other + left - 4, true)) return false;
  for (; left > 0; left -= 1)
    if (view.getUint8(one + left - 1) !== view.getUint8(other + left - 1)) return false;
  return true;
};

/**
 * The text, unless it is nobody's id. Bytes that are no UTF-8 would become U+FFFD, and with it the
 * id of somebody else.
 */
const idIn = (bytes: Buffer, from: number, length: number): string | undefined => {
  const text = bytes.toString('utf8', from, from + length);
  if (!isNumberable(text)) return undefined;
  const doubtful = text.includes('\ufffd');
  if (doubtful && !Buffer.from(text).equals(bytes.subarray(from, from + length))) return undefined;
  return text;
};

/** What a table knows of a column, and the way to complete it. */
export class NumberedColumn {
  /** Ids that the table does not know, each once. */
  readonly missing: string[] = [];
  readonly #rows: TextColumn;
  /** In the order of the rows; `firstMissing` and below for those of `missing`. */
  readonly #numbers: Int32Array;
  #places: Map<string, number> | undefined;

  constructor(table: IdTable, rows: TextColumn) {
    this.#rows = rows;
    this.#numbers = int32s(rows.count);
    this.#lookUp(table);
  }

  /** The numbers in the order of the rows; `absent` for who cannot be numbered or was not found. */
  complete(found: ReadonlyMap<string, number>): Int32Array {
    const { missing } = this;
    if (missing.length === 0) return this.#numbers;
    return this.#numbers.map((one) =>
      one > firstMissing ? one : (found.get(missing[firstMissing - one] ?? '') ?? absent),
    );
  }

  #lookUp(table: IdTable): void {
    const { count, bytes, cells, width, column } = this.#rows;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const numbers = this.#numbers;
    let before = 0;
    let lengthBefore = -1;
    let number = absent;
    for (let row = 0; row < count; row += 1) {
      const cell = 2 * (row * width + column);
      const from = cells[cell] ?? 0;
      const length = cells[cell + 1] ?? -1;
      if (length !== lengthBefore || !same(view, before, from, length)) {
        number = table.get(view, from, length);
        if (number === absent && isIdSize(length)) number = this.#placeFor(from, length);
      }
      numbers[row] = number;
      before = from;
      lengthBefore = length;
    }
  }

  #placeFor(from: number, length: number): number {
    const id = idIn(this.#rows.bytes, from, length);
    if (id === undefined) return absent;
    const places = (this.#places ??= new Map<string, number>());
    let place = places.get(id);
    if (place === undefined) {
      place = this.missing.push(id) - 1;
      places.set(id, place);
    }
    return firstMissing - place;
  }
}

/** Looks up a column's ids. Neighbouring rows of one person are looked up once. */
export const numberColumn = (table: IdTable, rows: TextColumn): NumberedColumn =>
  new NumberedColumn(table, rows);
