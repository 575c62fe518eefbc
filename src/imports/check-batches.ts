import type { ConsentInput } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Consents } from '../decision/identified-consents.ts';
import type { RefusedRow } from './refusal-report.ts';
import { refusalOf, type ImportRow } from './row.ts';

/** Rows of one transaction: what each is, and whether others follow. */
interface Batch {
  readonly rows: readonly ImportRow[];
  readonly last: boolean;
}

/** Rows of one transaction, checked. */
export interface CheckedBatch {
  readonly events: readonly ConsentInput[];
  /** The line that each event is of. */
  readonly lines: readonly number[];
  readonly refused: readonly RefusedRow[];
  readonly lastLine: number;
  readonly last: boolean;
}

const batchesOf = async function* (
  rows: AsyncIterable<ImportRow>,
  size: number,
): AsyncGenerator<Batch> {
  let current: ImportRow[] = [];
  for await (const row of rows) {
    // Only the row behind it tells that a batch is not the last.
    if (current.length >= size) {
      yield { rows: current, last: false };
      current = [];
    }
    current.push(row);
  }
  yield { rows: current, last: true };
};

/** Works on what comes next while this is used. */
const ahead = async function* <T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next();
  try {
    for (;;) {
      const came = await next;
      if (came.done === true) return;
      next = source.next();
      // Told when it is awaited; nobody may come to that.
      next.catch(() => undefined);
      yield came.value;
    }
  } finally {
    await source.return(undefined);
  }
};

/** One wrong event refuses its row, and no neighbour's. */
const check = async (
  { rows, last }: Batch,
  consents: Pick<Consents, 'examine'>,
): Promise<CheckedBatch> => {
  const stated = rows.flatMap((row) =>
    'events' in row ? row.events.map((event) => ({ line: row.line, event })) : [],
  );
  const refused = new Map<number, RefusedRow>();
  for (const row of rows)
    if ('refused' in row) refused.set(row.line, { line: row.line, ...row.refused });
  const examined =
    stated.length === 0 ? [] : await consents.examine(stated.map(({ event }) => event));
  examined.forEach((one, i) => {
    const line = stated[i]?.line ?? 0;
    if (one instanceof LedgerError && !refused.has(line))
      refused.set(line, { line, ...refusalOf(one) });
  });
  const taken = stated.flatMap(({ line }, i) => {
    const event = examined[i];
    return event === undefined || event instanceof LedgerError || refused.has(line)
      ? []
      : [{ line, event }];
  });
  return {
    events: taken.map(({ event }) => event),
    lines: taken.map(({ line }) => line),
    refused: [...refused.values()].sort((a, b) => a.line - b.line),
    lastLine: rows.at(-1)?.line ?? 0,
    last,
  };
};

const inTurn = async function* (
  rows: AsyncIterable<ImportRow>,
  size: number,
  consents: Pick<Consents, 'examine'>,
): AsyncGenerator<CheckedBatch> {
  for await (const batch of batchesOf(rows, size)) yield await check(batch, consents);
};

/**
 * Checks rows in batches, as the ledger and the sources of persons know them, and writes nothing.
 * The last batch says that it is, and may be empty. While one is used the next is checked.
 */
export const checkBatches = (
  rows: AsyncIterable<ImportRow>,
  size: number,
  consents: Pick<Consents, 'examine'>,
): AsyncGenerator<CheckedBatch> => ahead(inTurn(rows, size, consents));
