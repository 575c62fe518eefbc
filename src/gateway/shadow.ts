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

/** The errors of a turn, by what they made null. */
interface TurnErrors {
  /** The places of `data` that are null for an error, each once. */
  readonly places: ReadonlySet<string>;
  /** What is told where; several times only where a place has several errors. */
  readonly told: ReadonlyMap<string, string>;
  /** Each error stands where its null is: what was carried out did not depend on what failed first. */
  readonly settled: boolean;
}

type Path = readonly (string | number)[];

/** The null that an error left: at its path, or above where null may not be. */
const nullOf = (data: unknown, path: Path): Path => {
  let value = data;
  for (const [depth, key] of path.entries()) {
    if (typeof value !== 'object' || value === null) return path.slice(0, depth);
    // A list or an object of the answer, whose keys are those of the path.
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return path;
};

const errorsOf = ({ result }: Turn): TurnErrors => {
  const places = new Set<string>();
  const told = new Map<string, string>();
  let settled = true;
  if (result instanceof AnswerBuffer) return { places, told, settled };
  for (const { message, path = [], locations, extensions } of result.errors ?? []) {
    const at = nullOf(result.data, path);
    if (at.length < path.length) settled = false;
    places.add(JSON.stringify(at));
    told.set(JSON.stringify(path), JSON.stringify([message, locations, extensions]));
  }
  return { places, told, settled };
};

/**
 * Whether errors are the same as far as they do not hang on time. Of several that make the same
 * place null the first one in time is told, and others as they come; so does graphql-js.
 */
const sameErrors = (one: TurnErrors, other: TurnErrors): boolean => {
  if (one.places.size !== other.places.size) return false;
  for (const place of one.places) if (!other.places.has(place)) return false;
  for (const [path, error] of one.told) if ((other.told.get(path) ?? error) !== error) return false;
  return true;
};

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
  const [errors, expectedErrors] = [errorsOf(turn), errorsOf(reference)];
  if (!sameErrors(errors, expectedErrors)) differences.push({ what: 'errors' });
  // Of what lies beside an error that took more than its own place with it, it is a matter of time
  // how much was still decided.
  if (!errors.settled || !expectedErrors.settled) return differences;
  const withheld = (one: Turn): string => JSON.stringify(one.notes.list());
  if (withheld(turn) !== withheld(reference)) differences.push({ what: 'withheld' });
  const packed = (one: Turn): string => JSON.stringify(one.recorder.packed());
  if (packed(turn) !== packed(reference)) differences.push({ what: 'audit' });
  return differences;
};

/** Of answers up to so long the whole share is compared: graphql-js takes some milliseconds for them. */
const shortBytes = 32_768;

/**
 * How likely a query is compared. Of longer answers fewer are, by as much as they are longer: to carry
 * out a thousand rows by graphql-js would keep all others waiting.
 *
 * @param share of queries, 0 to 1; none of 0 and all of 1, however long
 * @param bytes of its answer, 0 where that is not known
 */
export const shadowChance = (share: number, bytes: number): number =>
  1 - (1 - share) ** Math.min(1, shortBytes / bytes);
