import type { PackedDecision, PackedDecisions } from '../audit/entry.ts';
import { packSorted } from '../audit/number-ranges.ts';
import type { LoggedLine } from './logged-lines.ts';
import { Partition } from './partition.ts';
import { SubjectIndex } from './subject-index.ts';

/** What is said of persons, in the numbers of their plan. */
export interface Group {
  readonly own: readonly number[];
  /** A number of the plan → place in `NotedDecisions.lines`. */
  readonly places: readonly number[];
}

/** What an operation decided, before it is packed. */
export interface NotedDecisions {
  /** All that may be said: what is said of nobody is left out. */
  readonly lines: readonly LoggedLine[];
  /** Places of those lines that stand though they are said of nobody known. */
  readonly closed: ReadonlySet<number>;
  /** Persons decided alike. Several groups may say the same. */
  readonly groups: readonly Group[];
  /** Persons, and for each the group; one may come again, and in several groups. */
  readonly subjects: Int32Array;
  readonly groupOf: Int32Array;
}

/** Sorts by a small number and keeps the order within: the places, and where each number's end. */
const countingSort = (
  values: Int32Array,
  kinds: number,
): { readonly places: Int32Array; readonly ends: Int32Array } => {
  const ends = new Int32Array(kinds + 1);
  for (let i = 0; i < values.length; i += 1) {
    const at = (values[i] ?? 0) + 1;
    ends[at] = (ends[at] ?? 0) + 1;
  }
  for (let kind = 1; kind <= kinds; kind += 1)
    ends[kind] = (ends[kind] ?? 0) + (ends[kind - 1] ?? 0);
  const places = new Int32Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const kind = values[i] ?? 0;
    const at = ends[kind] ?? 0;
    places[at] = i;
    // Counting up from where each starts leaves its end there.
    ends[kind] = at + 1;
  }
  return { places, ends };
};

const nothing: Group = { own: [], places: [] };

/** For each line the atoms that it is said of, in order. */
const atomsByLine = (
  { groups, lines }: NotedDecisions,
  persons: Partition,
  classes: readonly number[],
): readonly (readonly number[])[] => {
  const byLine = lines.map((): number[] => []);
  for (let atom = 0; atom < classes.length; atom += 1) {
    let at = classes[atom] ?? 0;
    for (let group = persons.splitOf(at); group >= 0; group = persons.splitOf(at)) {
      const { own, places } = groups[group] ?? nothing;
      for (let i = 0; i < own.length; i += 1) {
        const atoms = byLine[places[own[i] ?? -1] ?? -1];
        // Several groups may say the same line of a person.
        if (atoms && atoms[atoms.length - 1] !== atom) atoms.push(atom);
      }
      at = persons.before(at);
    }
  }
  return byLine;
};

interface Sets {
  /** Of each line, in order. */
  readonly ofLine: readonly (readonly number[])[];
  readonly texts: readonly string[];
}

/** Atoms that are in the same lines: for each its set, and 1 for the first of each set. */
const setsOfAtoms = (byLine: readonly (readonly number[])[], atoms: number) => {
  const named = byLine.reduce((sum, { length }) => sum + length, 0);
  const alike = new Partition(atoms, named);
  for (const some of byLine) alike.split(some, 0, some.length);
  const setOfClass = new Int32Array(alike.classes).fill(-1);
  const setOf = new Int32Array(atoms);
  const leads = new Uint8Array(atoms);
  let count = 0;
  for (let atom = 0; atom < atoms; atom += 1) {
    const own = alike.classOf(atom);
    if (setOfClass[own] === -1) {
      setOfClass[own] = count++;
      leads[atom] = 1;
    }
    setOf[atom] = setOfClass[own] ?? 0;
  }
  return { setOf, leads, count };
};

/**
 * Parts the persons of an operation into sets: who is in the same lines is in the same set, whatever
 * the selections, batches and their order. Each person is in exactly one; sets are ordered by their
 * smallest number.
 */
const setsOf = (noted: NotedDecisions): Sets => {
  const { subjects, groupOf, groups } = noted;
  const most = subjects.length;
  const index = new SubjectIndex(most);
  const persons = new Partition(most, most);
  const { places, ends: groupEnds } = countingSort(groupOf, groups.length);
  for (let i = 0; i < most; i += 1) places[i] = index.placeOf(subjects[places[i] ?? 0] ?? -1);
  for (let group = 0; group < groups.length; group += 1)
    persons.split(places, group === 0 ? 0 : (groupEnds[group - 1] ?? 0), groupEnds[group] ?? 0);
  const numbers = index.numbers.slice().sort();
  // First by groups, for a person is in few of them: who is in the same ones is of one atom.
  const atomOfClass = new Int32Array(persons.classes).fill(-1);
  const atomOf = new Int32Array(numbers.length);
  const classes: number[] = [];
  for (let i = 0; i < numbers.length; i += 1) {
    const own = persons.classOf(index.placeOf(numbers[i] ?? -1));
    if (atomOfClass[own] === -1) atomOfClass[own] = classes.push(own) - 1;
    atomOf[i] = atomOfClass[own] ?? 0;
  }
  // Then by lines, for what different groups say may come to the same.
  const byLine = atomsByLine(noted, persons, classes);
  const { setOf, leads, count } = setsOfAtoms(byLine, classes.length);
  const ofLine = byLine.map((atoms) => {
    const own: number[] = [];
    for (const atom of atoms) if (leads[atom] === 1) own.push(setOf[atom] ?? 0);
    return own;
  });
  for (let i = 0; i < atomOf.length; i += 1) atomOf[i] = setOf[atomOf[i] ?? 0] ?? 0;
  const { places: bySet, ends } = countingSort(atomOf, count);
  for (let i = 0; i < bySet.length; i += 1) bySet[i] = numbers[bySet[i] ?? 0] ?? -1;
  return { ofLine, texts: packSorted(bySet, ends.subarray(0, count)) };
};

/** The same decisions come to the same text, in whatever order they were made. */
export const packDecisions = (noted: NotedDecisions): PackedDecisions => {
  const { ofLine, texts } = setsOf(noted);
  const said = noted.lines
    .map((line, i) => ({ line, sets: ofLine[i] ?? [], closed: noted.closed.has(i) }))
    .filter(({ sets, closed }) => closed || sets.length > 0)
    .sort((a, b) => (a.line.key < b.line.key ? -1 : 1));
  const coordinates = [...new Set(said.flatMap(({ line }) => line.coordinates))].sort();
  const placeOf = new Map(coordinates.map((coordinate, i) => [coordinate, i]));
  const decisions = said.map(({ line, sets }): PackedDecision => [
    line.reason,
    line.coordinates.map((field) => placeOf.get(field) ?? 0),
    sets,
  ]);
  return { coordinates, sets: texts, decisions };
};
