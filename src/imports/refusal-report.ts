import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { ImportError } from '../core/errors.ts';
import type { Refusal } from './row.ts';

/** A row that was not taken. */
export interface RefusedRow extends Refusal {
  readonly line: number;
}

/** How often something was wrong, and where first. */
export interface ReasonCount {
  readonly reason: string;
  readonly mend?: string;
  readonly rows: number;
  readonly firstLine: number;
}

/** Reasons name purposes and keys that a file may spell in any number of ways. */
const maxReasons = 100;

/** Counts refusals by reason, and writes each to a file where one is wanted, as a line of JSON. */
export class RefusalReport {
  readonly #file: number | undefined;
  readonly #reasons = new Map<string, ReasonCount>();
  #refused = 0;

  /** @throws ImportError when the file cannot be written */
  constructor(path?: string) {
    try {
      // For reading too: an import that goes on keeps what was reported before.
      this.#file = path === undefined ? undefined : openSync(path, 'a+');
    } catch (cause) {
      throw new ImportError(`${path ?? ''} cannot be written`, { cause });
    }
  }

  get refused(): number {
    return this.#refused;
  }

  /** The commonest first. */
  get reasons(): readonly ReasonCount[] {
    return [...this.#reasons.values()].sort((a, b) => b.rows - a.rows || a.firstLine - b.firstLine);
  }

  /**
   * Begins anew, or behind a line: a process that was killed may have reported what it did not
   * record any more.
   *
   * @param refused how many rows up to that line were refused
   * @returns whether the file tells all of them
   */
  begin(line: number, refused: number): boolean {
    if (this.#file === undefined) return refused === 0;
    let end = 0;
    for (const { row, bytes } of line === 0 ? [] : rowsIn(this.#file)) {
      if (row.line > line) break;
      end += bytes;
      this.#count(row);
    }
    const whole = this.#refused === refused;
    if (!whole) {
      // Another's, or of another import.
      this.#refused = 0;
      this.#reasons.clear();
    }
    ftruncateSync(this.#file, whole ? end : 0);
    return whole;
  }

  /** Written before what it is about is recorded, so that a kill in between loses nothing. */
  add(rows: readonly RefusedRow[]): void {
    for (const row of rows) this.#count(row);
    if (this.#file === undefined || rows.length === 0) return;
    const text = rows.map(({ line, reason, mend }) => JSON.stringify({ line, reason, mend }));
    writeSync(this.#file, `${text.join('\n')}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #count({ line, reason, mend }: RefusedRow): void {
    this.#refused += 1;
    const full = this.#reasons.size >= maxReasons && !this.#reasons.has(reason);
    const told = full ? 'other reasons' : reason;
    const before = this.#reasons.get(told);
    const first = { reason: told, firstLine: line, ...(mend !== undefined && !full && { mend }) };
    this.#reasons.set(told, { ...(before ?? first), rows: (before?.rows ?? 0) + 1 });
  }
}

const chunkSize = 65_536;

/** What another run reported, up to what is no report of ours or was cut off by a kill. */
const rowsIn = function* (
  file: number,
): Generator<{ readonly row: RefusedRow; readonly bytes: number }> {
  const chunk = Buffer.alloc(chunkSize);
  let rest = Buffer.alloc(0);
  for (let at = 0; ;) {
    const read = readSync(file, chunk, 0, chunkSize, at);
    if (read === 0) return;
    at += read;
    rest = Buffer.concat([rest, chunk.subarray(0, read)]);
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      const row = rowOf(rest.subarray(0, end).toString('utf8'));
      if (row === undefined) return;
      yield { row, bytes: end + 1 };
      rest = rest.subarray(end + 1);
    }
    if (rest.length > chunkSize) return;
  }
};

const rowOf = (text: string): RefusedRow | undefined => {
  try {
    const { line, reason, mend } = JSON.parse(text) as Partial<Record<keyof RefusedRow, unknown>>;
    if (typeof line !== 'number' || typeof reason !== 'string') return undefined;
    return { line, reason, ...(typeof mend === 'string' && { mend }) };
  } catch {
    return undefined;
  }
};
