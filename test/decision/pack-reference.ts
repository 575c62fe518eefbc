import type { PackedDecision, PackedDecisions } from '../../src/audit/entry.ts';
import type { NotedRows } from '../../src/decision/recorder.ts';
import type { RowPlan } from '../../src/policy/plan.ts';

/** What a recorder was told. */
export interface Told {
  readonly rows: readonly NotedRows[];
  readonly closed: readonly RowPlan[];
  /** `[coordinates, subject]` */
  readonly accesses: readonly (readonly [readonly string[], number])[];
}

/** `reason coordinate coordinate …`, coordinates in order. */
const lineOf = (reason: string, coordinates: readonly string[]): string =>
  [reason, ...[...coordinates].sort()].join(' ');

const linesOfRow = ({ plan, profiles, profileOf }: NotedRows, row: number): readonly string[] => {
  const profile = profiles[profileOf[row]!]!;
  return plan.decisions.flatMap(({ coordinates }, k) => {
    const isGate = plan.gates.some(({ decision }) => decision === k);
    if (coordinates.length === 0 || (!profile.stays && !isGate)) return [];
    return [lineOf(profile.reasons[k]!, coordinates)];
  });
};

const closedLines = ({ gates, decisions }: RowPlan): readonly string[] =>
  gates.flatMap(({ decision }) => {
    const decided = decisions[decision];
    if (decided?.kind !== 'never' || decided.coordinates.length === 0) return [];
    return [lineOf(decided.reason, decided.coordinates)];
  });

const rangesOf = (sorted: readonly number[]): string => {
  const ranges: string[] = [];
  for (let i = 0; i < sorted.length; i += 1) {
    const from = sorted[i]!;
    if (from < 0) continue;
    while (sorted[i + 1] === sorted[i]! + 1) i += 1;
    ranges.push(from === sorted[i] ? `${from}` : `${from}-${sorted[i]}`);
  }
  return [...ranges, ...(sorted[0]! < 0 ? ['?'] : [])].join(',');
};

/** What a recorder packs, worked out line by line and person by person, without regard to time. */
export const packSlowly = ({ rows, closed, accesses }: Told): PackedDecisions => {
  const linesOf = new Map<number, Set<string>>();
  const say = (subject: number, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    linesOf.set(subject, new Set([...(linesOf.get(subject) ?? []), ...lines]));
  };
  for (const noted of rows)
    noted.subjects
      .slice(0, noted.count)
      .forEach((subject, row) => say(subject, linesOfRow(noted, row)));
  const shown = new Map<number, Set<string>>();
  for (const [coordinates, subject] of accesses)
    shown.set(subject, new Set([...(shown.get(subject) ?? []), ...coordinates]));
  for (const [subject, coordinates] of shown)
    if (coordinates.size > 0) say(subject, [lineOf('SUBJECT_ACCESS', [...coordinates])]);

  const persons = [...linesOf.keys()].sort((a, b) => a - b);
  const alike = new Map<
    string,
    { readonly lines: readonly string[]; readonly persons: number[] }
  >();
  // Sets come to be in the order of their smallest person.
  for (const person of persons) {
    const lines = [...linesOf.get(person)!].sort();
    const set = alike.get(lines.join()) ?? { lines, persons: [] };
    alike.set(lines.join(), set);
    set.persons.push(person);
  }
  const sets = [...alike.values()];

  const said = sets.flatMap(({ lines }) => lines);
  const lines = [...new Set([...said, ...closed.flatMap(closedLines)])].sort();
  const coordinates = [...new Set(lines.flatMap((line) => line.split(' ').slice(1)))].sort();
  const decisions = lines.map((line): PackedDecision => {
    const [reason = '', ...fields] = line.split(' ');
    const among = sets.flatMap((set, i) => (set.lines.includes(line) ? [i] : []));
    return [reason, fields.map((field) => coordinates.indexOf(field)), among];
  });
  return { coordinates, sets: sets.map((set) => rangesOf(set.persons)), decisions };
};
