import type { Knex } from 'knex';
import { ImportError, LedgerError } from '../core/errors.ts';
import type { Consents } from '../decision/identified-consents.ts';
import { checkBatches, type CheckedBatch } from './check-batches.ts';
import type { ImportFile } from './import-file.ts';
import { readImportProgress } from './import-progress.ts';
import type { RefusalReport, RefusedRow } from './refusal-report.ts';
import { refusalOf, type ImportRow } from './row.ts';

/** What an import works with. */
export interface ImportTools {
  readonly knex: Knex;
  readonly consents: Consents;
}

export interface ImportOptions {
  readonly file: ImportFile;
  /** The fingerprint unless given: then the same file is imported once only. */
  readonly name?: string | undefined;
  readonly mode: 'import' | 'all-or-none' | 'dry-run';
  readonly report: RefusalReport;
  /** Rows of one transaction. */
  readonly batch?: number;
  readonly onProgress?: (bytes: number, what: string) => void;
}

export interface ImportResult {
  /** `before`: finished earlier, nothing was done. `refused`: all or none, and it is none. */
  readonly outcome: 'done' | 'before' | 'refused' | 'checked';
  /** Events recorded, or that would be, since the import began. */
  readonly accepted: number;
  /** Rows refused since the import began. */
  readonly refused: number;
  /** Events of this run alone. */
  readonly now: number;
  readonly head?: number;
  /** The line behind which this run went on. */
  readonly resumedAt: number;
  /** The report tells everything that was refused since the import began. */
  readonly wholeReport: boolean;
}

const batchesBehind = (
  line: number,
  what: string,
  { file, batch = 2_000, onProgress }: ImportOptions,
  { consents }: ImportTools,
): AsyncGenerator<CheckedBatch> => {
  const behind = async function* (): AsyncGenerator<ImportRow> {
    for await (const row of file.rows((bytes) => onProgress?.(bytes, what)))
      if (row.line > line) yield row;
  };
  return checkBatches(behind(), batch, consents);
};

/** Reads and checks all of it, and writes nothing. */
const checkAll = async (options: ImportOptions, from: number, tools: ImportTools) => {
  let accepted = 0;
  let lines = 0;
  for await (const batch of batchesBehind(from, 'checking', options, tools)) {
    accepted += batch.events.length;
    lines = Math.max(lines, batch.lastLine);
    options.report.add(batch.refused);
  }
  await options.file.assertUnchanged();
  return { accepted, lines };
};

const assertAny = (lines: number): void => {
  if (lines === 0) throw new ImportError('no event is in the file');
};

/** The row of an event that the ledger refuses although it passed a moment ago. */
const refusedAfterAll = (
  { events, lines }: CheckedBatch,
  error: unknown,
): RefusedRow | undefined => {
  if (!(error instanceof LedgerError) || error.code !== 'CONSENT_INVALID') return undefined;
  const index = events.length === 1 ? 0 : error.details['index'];
  const line = typeof index === 'number' ? lines[index] : undefined;
  return line === undefined ? undefined : { line, ...refusalOf(error) };
};

const without = (batch: CheckedBatch, row: RefusedRow): CheckedBatch => {
  const stays = (_: unknown, i: number): boolean => batch.lines[i] !== row.line;
  return {
    ...batch,
    events: batch.events.filter(stays),
    lines: batch.lines.filter(stays),
    refused: [...batch.refused, row],
  };
};

interface Count {
  accepted: number;
  refused: number;
  lines: number;
  head: number | undefined;
}

/** Records what passed and how far the import came with it, in one transaction. */
const record = async (
  batch: CheckedBatch,
  count: Count,
  { name, options, tools }: { name: string; options: ImportOptions; tools: ImportTools },
): Promise<void> => {
  const { file, report, mode } = options;
  if (batch.last) await file.assertUnchanged();
  if (mode === 'all-or-none' && batch.refused.length > 0)
    throw new ImportError(
      `line ${batch.refused[0]?.line ?? 0} is refused although it passed before: ${batch.refused[0]?.reason ?? ''}; ${count.accepted} events were recorded, and the same command goes on behind them`,
    );
  report.add(batch.refused);
  for (let rest = batch; ;) {
    const after = {
      accepted: count.accepted + rest.events.length,
      refused: count.refused + rest.refused.length,
      lines: Math.max(count.lines, batch.lastLine),
    };
    const progress = { name, fingerprint: file.fingerprint, ...after, finished: batch.last };
    try {
      // Looks the persons up once more: one who was erased since the check is nobody now.
      const appended = await tools.consents.append(rest.events, { progress });
      if (rest.events.length > 0) count.head = appended?.head;
      Object.assign(count, after);
      return;
    } catch (error) {
      const row = refusedAfterAll(rest, error);
      if (row === undefined || mode === 'all-or-none') throw error;
      report.add([row]);
      rest = without(rest, row);
    }
  }
};

/**
 * Imports a file in batches, each in one transaction with how far it came: after a kill the same
 * call goes on behind the last batch, with nothing doubled and nothing lost.
 *
 * @throws ImportError, LedgerError CONSENT_CONFLICT when another process goes on with the same
 *   import, SourceError: what was recorded until then stands
 */
export const importEvents = async (
  options: ImportOptions,
  tools: ImportTools,
): Promise<ImportResult> => {
  const { file, mode, report } = options;
  const name = options.name ?? file.fingerprint;
  if (mode === 'dry-run') {
    report.begin(0, 0);
    const { accepted, lines } = await checkAll(options, 0, tools);
    assertAny(lines);
    const { refused } = report;
    return { outcome: 'checked', accepted, refused, now: 0, resumedAt: 0, wholeReport: true };
  }
  const before = await readImportProgress(tools.knex, name);
  if (before && before.fingerprint !== null && before.fingerprint !== file.fingerprint)
    throw new ImportError('an import of this name was of another file, or read it otherwise');
  const { accepted = 0, refused = 0, lines = 0 } = before ?? {};
  if (before?.finished === true)
    return { outcome: 'before', accepted, refused, now: 0, resumedAt: lines, wholeReport: false };
  const wholeReport = report.begin(lines, refused);
  if (mode === 'all-or-none') {
    const told = report.refused;
    const { lines: read } = await checkAll(options, lines, tools);
    assertAny(Math.max(read, lines));
    const wrong = report.refused - told;
    if (wrong > 0)
      return {
        outcome: 'refused',
        accepted,
        refused: refused + wrong,
        now: 0,
        resumedAt: lines,
        wholeReport,
      };
  }
  const count: Count = { accepted, refused, lines, head: undefined };
  for await (const batch of batchesBehind(lines, 'importing', options, tools)) {
    if (batch.last) assertAny(Math.max(batch.lastLine, count.lines));
    await record(batch, count, { name, options, tools });
  }
  return {
    outcome: 'done',
    accepted: count.accepted,
    refused: count.refused,
    now: count.accepted - accepted,
    ...(count.head !== undefined && { head: count.head }),
    resumedAt: lines,
    wholeReport,
  };
};
