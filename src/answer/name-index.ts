import type { NameColumn } from './cells.ts';

const none = -1;

/** As PostgreSQL writes whole numbers of 32 bits: a sign or none, then digits. */
const wholeIn = (bytes: Uint8Array, start: number, length: number): number => {
  const isNegative = bytes[start] === 0x2d;
  let value = 0;
  for (let at = isNegative ? start + 1 : start, end = start + length; at < end; at += 1)
    value = value * 10 + (bytes[at] ?? 0) - 0x30;
  return isNegative ? -value : value;
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
  /** Whole numbers by their value where both sides have nothing else: no text is made of them. */
  readonly #groupOf = new Map<string | number, number>();

  constructor(column: NameColumn) {
    this.#column = column;
  }

  /** The group of a row's name, which is numbered if it is new; -1 where there is none. */
  add(row: number): number {
    const { bytes, cells, width, column, isWhole } = this.#column;
    const at = 2 * (row * width + column);
    const length = cells[at + 1] ?? none;
    if (length < 0) return none;
    const start = cells[at] ?? 0;
    const name = isWhole
      ? wholeIn(bytes, start, length)
      : bytes.toString('utf8', start, start + length);
    const known = this.#groupOf.get(name);
    if (known !== undefined) return known;
    const group = this.names.push(String(name)) - 1;
    this.#groupOf.set(name, group);
    return group;
  }

  /** For each row of another column the group of its name; -1 where it is none of them. */
  find({ count, bytes, cells, width, column, isWhole }: NameColumn): Int32Array {
    const asWhole = isWhole && this.#column.isWhole;
    const groupOf = asWhole || !this.#column.isWhole ? this.#groupOf : this.#byText();
    const found = new Int32Array(count).fill(none);
    let before = 0;
    let lengthBefore = none;
    let group = none;
    for (let row = 0; row < count; row += 1) {
      const at = 2 * (row * width + column);
      const start = cells[at] ?? 0;
      const length = cells[at + 1] ?? none;
      if (length < 0) continue;
      // Rows of one group mostly follow each other.
      if (length !== lengthBefore || !areEqual(bytes, before, start, length)) {
        const name = asWhole
          ? wholeIn(bytes, start, length)
          : bytes.toString('utf8', start, start + length);
        group = groupOf.get(name) ?? none;
      }
      found[row] = group;
      before = start;
      lengthBefore = length;
    }
    return found;
  }

  #byText(): ReadonlyMap<string | number, number> {
    return new Map(this.names.map((name, group) => [name, group]));
  }
}
