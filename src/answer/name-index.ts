import { int32s } from '../core/slab.ts';
import type { NameColumn } from './cells.ts';
import { WholeGroups } from './whole-groups.ts';

const none = -1;

/** As PostgreSQL writes whole numbers of 32 bits: a sign or none, then digits. */
const wholeIn = (bytes: Uint8Array, start: number, length: number): number => {
  const isNegative = bytes[start] === 0x2d;
  const end = start + length;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1)
    value = (Math.imul(value, 10) + (bytes[at] ?? 0) - 0x30) | 0;
  return isNegative ? -value | 0 : value;
};

const areEqual = (bytes: Uint8Array, one: number, other: number, length: number): boolean => {
  for (let i = 0; i < length; i += 1) if (bytes[one + i] !== bytes[other + i]) return false;
  return true;
};

/**
 * Numbers the names in a column: each different one a group, in the order in which they come. The
 * same name in another column then leads to the same group. Names are compared in full.
 */
export class NameIndex {
  /** By group. */
  readonly names: string[] = [];
  readonly #column: NameColumn;
  readonly #groupOf = new Map<string, number>();
  /** Instead of texts where the column has whole numbers only. */
  readonly #wholes: WholeGroups | undefined;

  constructor(column: NameColumn) {
    this.#column = column;
    if (column.isWhole) this.#wholes = new WholeGroups(column.count);
  }

  /** The group of a row's name, which is numbered if it is new; -1 where there is none. */
  add(row: number): number {
    const { bytes, cells, width, column } = this.#column;
    const at = 2 * (row * width + column);
    const length = cells[at + 1] ?? none;
    if (length < 0) return none;
    const start = cells[at] ?? 0;
    if (this.#wholes) return this.#addWhole(this.#wholes, wholeIn(bytes, start, length));
    const name = bytes.toString('utf8', start, start + length);
    let group = this.#groupOf.get(name);
    if (group === undefined) {
      group = this.names.push(name) - 1;
      this.#groupOf.set(name, group);
    }
    return group;
  }

  /** For each row of another column the group of its name; -1 where it is none of them. */
  find(column: NameColumn): Int32Array {
    if (!this.#wholes) return this.#findTexts(column, this.#groupOf);
    if (column.isWhole) return this.#findWholes(column, this.#wholes);
    return this.#findTexts(column, new Map(this.names.map((name, group) => [name, group])));
  }

  #addWhole(wholes: WholeGroups, number: number): number {
    let group = wholes.get(number);
    if (group === none) {
      group = this.names.push(String(number)) - 1;
      wholes.set(number, group);
    }
    return group;
  }

  #findWholes({ count, bytes, cells, width, column }: NameColumn, wholes: WholeGroups): Int32Array {
    const found = int32s(count);
    let before = 0;
    // Of no number yet.
    let group = none - 1;
    for (let row = 0; row < count; row += 1) {
      const at = 2 * (row * width + column);
      const length = cells[at + 1] ?? none;
      if (length < 0) {
        found[row] = none;
        continue;
      }
      const number = wholeIn(bytes, cells[at] ?? 0, length);
      // Rows of one group mostly follow each other.
      if (group < none || number !== before) group = wholes.get(number);
      before = number;
      found[row] = group;
    }
    return found;
  }

  #findTexts(
    { count, bytes, cells, width, column }: NameColumn,
    groupOf: ReadonlyMap<string, number>,
  ): Int32Array {
    const found = int32s(count).fill(none);
    let before = 0;
    let lengthBefore = none;
    let group = none;
    for (let row = 0; row < count; row += 1) {
      const at = 2 * (row * width + column);
      const start = cells[at] ?? 0;
      const length = cells[at + 1] ?? none;
      if (length < 0) continue;
      if (length !== lengthBefore || !areEqual(bytes, before, start, length))
        group = groupOf.get(bytes.toString('utf8', start, start + length)) ?? none;
      found[row] = group;
      before = start;
      lengthBefore = length;
    }
    return found;
  }
}
