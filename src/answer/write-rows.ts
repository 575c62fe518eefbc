import { AnswerTooLargeError } from '../core/errors.ts';
import { maxPaths, type WithheldSite } from '../decision/withheld.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { CellEntry, Entry, JoinEntry } from './answer-plan.ts';
import { step, stepFor, type Step } from './cell-steps.ts';
import { completeCell, enumNames } from './complete-cell.ts';
import type { LoadedJoin, LoadedRows } from './load-rows.ts';
import { NotPlain } from './not-plain.ts';
import { isDay, isDecimal, isWhole, writeText } from './write-text.ts';

/** What is the same for all rows of a selection. */
interface Layout {
  /** By the place of the entry, once a cell of it was withheld. */
  readonly sites: (WithheldSite | undefined)[];
  readonly steps: readonly Step[];
  readonly enums: readonly (ReadonlySet<string> | undefined)[];
  /** Bytes of a row without its values. */
  readonly fixed: number;
  /** Of the rows that the entry in this place leads to: the same for all rows. */
  readonly below: (Layout | undefined)[];
}

const quote = 0x22;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const yes = Buffer.from('true');
const no = Buffer.from('false');
const mostIntDigits = 9;
const mostSafeDigits = 15;

const layoutOf = ({ answer, raw }: LoadedRows): Layout => {
  let fixed = 2;
  const steps = answer.entries.map((entry): Step => {
    fixed += 1 + (entry.kind === 'constant' ? entry.bytes.length : entry.empty.length + 2);
    if (entry.kind !== 'cell' || entry.column < 0) return step.value;
    return stepFor(entry.type, raw.kinds[entry.column] ?? 'other');
  });
  const enums = answer.entries.map((entry, i) =>
    entry.kind === 'cell' && steps[i] === step.enum ? enumNames(entry.type) : undefined,
  );
  return { sites: [], steps, enums, fixed, below: [] };
};

/** Whether the bytes are what the step takes as they are. */
const looksRight = (
  how: Step,
  bytes: Buffer,
  start: number,
  length: number,
  names: ReadonlySet<string> | undefined,
): boolean => {
  switch (how) {
    case step.digits:
    case step.quoted:
      return true;
    case step.int:
      return isWhole(bytes, start, length, mostIntDigits);
    case step.safeInt:
      return isWhole(bytes, start, length, mostSafeDigits);
    case step.day:
      return isDay(bytes, start, length);
    case step.decimal:
      return isDecimal(bytes, start, length);
    case step.enum:
      return names?.has(bytes.toString('latin1', start, start + length)) === true;
    case step.value:
    case step.text:
    case step.bool:
      return false;
  }
};

/** Writes rows of one answer, and counts what it withholds on the way. */
export class RowWriter {
  readonly out: AnswerBuffer;
  /** Places in the lists that are being written, from the root on. */
  readonly indices: number[] = [];
  /** One for each entry and its rows. */
  readonly sites: WithheldSite[] = [];
  /** Of rows that nothing leads to but the root. */
  readonly #layouts = new Map<LoadedRows, Layout>();
  readonly #maxObjects: number;
  #objects = 0;

  constructor(out: AnswerBuffer, maxObjects: number) {
    this.out = out;
    this.#maxObjects = maxObjects;
  }

  /**
   * Counts objects that are about to be written. Counted here as well as where rows are loaded: a row
   * is loaded once, and written as often as joins lead to it.
   * @throws AnswerTooLargeError when they are more than an answer may hold
   */
  spend(objects: number): void {
    this.#objects += objects;
    if (this.#objects > this.#maxObjects) throw new AnswerTooLargeError(this.#maxObjects);
  }

  /** Made once for all rows: what the columns hold is the same for each. */
  #layoutOf(rows: LoadedRows): Layout {
    let layout = this.#layouts.get(rows);
    if (layout === undefined) {
      layout = layoutOf(rows);
      this.#layouts.set(rows, layout);
    }
    return layout;
  }

  /** Writes one row as an object. */
  row(rows: LoadedRows, index: number): void {
    this.#row(rows, this.#layoutOf(rows), index);
  }

  #row(rows: LoadedRows, layout: Layout, index: number): void {
    const { answer, raw, decided, joins } = rows;
    const profile = decided.profiles[decided.profileOf[index] ?? -1];
    // INVARIANT: without a profile nothing was decided, and nothing is written.
    if (profile === undefined) throw new NotPlain('a row that was not decided on');
    const { releases } = profile;
    const { sites, steps, enums, fixed } = layout;
    const { out } = this;
    const { cells, width } = raw;
    const base = 2 * index * width;
    const { entries } = answer;
    out.room(fixed);
    out.put(openBrace);
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i] as Entry;
      if (i > 0) out.put(comma);
      if (entry.kind === 'constant') {
        out.piece(entry.bytes);
        continue;
      }
      // INVARIANT: a withheld cell's bytes are never touched.
      if (releases[entry.decision] !== 1 || entry.column < 0) {
        this.#withhold(entry, i, sites);
        continue;
      }
      if (entry.kind === 'join') {
        this.#join(entry, i, joins[i], layout, index);
        out.room(fixed);
        continue;
      }
      const at = base + 2 * entry.column;
      const length = cells[at + 1] ?? -1;
      if (length < 0) {
        this.#empty(entry);
        continue;
      }
      out.piece(entry.name);
      const start = cells[at] ?? 0;
      const how = steps[i];
      if (how === step.text) writeText(out, raw.bytes, start, length);
      else this.#cell(entry, how ?? step.value, enums[i], rows, start, length, index);
      out.room(fixed);
    }
    out.put(closeBrace);
  }

  /** A cell that is not text. */
  #cell(
    entry: CellEntry,
    how: Step,
    names: ReadonlySet<string> | undefined,
    { raw }: LoadedRows,
    start: number,
    length: number,
    index: number,
  ): void {
    const { out } = this;
    if (how === step.bool) {
      out.piece(raw.bytes[start] === 0x74 ? yes : no);
      return;
    }
    if (!looksRight(how, raw.bytes, start, length, names)) {
      out.text(completeCell(entry.type, raw.value(index, entry.column)));
      return;
    }
    out.room(length + 2);
    const bare = how === step.digits || how === step.int || how === step.safeInt;
    if (!bare) out.put(quote);
    out.piece(raw.bytes, start, length);
    if (!bare) out.put(quote);
  }

  /** Writes rows as a list. */
  list(rows: LoadedRows, order: ArrayLike<number>, from: number, to: number): void {
    this.#list(rows, this.#layoutOf(rows), order, from, to);
  }

  #list(
    rows: LoadedRows,
    layout: Layout,
    order: ArrayLike<number>,
    from: number,
    to: number,
  ): void {
    const { out, indices } = this;
    out.byte(openBracket);
    const depth = indices.push(0) - 1;
    for (let i = from; i < to; i += 1) {
      if (i > from) out.byte(comma);
      indices[depth] = i - from;
      this.#row(rows, layout, order[i] ?? 0);
    }
    indices.pop();
    out.byte(closeBracket);
  }

  #join(
    entry: JoinEntry,
    i: number,
    join: LoadedJoin | undefined,
    above: Layout,
    index: number,
  ): void {
    if (join === undefined) throw new NotPlain('a join that was not read');
    const { out } = this;
    const { rows, groupOf, starts, order } = join;
    const group = groupOf[index] ?? -1;
    const from = group < 0 ? 0 : (starts[group] ?? 0);
    const to = group < 0 ? 0 : (starts[group + 1] ?? 0);
    if (group >= 0) this.spend(entry.join.list ? 1 + to - from : 1);
    const isEmpty = rows === undefined || from === to;
    if (isEmpty && !entry.join.list) {
      this.#empty(entry);
      return;
    }
    out.piece(entry.name);
    if (isEmpty) {
      out.put(openBracket);
      out.put(closeBracket);
      return;
    }
    const layout = (above.below[i] ??= layoutOf(rows));
    if (entry.join.list) this.#list(rows, layout, order, from, to);
    else this.#row(rows, layout, order[from] ?? 0);
  }

  /** Writes null, counts the cell, and keeps where it is while paths are told. */
  #withhold(entry: CellEntry | JoinEntry, i: number, sites: Layout['sites']): void {
    this.#empty(entry);
    const site = (sites[i] ??= this.#siteOf(entry));
    site.count += 1;
    if (site.told >= maxPaths) return;
    site.told += 1;
    const { indices } = this;
    for (let gap = 0; gap < indices.length; gap += 1) site.indices.push(indices[gap] ?? 0);
  }

  #empty(entry: CellEntry | JoinEntry): void {
    if (!entry.nullable) throw new NotPlain('null where the schema says that there is a value');
    this.out.piece(entry.empty);
  }

  #siteOf({ coordinate, reason, head, shape }: CellEntry | JoinEntry): WithheldSite {
    const site = { coordinate, reason, head, shape, count: 0, told: 0, indices: [] };
    this.sites.push(site);
    return site;
  }
}
