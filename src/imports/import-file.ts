import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { ImportError } from '../core/errors.ts';
import {
  eventColumns,
  eventKeys,
  eventOfRecord,
  typedCells,
  type RowContext,
} from './event-of-record.ts';
import { readCsv } from './read-csv.ts';
import { readJsonLines } from './read-json-lines.ts';
import { readTcf, tcfKeys } from './read-tcf.ts';
import type { FileRecord, ImportRow } from './row.ts';
import type { TcfMap } from './tcf-map.ts';

/** How a file is read. */
export interface Reading {
  readonly lines: 'json' | 'csv';
  /** Columns of CSV to keys. */
  readonly columns: ReadonlyMap<string, string>;
  /** The rows are TC strings, of which this counts. */
  readonly tcf?: TcfMap;
  readonly context: RowContext;
}

/** A file that is read more than once, and is the same each time. */
export interface ImportFile {
  /** SHA-256 of what it holds and how it is read: read otherwise it says something else. */
  readonly fingerprint: string;
  readonly size: number;
  /** What it says, from its first line. `onBytes` is told how far it was read. */
  rows(onBytes?: (bytes: number) => void): AsyncGenerator<ImportRow>;
  /** @throws ImportError when somebody wrote to it meanwhile */
  assertUnchanged(): Promise<void>;
  close(): Promise<void>;
}

const recordsOf = async function* (
  stream: AsyncIterable<Buffer>,
  { lines, columns, tcf }: Reading,
): AsyncGenerator<FileRecord> {
  if (lines === 'json') {
    yield* readJsonLines(stream, tcf ? tcfKeys : eventKeys);
    return;
  }
  const options = tcf
    ? { keys: tcfKeys, needed: ['subject', 'tcf'], map: columns }
    : { keys: eventColumns, needed: ['subject', 'kind'], map: columns };
  for await (const record of readCsv(stream, options))
    yield 'fields' in record && !tcf ? { ...record, fields: typedCells(record.fields) } : record;
};

/**
 * Rows of an import in the order of the file. A row that is wrong is given as refused.
 *
 * @throws ImportError when the file as a whole cannot be read so
 */
export const readRows = async function* (
  stream: AsyncIterable<Buffer>,
  reading: Reading,
): AsyncGenerator<ImportRow> {
  const records = recordsOf(stream, reading);
  if (reading.tcf) yield* readTcf(records, reading.tcf, reading.context);
  else for await (const record of records) yield eventOfRecord(record, reading.context);
};

const chunkSize = 65_536;

/** From the start, whatever was read before, and not what somebody adds meanwhile. */
const bytesOf = async function* (
  handle: FileHandle,
  size: number,
  onBytes: (bytes: number) => void = () => undefined,
): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const length = Math.min(chunkSize, size - at);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
    onBytes(at);
  }
};

const fingerprintOf = async (
  handle: FileHandle,
  size: number,
  reading: Reading,
): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of bytesOf(handle, size)) hash.update(chunk);
  const { lines, columns, tcf, context } = reading;
  const how = [lines, [...columns], tcf ?? null, context.defaultType ?? null, context.at ?? null];
  return hash.update(`\0${JSON.stringify(how)}`).digest('hex');
};

/** @throws ImportError when it is no file that can be read */
export const openImportFile = async (path: string, reading: Reading): Promise<ImportFile> => {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    throw new ImportError(`${path} cannot be read`, { cause });
  }
  try {
    const before = await handle.stat();
    // A pipe can be read once only, and could not be gone on with.
    if (!before.isFile()) throw new ImportError(`${path} is no file`);
    return {
      fingerprint: await fingerprintOf(handle, before.size, reading),
      size: before.size,
      rows: (onBytes) => readRows(bytesOf(handle, before.size, onBytes), reading),
      assertUnchanged: async () => {
        const { size, mtimeMs } = await handle.stat();
        if (size !== before.size || mtimeMs !== before.mtimeMs)
          throw new ImportError(`${path} was changed while it was read`);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
};
