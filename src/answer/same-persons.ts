import { int32s } from '../core/slab.ts';
import type { NameColumn } from './cells.ts';

/** Rows whose persons were numbered, and which of them the rows below belong to. */
export interface PersonsAbove {
  /** The type of the persons. */
  readonly type: string;
  /** How they are named. */
  readonly column: NameColumn;
  readonly numbers: Int32Array;
  /** For each row below its group; -1 for none. */
  readonly groupOf: Int32Array;
  /** By group its first row above. */
  readonly rows: readonly number[];
}

/**
 * The numbers of the persons below, where each row names the very person of the row above it, as a
 * customer's orders name the customer: then nobody has to be looked up again. Names are compared in
 * full.
 *
 * @returns nothing where one of them names another person, or nobody, or belongs to no row above
 */
export const samePersons = (
  { bytes, cells, width, column, count }: NameColumn,
  above: PersonsAbove,
): Int32Array | undefined => {
  const { groupOf, rows, numbers, column: named } = above;
  const found = int32s(count);
  for (let row = 0; row < count; row += 1) {
    const rowAbove = rows[groupOf[row] ?? -1];
    if (rowAbove === undefined) return undefined;
    const at = 2 * (row * width + column);
    const atAbove = 2 * (rowAbove * named.width + named.column);
    const length = cells[at + 1] ?? -1;
    if (length < 0 || length !== named.cells[atAbove + 1]) return undefined;
    const start = cells[at] ?? 0;
    const startAbove = named.cells[atAbove] ?? 0;
    for (let i = 0; i < length; i += 1)
      if (bytes[start + i] !== named.bytes[startAbove + i]) return undefined;
    found[row] = numbers[rowAbove] ?? -1;
  }
  return found;
};
