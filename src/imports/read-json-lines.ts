import { isUtf8 } from 'node:buffer';
import { readLines, type Line } from './read-lines.ts';
import { shownKey, type FileRecord, type Refusal } from './row.ts';
import { didYouMean } from '../core/did-you-mean.ts';

const notUtf8: Refusal = { reason: 'is not UTF-8', mend: 'save the file as UTF-8' };
export const tooLong: Refusal = { reason: 'is over 65,536 bytes' };

/** A line's text, or why it has none. */
export const textOf = ({ bytes }: Line): string | Refusal => {
  if (bytes === undefined) return tooLong;
  return isUtf8(bytes) ? bytes.toString('utf8') : notUtf8;
};

/** A key that no row may have: one misspelt would else be left out in silence. */
export const unknownKey = (
  keys: readonly string[],
  known: readonly string[],
): Refusal | undefined => {
  const key = keys.find((one) => !known.includes(one));
  if (key === undefined) return undefined;
  return { reason: `there is no key ${shownKey(key)}`, mend: didYouMean(key.slice(0, 64), known) };
};

const recordOf = (line: Line, keys: readonly string[]): FileRecord | undefined => {
  const text = textOf(line);
  if (typeof text !== 'string') return { line: line.line, refused: text };
  if (text.trim() === '') return undefined;
  const refuse = (refused: Refusal): FileRecord => ({ line: line.line, refused });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse({ reason: 'is not JSON', mend: 'write one object on one line' });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refuse({ reason: 'is no JSON object', mend: 'write one object on one line' });
  const unknown = unknownKey(Object.keys(json), keys);
  if (unknown) return refuse(unknown);
  return { line: line.line, fields: json as Readonly<Record<string, unknown>> };
};

/** Records of a file with one JSON object on each line, of which these keys are known. */
export const readJsonLines = async function* (
  stream: AsyncIterable<Buffer>,
  keys: readonly string[],
): AsyncGenerator<FileRecord> {
  for await (const lines of readLines(stream)) {
    for (const line of lines) {
      const record = recordOf(line, keys);
      if (record) yield record;
    }
  }
};
