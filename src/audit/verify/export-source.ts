import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { tileWidth } from '../../tlog/tree-tail.ts';
import type { BundleRead, Finding, LogSource } from './log-source.ts';

/** A line of an export that is one of this log. */
interface ExportLine {
  readonly number: number;
  readonly index: number;
  readonly bytes: Buffer;
}

const mostLine = 1_000_000;

const parseLine = (
  text: string,
  number: number,
  origin: string,
): ExportLine | Finding | undefined => {
  const where = `line ${number}`;
  if (text.length > mostLine) return { where, what: 'it is longer than any entry' };
  let line: { log?: unknown; index?: unknown; leaf?: unknown; bytes?: unknown } | null;
  try {
    line = JSON.parse(text) as typeof line;
  } catch {
    return { where, what: 'it is no JSON' };
  }
  const { log, index, leaf, bytes } = line ?? {};
  if (typeof log !== 'string' || typeof index !== 'number' || !Number.isSafeInteger(index))
    return { where, what: 'it has no `log` and `index`' };
  if (log !== origin) return undefined;
  // What could not be read as an entry when it was exported.
  if (typeof bytes === 'string') return { number, index, bytes: Buffer.from(bytes, 'base64') };
  if (typeof leaf !== 'object' || leaf === null) return { index, where, what: 'it has no `leaf`' };
  const head = `{"log":${JSON.stringify(log)},"index":${index},"leaf":`;
  // As it stands, to the letter; another program may have put spaces in.
  const raw = text.startsWith(head) ? text.slice(head.length, -1) : JSON.stringify(leaf);
  return { number, index, bytes: Buffer.from(raw) };
};

/** Entries out of a file, in the order in which they are asked for; never held all at once. */
class ExportReader {
  readonly #lines: AsyncIterator<string>;
  readonly #origin: string;
  #number = 0;
  #ahead: ExportLine | undefined;
  #newest = -1;
  #findings: Finding[] = [];
  #ended = false;

  constructor(file: string, origin: string) {
    const input = createReadStream(file);
    const lines = createInterface({ input, crlfDelay: Infinity });
    this.#lines = lines[Symbol.asyncIterator]();
    this.#origin = origin;
  }

  async bundle(index: number, width: number): Promise<BundleRead> {
    const base = index * tileWidth;
    const entries = Array.from({ length: width }, (): Buffer | undefined => undefined);
    for (
      let line = await this.#peek();
      line && line.index < base + width;
      line = await this.#peek()
    ) {
      if (line.index >= base) entries[line.index - base] = line.bytes;
      this.#ahead = undefined;
    }
    const findings = this.#findings;
    this.#findings = [];
    return { entries, findings };
  }

  /** What is wrong with the lines behind the last bundle; none of them is proved. */
  async rest(size: number): Promise<readonly Finding[]> {
    const first = await this.#peek();
    let count = 0;
    for (let line = first; line; line = await this.#peek()) {
      count += 1;
      this.#ahead = undefined;
    }
    if (!first) return this.#findings;
    const what = `${count} entries from it on lie behind the end of the log, which has ${size}`;
    const where = `line ${first.number}`;
    return [...this.#findings, { index: first.index, where, what }];
  }

  /** The next line in order; those out of order are told of. */
  async #peek(): Promise<ExportLine | undefined> {
    while (!this.#ahead && !this.#ended) {
      const next = await this.#lines.next();
      if (next.done === true) {
        this.#ended = true;
        break;
      }
      this.#number += 1;
      if (next.value === '') continue;
      const line = parseLine(next.value, this.#number, this.#origin);
      if (!line) continue;
      if ('what' in line) this.#findings.push(line);
      else if (line.index > this.#newest) {
        this.#newest = line.index;
        this.#ahead = line;
      } else {
        const what = `entry ${line.index} stands here, behind entry ${this.#newest}`;
        this.#findings.push({ index: line.index, where: `line ${line.number}`, what });
      }
    }
    return this.#ahead;
  }
}

export interface ExportSourceOptions {
  /** NDJSON of `{"log":…,"index":…,"leaf":{…}}`, in the order of the log. */
  readonly file: string;
  readonly origin: string;
  /** Where the rest of the log lies: its checkpoint, and tiles for a part of it. */
  readonly beside: Omit<LogSource, 'bundle' | 'after'>;
}

/** The entries of an export, with a checkpoint and tiles from elsewhere. */
export const exportSource = ({ file, origin, beside }: ExportSourceOptions): LogSource => {
  const reader = new ExportReader(file, origin);
  return {
    checkpoint: () => beside.checkpoint(),
    info: () => beside.info(),
    tiles: beside.tiles,
    bundle: (index, width) => reader.bundle(index, width),
    after: (size) => reader.rest(size),
  };
};
