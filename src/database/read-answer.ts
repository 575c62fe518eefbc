import type { Answer } from '../core/statement.ts';
import { Columns, findCells } from '../core/wire/cells.ts';
import type { Answered } from '../core/wire/exchange.ts';
import { ownParser } from './own-types.ts';

const columns = new Columns((oid, name) => ({ name, parse: ownParser(oid) }));

/**
 * Rows as objects, as pg makes them.
 *
 * @throws Error when they are none, or hold what cannot be held here
 */
export const readAnswer = <Row>({
  columns: described,
  rows: bytes,
  count,
  affected: rowCount,
}: Answered): Answer<Row> => {
  const rows: Row[] = [];
  if (described === undefined) return { rows, rowCount };
  const each = columns.read(described);
  const cells = findCells(bytes, count, each.length);
  let cell = 0;
  for (let i = 0; i < count; i += 1) {
    const row: Record<string, unknown> = {};
    for (const { name, parse } of each) {
      const start = cells[cell] ?? 0;
      const length = cells[cell + 1] ?? -1;
      cell += 2;
      row[name] = length < 0 ? null : parse(bytes.toString('utf8', start, start + length));
    }
    // Of whatever type the asker says.
    rows.push(row as Row);
  }
  return { rows, rowCount };
};
