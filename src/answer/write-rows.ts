import type { ClientReason } from '../decision/withheld.ts';
import { maxPaths } from '../decision/withheld.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { CellEntry, Entry, JoinEntry } from './answer-plan.ts';
import type { LoadedJoin, LoadedRows } from './load-rows.ts';
import { NotPlain } from './not-plain.ts';
import { cellWriter, type CellWriter } from './write-cell.ts';

/** The withheld cells of one entry: how many, and where the first are. */
export interface WithheldSite {
  readonly coordinate: string;
  readonly reason: ClientReason;
  count: number;
  readonly paths: (readonly (string | number)[])[];
}

const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Writes rows of one answer, and counts what it withholds on the way. */
export class RowWriter {
  readonly out: AnswerBuffer;
  /** Response keys and indices from the root to where is being written. */
  readonly path: (string | number)[] = [];
  readonly #sites = new Map<Entry, WithheldSite>();
  readonly #writers = new Map<LoadedRows, readonly (CellWriter | undefined)[]>();

  constructor(out: AnswerBuffer) {
    this.out = out;
  }

  get sites(): Iterable<WithheldSite> {
    return this.#sites.values();
  }

  /** Chosen once for all rows: what the columns hold is the same for each. */
  #writersOf(rows: LoadedRows): readonly (CellWriter | undefined)[] {
    const known = this.#writers.get(rows);
    if (known) return known;
    const writers = rows.answer.entries.map((entry) =>
      entry.kind === 'cell' && entry.column >= 0
        ? cellWriter(entry.type, rows.raw.kinds[entry.column] ?? 'other')
        : undefined,
    );
    this.#writers.set(rows, writers);
    return writers;
  }

  /** Writes one row as an object. */
  row(rows: LoadedRows, index: number): void {
    const { answer, raw, decided, joins } = rows;
    const profile = decided.profiles[decided.profileOf[index] ?? -1];
    // INVARIANT: without a profile nothing was decided, and nothing is written.
    if (profile === undefined) throw new NotPlain('a row that was not decided on');
    const { releases } = profile;
    const { out } = this;
    const writers = this.#writersOf(rows);
    const { cells, width } = raw;
    const base = 2 * index * width;
    const { entries } = answer;
    out.byte(openBrace);
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i] as Entry;
      if (i > 0) out.byte(comma);
      if (entry.kind === 'constant') {
        out.piece(entry.bytes);
        continue;
      }
      // INVARIANT: a withheld cell's bytes are never touched.
      if (releases[entry.decision] !== 1 || entry.column < 0) {
        this.#withhold(entry);
        continue;
      }
      if (entry.kind === 'join') {
        const join = joins[i];
        if (join === undefined) throw new NotPlain('a join that was not read');
        this.#join(entry, join, index);
        continue;
      }
      const at = base + 2 * entry.column;
      const length = cells[at + 1] ?? -1;
      if (length < 0) {
        this.#empty(entry);
        continue;
      }
      out.piece(entry.name);
      const write = writers[i];
      if (write === undefined) throw new NotPlain('a cell without a writer');
      write(out, raw, cells[at] ?? 0, length, index, entry.column);
    }
    out.byte(closeBrace);
  }

  /** Writes rows as a list. */
  list(rows: LoadedRows, order: ArrayLike<number>, from: number, to: number): void {
    const { out, path } = this;
    out.byte(openBracket);
    const depth = path.push(0) - 1;
    for (let i = from; i < to; i += 1) {
      if (i > from) out.byte(comma);
      path[depth] = i - from;
      this.row(rows, order[i] ?? 0);
    }
    path.pop();
    out.byte(closeBracket);
  }

  #join(entry: JoinEntry, { rows, groupOf, starts, order }: LoadedJoin, index: number): void {
    const { out, path } = this;
    const group = groupOf[index] ?? -1;
    const from = group < 0 ? 0 : (starts[group] ?? 0);
    const to = group < 0 ? 0 : (starts[group + 1] ?? 0);
    if (entry.join.list) {
      out.piece(entry.name);
      if (rows === undefined || from === to) {
        out.byte(openBracket);
        out.byte(closeBracket);
        return;
      }
      path.push(entry.key);
      this.list(rows, order, from, to);
      path.pop();
      return;
    }
    if (rows === undefined || from === to) {
      this.#empty(entry);
      return;
    }
    out.piece(entry.name);
    path.push(entry.key);
    this.row(rows, order[from] ?? 0);
    path.pop();
  }

  #empty(entry: CellEntry | JoinEntry): void {
    if (!entry.nullable) throw new NotPlain('null where the schema says that there is a value');
    this.out.piece(entry.empty);
  }

  #withhold(entry: CellEntry | JoinEntry): void {
    this.#empty(entry);
    let site = this.#sites.get(entry);
    if (site === undefined) {
      site = { coordinate: entry.coordinate, reason: entry.reason, count: 0, paths: [] };
      this.#sites.set(entry, site);
    }
    site.count += 1;
    if (site.paths.length < maxPaths) site.paths.push([...this.path, entry.key]);
  }
}
