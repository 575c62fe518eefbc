import { AnswerBuffer } from '../answer/answer-buffer.ts';
import { dataOf } from './answer-bytes.ts';
import type { Turn } from './journey.ts';

/** Where two ways of carrying an operation out came apart. Holds no value. */
export interface Difference {
  readonly what: 'data' | 'errors' | 'withheld' | 'audit';
  /** Bytes that agree before the first that does not, of `data`. */
  readonly at?: number;
  /** Of the document without its values. */
  readonly documentHash?: string;
}

const jsonOf = ({ result }: Turn): Buffer =>
  result instanceof AnswerBuffer
    ? dataOf(result)
    : Buffer.from(result.data === undefined ? '' : JSON.stringify(result.data));

const errorsOf = ({ result }: Turn): string =>
  result instanceof AnswerBuffer
    ? '[]'
    : JSON.stringify(
        (result.errors ?? []).map(({ message, path, locations, extensions }) => [
          message,
          path,
          locations,
          extensions,
        ]),
      );

const firstDifference = (a: Buffer, b: Buffer): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return i;
  return length;
};

/** What differs between a turn and the reference's: data, errors, what was withheld, the audit entry. */
export const differencesOf = (turn: Turn, reference: Turn): readonly Difference[] => {
  const differences: Difference[] = [];
  const [data, expected] = [jsonOf(turn), jsonOf(reference)];
  if (!data.equals(expected))
    differences.push({ what: 'data', at: firstDifference(data, expected) });
  if (errorsOf(turn) !== errorsOf(reference)) differences.push({ what: 'errors' });
  const withheld = (one: Turn): string => JSON.stringify(one.notes.list());
  if (withheld(turn) !== withheld(reference)) differences.push({ what: 'withheld' });
  const packed = (one: Turn): string => JSON.stringify(one.recorder.packed());
  if (packed(turn) !== packed(reference)) differences.push({ what: 'audit' });
  return differences;
};
