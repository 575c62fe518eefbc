import type { PackedDecision, PackedDecisions } from '../audit/entry.ts';
import { packSorted } from '../audit/number-ranges.ts';
import type { LoggedLine } from './logged-lines.ts';
import { Partition } from './partition.ts';
import { inOrder, SubjectIndex } from './subject-index.ts';

/** Persons for whom the same lines hold, by their places in the list of all lines. */
export interface Group {
  readonly lines: readonly number[];
  readonly subjects: Int32Array;
}

interface Sets {
  /** Of each line, in order. */
  readonly ofLine: readonly (readonly number[])[];
  readonly texts: readonly string[];
}

const namedBy = (places: readonly number[]): Int32Array => Int32Array.from(places);

/**
 * Parts the persons of an operation into sets: who is in the same lines is in the same set, whatever
 * the selections, batches and their order. Each person is in exactly one; sets are ordered by their
 * smallest number.
 */
const setsOf = (groups: readonly Group[], lines: number): Sets => {
  const most = groups.reduce((sum, { subjects }) => sum + subjects.length, 0);
  const index = new SubjectIndex(most);
  const persons = new Partition(most);
  const named = new Int32Array(most);
  for (const { subjects } of groups) {
    for (let i = 0; i < subjects.length; i += 1) named[i] = index.placeOf(subjects[i] ?? -1);
    persons.split(named.subarray(0, subjects.length));
  }
  const { numbers } = index;
  const order = inOrder(numbers);
  // First by groups, of which there are few for a person: atoms.
  const atomOf = new Int32Array(persons.classes).fill(-1);
  const classes: number[] = [];
  for (const person of order) {
    const own = persons.classOf(person);
    if (atomOf[own] === -1) atomOf[own] = classes.push(own) - 1;
  }
  // Then atoms by lines: what different groups say may come to the same.
  const atomsOf = Array.from({ length: lines }, (): number[] => []);
  for (const [atom, own] of classes.entries()) {
    persons.eachSplit(own, (group) => {
      for (const line of groups[group]?.lines ?? []) {
        const atoms = atomsOf[line];
        if (atoms && atoms.at(-1) !== atom) atoms.push(atom);
      }
    });
  }
  const alike = new Partition(classes.length);
  for (const atoms of atomsOf) alike.split(namedBy(atoms));
  const setOf = new Int32Array(alike.classes).fill(-1);
  const leaders: number[] = [];
  for (let atom = 0; atom < classes.length; atom += 1) {
    const own = alike.classOf(atom);
    if (setOf[own] === -1) setOf[own] = leaders.push(atom) - 1;
  }
  const setOfAtom = (atom: number): number => setOf[alike.classOf(atom)] ?? 0;
  const ofLine = atomsOf.map((atoms) =>
    atoms.map(setOfAtom).filter((set, i) => leaders[set] === atoms[i]),
  );
  const ends = new Int32Array(leaders.length + 1);
  const sets = new Int32Array(order.length);
  for (let i = 0; i < order.length; i += 1) {
    const set = setOfAtom(atomOf[persons.classOf(order[i] ?? 0)] ?? 0);
    sets[i] = set;
    ends[set + 1] = (ends[set + 1] ?? 0) + 1;
  }
  for (let set = 1; set < ends.length; set += 1)
    ends[set] = (ends[set] ?? 0) + (ends[set - 1] ?? 0);
  const sorted = new Int32Array(order.length);
  // Counting up from where each set starts leaves its end there.
  for (let i = 0; i < order.length; i += 1) {
    const set = sets[i] ?? 0;
    const at = ends[set] ?? 0;
    sorted[at] = numbers[order[i] ?? 0] ?? -1;
    ends[set] = at + 1;
  }
  return { ofLine, texts: packSorted(sorted, ends.subarray(0, leaders.length)) };
};

/** The same decisions come to the same text, in whatever order they were made. */
export const packDecisions = (
  lines: readonly LoggedLine[],
  groups: readonly Group[],
): PackedDecisions => {
  const { ofLine, texts } = setsOf(groups, lines.length);
  const coordinates = [...new Set(lines.flatMap((line) => line.coordinates))].sort();
  const placeOf = new Map(coordinates.map((coordinate, i) => [coordinate, i]));
  const inKeyOrder = lines.map((line, i) => ({ line, sets: ofLine[i] ?? [] }));
  inKeyOrder.sort((a, b) => (a.line.key < b.line.key ? -1 : 1));
  const decisions = inKeyOrder.map(({ line, sets }): PackedDecision => [
    line.reason,
    line.coordinates.map((field) => placeOf.get(field) ?? 0),
    sets,
  ]);
  return { coordinates, sets: texts, decisions };
};
