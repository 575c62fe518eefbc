import type { TextColumn } from '../core/text-column.ts';
import { asText } from '../decision/release-rows.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { RawKind, RawRows } from '../sources/source.ts';
import { NotPlain } from './not-plain.ts';

/** Kinds whose bytes are the very text that other tables and the ledger know a value by. */
const isNaming = (kind: RawKind | undefined): boolean => kind === 'text' || kind === 'int';

/** Where a row's person is named: behind the planned columns. */
export const subjectAt = ({ columns }: ReadPlan): number => columns.length;

/** Where the value that a row was found by stands: behind columns, subject and place. */
export const tailOf = (read: ReadPlan): number => {
  const { subject } = read;
  const place = subject?.place !== undefined && subject.place.source === read.source;
  return read.columns.length + (subject ? 1 : 0) + (place ? 1 : 0);
};

/**
 * A column of names, of the first rows.
 * @throws NotPlain where the bytes are not how the values are known elsewhere
 */
export const namesIn = (raw: RawRows, column: number, count: number): TextColumn => {
  if (!isNaming(raw.kinds[column])) throw new NotPlain('rows named by something other than text');
  return { count, bytes: raw.bytes, cells: raw.cells, width: raw.width, column };
};

/** The name in a row; null where there is none. */
export const nameIn = ({ bytes, cells, width, column }: TextColumn, row: number): string | null => {
  const at = 2 * (row * width + column);
  const length = cells[at + 1] ?? -1;
  if (length < 0) return null;
  const start = cells[at] ?? 0;
  return bytes.toString('utf8', start, start + length);
};

/** Any cell as the text that it is known by. */
export const textIn = (raw: RawRows, row: number, column: number): string | null =>
  asText(raw.value(row, column));
