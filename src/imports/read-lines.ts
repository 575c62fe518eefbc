import { ImportError } from '../core/errors.ts';

/** A line without its end; no bytes where it is longer than may be read. */
export interface Line {
  readonly line: number;
  readonly bytes: Buffer | undefined;
}

/** No row is longer. It bounds the memory of an import whatever the file holds. */
export const maxRowBytes = 65_536;

const newline = 0x0a;
const carriageReturn = 0x0d;

const withoutMark = (chunk: Buffer): Buffer => {
  if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) return chunk.subarray(3);
  const [first, second] = chunk;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new ImportError('the file is UTF-16; save it as UTF-8');
  return chunk;
};

const withoutReturn = (bytes: Buffer): Buffer =>
  bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;

/** Chunks of which the first is long enough to show how the file is encoded. */
const chunksOf = async function* (stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stream) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < 3) continue;
    yield withoutMark(head);
    head = undefined;
  }
  if (head !== undefined) yield withoutMark(head);
};

/**
 * Cuts a file into lines, some at a time, in memory that does not grow with file or line.
 *
 * @throws ImportError for a file in UTF-16
 */
export const readLines = async function* (
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<readonly Line[]> {
  let rest: Buffer = Buffer.alloc(0);
  let tooLong = false;
  let line = 1;
  const cut = (bytes: Buffer): Line => {
    const whole = !tooLong && bytes.length <= maxRowBytes;
    tooLong = false;
    const cutLine = { line, bytes: whole ? withoutReturn(bytes) : undefined };
    line += 1;
    return cutLine;
  };
  for await (const chunk of chunksOf(stream)) {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const own = chunk.subarray(from, end);
      lines.push(cut(rest.length === 0 ? own : Buffer.concat([rest, own])));
      rest = Buffer.alloc(0);
      from = end + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > maxRowBytes + 1) {
      tooLong = true;
      rest = Buffer.alloc(0);
    }
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0 || tooLong) yield [cut(rest)];
};
