import type { TextColumn } from '../core/text-column.ts';
import { asText } from '../decision/release-rows.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { RawKind, RawRows } from '../sources/source.ts';
import { NotPlain } from './not-plain.ts';

/** Kinds whose bytes are the very text that other tables and the ledger know a value by. */
const isNaming = (kind: RawKind | undefined): boolean => kind === 'text' || kind === 'int';

/** A column of names, all of them whole numbers or any texts. */
export interface NameColumn extends TextColumn {
  readonly isWhole: boolean;
}

/** Where a row's person is named: behind the planned columns. */
export const subjectAt = ({ columns }: ReadPlan): number => columns.length;

/**
 * A column of names, of the first rows.
 * @throws NotPlain where the bytes are not how the values are known elsewhere
 */
export const namesIn = (raw: RawRows, column: number, count: number): NameColumn => {
  const kind = raw.kinds[column];
  if (!isNaming(kind)) throw new NotPlain('rows named by something other than text');
  const { bytes, cells, width } = raw;
  return { count, bytes, cells, width, column, isWhole: kind === 'int' };
};

/** Any cell as the text that it is known by. */
export const textIn = (raw: RawRows, row: number, column: number): string | null =>
  asText(raw.value(row, column));
