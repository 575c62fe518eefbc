import type { TextColumn } from '../core/text-column.ts';
import { absent, type IdTable } from './id-table.ts';
import { isIdSize, isNumberable } from './id-words.ts';

/** Below what a number can be, and below `absent`. */
const firstMissing = -2;

/** Those of two people mostly differ at once. */
const same = (view: DataView, one: number, other: number, length: number): boolean => {
  let i = 0;
  for (; i + 4 <= length; i += 4)
    if (view.getInt32(one + i) !== view.getInt32(other + i)) return false;
  for (; i < length; i += 1) if (view.getUint8(one + i) !== view.getUint8(other + i)) return false;
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
export interface NumberedColumn {
  /** Ids that the table does not know, each once. */
  readonly missing: readonly string[];
  /** The numbers in the order of the rows; `absent` for who cannot be numbered or was not found. */
  readonly complete: (found: ReadonlyMap<string, number>) => Int32Array;
}

/** Looks up a column's ids. Neighbouring rows of one person are looked up once. */
export const numberColumn = (table: IdTable, rows: TextColumn): NumberedColumn => {
  const { count, bytes, cells, width, column } = rows;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Int32Array(count);
  const missing: string[] = [];
  const places = new Map<string, number>();
  const placeFor = (from: number, length: number): number => {
    const id = idIn(bytes, from, length);
    if (id === undefined) return absent;
    let place = places.get(id);
    if (place === undefined) {
      place = missing.push(id) - 1;
      places.set(id, place);
    }
    return firstMissing - place;
  };
  let before = 0;
  let lengthBefore = -1;
  let number = absent;
  for (let row = 0; row < count; row += 1) {
    const cell = 2 * (row * width + column);
    const from = cells[cell] ?? 0;
    const length = cells[cell + 1] ?? -1;
    if (length !== lengthBefore || !same(view, before, from, length)) {
      number = table.get(view, from, length);
      if (number === absent && isIdSize(length)) number = placeFor(from, length);
    }
    numbers[row] = number;
    before = from;
    lengthBefore = length;
  }
  const complete = (found: ReadonlyMap<string, number>): Int32Array => {
    if (missing.length === 0) return numbers;
    return numbers.map((one) =>
      one > firstMissing ? one : (found.get(missing[firstMissing - one] ?? '') ?? absent),
    );
  };
  return { missing, complete };
};
