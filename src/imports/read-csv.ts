import { parse } from 'csv-parse/sync';
import { didYouMean } from '../core/did-you-mean.ts';
import { ImportError } from '../core/errors.ts';
import { textOf } from './read-json-lines.ts';
import { maxRowBytes, readLines, type Line } from './read-lines.ts';
import { shownKey, type FileRecord, type Refusal } from './row.ts';

const quote = 0x22;

const quotesIn = ({ bytes }: Line): number => {
  let count = 0;
  if (bytes === undefined) return count;
  for (let at = bytes.indexOf(quote); at >= 0; at = bytes.indexOf(quote, at + 1)) count += 1;
  return count;
};

const notClosed: Refusal = {
  reason: 'opens a quote that is not closed',
  mend: 'close it, and write a quote within quotes twice; what follows was read as rows of their own',
};

/** A row's cells, or why it has none. Only rows with quotes need more than a comma to cut them. */
const cellsOf = (lines: readonly Line[], quoted: boolean): readonly string[] | Refusal => {
  const texts: string[] = [];
  for (const line of lines) {
    const text = textOf(line);
    if (typeof text !== 'string') return text;
    texts.push(text);
  }
  const text = texts.join('\n');
  if (!quoted) return text.split(',');
  try {
    // The end is named, so that another in a quoted cell is not taken for it.
    const rows: string[][] = parse(text, { record_delimiter: '\n', relax_column_count: true });
    if (rows[0] !== undefined && rows.length === 1) return rows[0];
  } catch {
    // Told below, as its own message may repeat a value.
  }
  return { reason: 'has a quote where none may be', mend: 'put the whole cell in quotes' };
};

interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[] | Refusal;
}

/**
 * Cuts lines into rows. A row goes on over lines as long as a quote is open; one that turns out to
 * be broken ends at its first line, and the next line is a row again: a stray quote costs one row
 * and never swallows the rest.
 */
class RowCutter {
  #pending: Line[] = [];
  #bytes = 0;
  #quotes = 0;

  *take(lines: readonly Line[]): Generator<CsvRow> {
    for (const line of lines) {
      this.#add(line);
      yield* this.#settle(false);
    }
  }

  *end(): Generator<CsvRow> {
    while (this.#pending.length > 0) yield* this.#settle(true);
  }

  #add(line: Line): void {
    this.#pending.push(line);
    this.#bytes += line.bytes?.length ?? maxRowBytes + 1;
    this.#quotes += quotesIn(line);
  }

  *#settle(atEnd: boolean): Generator<CsvRow> {
    const open = this.#quotes % 2 === 1;
    const over = atEnd || this.#bytes > maxRowBytes;
    if (open && !over) return;
    const [first, ...others] = this.#pending;
    if (first === undefined) return;
    const cells = open && first.bytes ? notClosed : cellsOf(this.#pending, this.#quotes > 0);
    const broken = !Array.isArray(cells);
    this.#pending = [];
    this.#bytes = 0;
    this.#quotes = 0;
    const blank = !broken && others.length === 0 && cells.length === 1 && cells[0] === '';
    if (!blank) yield { line: first.line, cells };
    if (!broken) return;
    for (const line of others) {
      this.#add(line);
      yield* this.#settle(false);
    }
  }
}

/** What a column's cells are: a key, or nothing that is read. */
type Columns = readonly (string | undefined)[];

export interface CsvOptions {
  /** Keys that a column may be. */
  readonly keys: readonly string[];
  /** Keys that some column must be. */
  readonly needed: readonly string[];
  /** Column to key; an empty key leaves the column out. */
  readonly map: ReadonlyMap<string, string>;
}

/** @throws ImportError: a column whose meaning is not known concerns every row */
const columnsOf = (header: readonly string[], { keys, needed, map }: CsvOptions): Columns => {
  for (const column of map.keys()) {
    if (!header.includes(column))
      throw new ImportError(`the header has no column ${shownKey(column)} that \`--map\` names`);
  }
  const columns = header.map((name) => {
    const key = map.get(name) ?? name;
    if (key === '') return undefined;
    if (keys.includes(key)) return key;
    const leave = `--map '${/^[\w .-]{1,64}$/.test(name) ? name : 'COLUMN'}='`;
    throw new ImportError(
      `the column ${shownKey(name)} is no key: ${didYouMean(key.slice(0, 64), keys)}; rename it by \`--map column=key\` or leave it out by \`${leave}\``,
    );
  });
  const twice = columns.find((key, i) => key !== undefined && columns.indexOf(key) !== i);
  if (twice !== undefined) throw new ImportError(`two columns are \`${twice}\``);
  const missing = needed.find((key) => !columns.includes(key));
  if (missing !== undefined)
    throw new ImportError(
      `no column is \`${missing}\`; the first line names the columns, with commas between`,
    );
  return columns;
};

const recordOf = ({ line, cells }: CsvRow, columns: Columns): FileRecord => {
  if (!Array.isArray(cells)) return { line, refused: cells as Refusal };
  if (cells.length !== columns.length) {
    const reason = `has ${cells.length} cells where the header has ${columns.length}`;
    return { line, refused: { reason, mend: 'put cells with a comma in them in quotes' } };
  }
  // Without a prototype: a cell is never taken for something that every object has.
  const fields = Object.create(null) as Record<string, unknown>;
  columns.forEach((key, i) => {
    if (key !== undefined && cells[i] !== '') fields[key] = cells[i];
  });
  return { line, fields };
};

/**
 * Records of a CSV file (RFC 4180) whose first row names its columns. An empty cell is a key left
 * out.
 *
 * @throws ImportError when the header does not say what the columns are
 */
export const readCsv = async function* (
  stream: AsyncIterable<Buffer>,
  options: CsvOptions,
): AsyncGenerator<FileRecord> {
  const cutter = new RowCutter();
  let columns: Columns | undefined;
  const records = function* (rows: Iterable<CsvRow>): Generator<FileRecord> {
    for (const row of rows) {
      if (columns) yield recordOf(row, columns);
      else if (Array.isArray(row.cells)) columns = columnsOf(row.cells as string[], options);
      else throw new ImportError(`the header ${(row.cells as Refusal).reason}`);
    }
  };
  for await (const lines of readLines(stream)) yield* records(cutter.take(lines));
  yield* records(cutter.end());
};
