import { int32s } from '../core/slab.ts';
import type { PackedDecision, PackedDecisions } from '../audit/entry.ts';
import { packSorted } from '../audit/number-ranges.ts';
import type { LoggedLine } from './logged-lines.ts';
import type { Said, SaidBook, Shape } from './said-book.ts';
import { sortRows, type Rows } from './sort-rows.ts';

/** What an operation decided, before it is packed. */
export interface NotedDecisions {
  readonly book: SaidBook;
  /** Persons, who may come again, and what is said of each by its number in the book. */
  readonly rows: Rows;
  /** What stands though it is said of nobody known. */
  readonly closed: Said;
}

/** Joins the rows of one person each into the first of them, and leaves out of whom nothing is said. */
const joinRows = ({ numbers, kinds }: Rows, book: SaidBook): Rows => {
  let count = 0;
  for (let i = 0; i < numbers.length;) {
    const person = numbers[i] ?? -1;
    let said = book.at(kinds[i] ?? 0);
    for (i += 1; i < numbers.length && numbers[i] === person; i += 1)
      said = said.and(book.at(kinds[i] ?? 0));
    if (said === book.nothing) continue;
    numbers[count] = person;
    kinds[count] = said.number;
    count += 1;
  }
  return { numbers: numbers.subarray(0, count), kinds: kinds.subarray(0, count) };
};

interface Sets {
  /** What is said of each set. */
  readonly said: readonly Said[];
  readonly texts: readonly string[];
}

/**
 * By kind its place in a list of sets + 1, since sets are in the order of their smallest number; 0
 * for none. A book may hold thousands of kinds of which an operation has few: whoever uses it leaves it
 * as it was. Nothing is awaited meanwhile.
 */
let placeOf = new Int32Array(64);

/** @param persons each once, in order; of whom the same is said is in one set */
const setsOf = ({ numbers, kinds }: Rows, book: SaidBook): Sets => {
  const said: Said[] = [];
  if (placeOf.length < book.size) placeOf = new Int32Array(2 * book.size);
  /** By place how many are in the set, then where it starts, then where it ends. */
  const ends: number[] = [];
  for (let i = 0; i < kinds.length; i += 1) {
    const kind = kinds[i] ?? 0;
    let place = placeOf[kind] ?? 0;
    if (place === 0) {
      place = said.push(book.at(kind));
      placeOf[kind] = place;
      ends.push(0);
    }
    ends[place - 1] = (ends[place - 1] ?? 0) + 1;
  }
  let start = 0;
  for (let place = 0; place < ends.length; place += 1) {
    start += ends[place] ?? 0;
    ends[place] = start - (ends[place] ?? 0);
  }
  const bySet = int32s(numbers.length);
  for (let i = 0; i < numbers.length; i += 1) {
    const place = (placeOf[kinds[i] ?? 0] ?? 0) - 1;
    const at = ends[place] ?? 0;
    bySet[at] = numbers[i] ?? -1;
    ends[place] = at + 1;
  }
  for (const { number } of said) placeOf[number] = 0;
  return { said, texts: packSorted(bySet, ends) };
};

const makeShape = (said: readonly Said[], closed: Said): Shape => {
  const byKey = new Map<string, { readonly line: LoggedLine; readonly sets: number[] }>();
  for (const line of closed.lines) byKey.set(line.key, { line, sets: [] });
  for (const [set, { lines }] of said.entries()) {
    for (const line of lines) {
      const known = byKey.get(line.key);
      if (known) known.sets.push(set);
      else byKey.set(line.key, { line, sets: [set] });
    }
  }
  const lines = [...byKey.values()].sort((a, b) => (a.line.key < b.line.key ? -1 : 1));
  const coordinates = [...new Set(lines.flatMap(({ line }) => line.coordinates))].sort();
  const placeOf = new Map(coordinates.map((coordinate, i) => [coordinate, i]));
  const decisions = lines.map(({ line, sets }): PackedDecision => {
    const fields = line.coordinates.map((field) => placeOf.get(field) ?? 0);
    return Object.freeze<PackedDecision>([line.reason, Object.freeze(fields), Object.freeze(sets)]);
  });
  // Several entries will have them, and whoever encodes them may remember how.
  return { coordinates: Object.freeze(coordinates), decisions: Object.freeze(decisions) };
};

/** The same object where the same was said of as many sets in the same order before. */
const shapeOf = (said: readonly Said[], { book, closed }: NotedDecisions): Shape => {
  let key = String(closed.number);
  for (const { number } of said) key += ` ${number}`;
  let shape = book.shapes.get(key);
  if (shape === undefined) {
    shape = makeShape(said, closed);
    const weight = said.reduce((sum, { lines }) => sum + lines.length, shape.coordinates.length);
    book.shapes.set(key, shape, weight);
  }
  return shape;
};

/**
 * Parts the persons of an operation into sets: of whom the same is said is in the same set, whatever
 * the selections, batches and their order. Each person is in exactly one, and the same decisions
 * come to the same text.
 *
 * @param noted its rows are written over
 */
export const packDecisions = (noted: NotedDecisions): PackedDecisions => {
  const { book, rows } = noted;
  const { said, texts } = setsOf(joinRows(sortRows(rows), book), book);
  const { coordinates, decisions } = shapeOf(said, noted);
  return { coordinates, sets: texts, decisions };
};
