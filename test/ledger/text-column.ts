import type { TextColumn } from '../../src/core/text-column.ts';

/** The middle one of three columns, between others that hold something else. */
export const columnOf = (ids: readonly (string | null)[]): TextColumn => {
  const parts: Buffer[] = [Buffer.from('head')];
  const cells: number[] = [];
  let at = 4;
  const put = (text: string | null): void => {
    const bytes = Buffer.from(text ?? '');
    cells.push(at, text === null ? -1 : bytes.length);
    parts.push(bytes);
    at += bytes.length;
  };
  for (const id of ids) {
    put('before');
    put(id);
    put(null);
  }
  return {
    count: ids.length,
    bytes: Buffer.concat(parts),
    cells: Int32Array.from(cells),
    width: 3,
    column: 1,
  };
};
