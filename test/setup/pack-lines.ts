import type { PackedDecision, PackedDecisions } from '../../src/audit/entry.ts';
import { areDisjoint, packRanges, unpackRanges } from '../../src/audit/number-ranges.ts';

/** `[reason, coordinates, subjects]`; no subjects where a list was not read. */
export type Line = readonly [string, readonly string[], string?];

/** As the recorder packs them: each person is in one set, with whom the same lines are about. */
export const packLines = (lines: readonly Line[]): PackedDecisions => {
  const coordinates = [...new Set(lines.flatMap(([, fields]) => fields))].sort();
  const texts = [...new Set(lines.flatMap(([, , subjects]) => subjects ?? []))];
  // Ranges as they are where nothing overlaps: they may be of any length, or none at all.
  const atoms = areDisjoint(texts)
    ? texts.map((text) => ({ text, inAll: [text] }))
    : atomsOf(texts);
  const decisions = lines.map(([reason, fields, subjects]): PackedDecision => [
    reason,
    fields.map((field) => coordinates.indexOf(field)).sort((a, b) => a - b),
    atoms.flatMap(({ inAll }, i) =>
      subjects !== undefined && inAll.includes(subjects) ? [i] : [],
    ),
  ]);
  return { coordinates, sets: atoms.map(({ text }) => text), decisions };
};

const atomsOf = (texts: readonly string[]) => {
  const within = new Map<number, string[]>();
  for (const text of texts)
    for (const number of unpackRanges(text)) {
      const known = within.get(number);
      if (known) known.push(text);
      else within.set(number, [text]);
    }
  const keys = new Set([...within.values()].map((inAll) => JSON.stringify(inAll)));
  return [...keys].map((key) => {
    const numbers = [...within].filter(([, inAll]) => JSON.stringify(inAll) === key);
    return {
      text: packRanges(numbers.map(([number]) => number)),
      inAll: JSON.parse(key) as readonly string[],
    };
  });
};
