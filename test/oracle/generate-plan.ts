import { origins } from '../../src/core/consent.ts';
import type { FieldPlan, NodePlan, Plan, PurposePlan } from './plan.ts';
import type { Random } from './random.ts';

const namesOf = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${letter}${i}`);

/** Places of the bases: a country, and regions of it and of others. */
const codes = ['US', 'US-CA', 'US-CO', 'CA', 'CA-QC', 'DE', 'FR'];

const lifeOf = (random: Random, names: readonly string[]): Partial<NodePlan> => ({
  ...(random.chance(0.1) && { since: random.of(['2020-01-01', '2026-11-24', '2030-02-28']) }),
  ...(random.chance(0.15) && {
    deprecated: true,
    ...(random.chance(0.8) && { replacedBy: random.of(names) }),
  }),
});

/** Above a node lie only some before it, so that there is no circle. */
const underOf = (random: Random, before: readonly string[]): readonly string[] =>
  before.length === 0 || random.chance(0.45)
    ? []
    : random.some(before, random.weighted([[1, 3], [2, 1]])); // prettier-ignore

const placesOf = (random: Random): PurposePlan['places'] => {
  if (random.chance(0.6)) return [];
  const left = [...codes];
  return Array.from({ length: random.between(1, 3) }, () => ({
    is: random.weighted([
      ['OPT_OUT', 6],
      ['CONSENT', 3],
      ['LEGITIMATE_INTEREST', 2],
      ['CONTRACT', 1],
      ['LEGAL_OBLIGATION', 1],
    ] as const),
    in: Array.from({ length: random.between(1, 2) }, () =>
      left.splice(random.between(0, left.length - 1), 1),
    ).flat(),
  }));
};

const purposeOf = (
  random: Random,
  name: string,
  before: readonly string[],
  names: readonly string[],
  categories: readonly string[],
): PurposePlan => ({
  name,
  under: underOf(random, before),
  ...lifeOf(random, names),
  covers: random.chance(0.05) ? [] : random.some(categories, random.between(1, 4)),
  basis: random.weighted([
    ['CONSENT', 10],
    ['LEGITIMATE_INTEREST', 4],
    ['CONTRACT', 2],
    ['LEGAL_OBLIGATION', 1.5],
  ] as const),
  places: placesOf(random),
  sale: random.chance(0.35),
  directMarketing: random.chance(0.25),
  ...(random.chance(0.25) && { origins: random.some(origins, random.between(1, 3)) }),
  recipients: random.chance(0.7) ? [] : random.some(['Ads', 'Bank', 'Post'], random.between(1, 2)),
});

const fieldOf = (
  random: Random,
  type: FieldPlan['type'],
  name: string,
  categories: readonly string[],
): FieldPlan => ({
  type,
  name,
  categories: random.some(categories, random.weighted([[1, 6], [2, 2], [3, 1]])), // prettier-ignore
  origin:
    type === 'Wishes'
      ? 'ZERO_PARTY'
      : random.weighted([
          ['FIRST_PARTY', 6],
          ['ZERO_PARTY', 1],
          ['SECOND_PARTY', 1.5],
          ['THIRD_PARTY', 2],
        ] as const),
});

const fieldsOf = (random: Random, categories: readonly string[]): readonly FieldPlan[] => [
  ...namesOf('f', random.between(2, 5)).map((n) => fieldOf(random, 'Customer', n, categories)),
  ...namesOf('w', random.weighted([[0, 3], [1, 2], [2, 1]])) // prettier-ignore
    .map((n) => fieldOf(random, 'Wishes', n, categories)),
];

const withoutCircles = <N extends NodePlan>(nodes: readonly N[]): readonly N[] => {
  const next = new Map<string, string>();
  return nodes.map(({ replacedBy, ...node }) => {
    let end = replacedBy;
    while (end !== undefined && end !== node.name) end = next.get(end);
    if (replacedBy === undefined || end === node.name || !nodes.some((n) => n.name === replacedBy))
      return node as unknown as N;
    next.set(node.name, replacedBy);
    return { ...node, replacedBy } as unknown as N;
  });
};

const bare = { covers: [], basis: 'CONSENT', places: [], recipients: [] } as const;

/** Takes out what names nothing or is not allowed where it stands. */
const settled = ({ purposes, categories, fields }: Plan): Plan => {
  const known = new Set([...purposes, ...categories].map(({ name }) => name));
  const kept = (names: readonly string[]): readonly string[] => names.filter((n) => known.has(n));
  const inner = new Set(purposes.flatMap(({ under }) => under));
  return {
    categories: withoutCircles(categories.map((c) => ({ ...c, under: kept(c.under) }))),
    purposes: withoutCircles(
      purposes.map((purpose) => {
        const common = { ...purpose, under: kept(purpose.under) };
        if (inner.has(purpose.name))
          return { ...common, ...bare, origins: undefined, sale: false, directMarketing: false };
        const bases = [purpose.basis, ...purpose.places.map(({ is }) => is)];
        const binds = bases.some((is) => is === 'CONTRACT' || is === 'LEGAL_OBLIGATION');
        return { ...common, covers: kept(purpose.covers), sale: purpose.sale && !binds };
      }),
    ),
    fields: fields.map((field) => {
      const left = kept(field.categories);
      return { ...field, categories: left.length > 0 ? left : [categories[0]?.name ?? ''] };
    }),
  };
};

/** A random policy. */
export const generatePlan = (random: Random): Plan => {
  const categories = namesOf('C', random.between(2, 6));
  const purposes = namesOf('P', random.between(2, 6));
  return settled({
    categories: categories.map((name, i) => ({
      name,
      under: underOf(random, categories.slice(0, i)),
      ...lifeOf(random, categories),
    })),
    purposes: purposes.map((name, i) =>
      purposeOf(random, name, purposes.slice(0, i), purposes, categories),
    ),
    fields: fieldsOf(random, categories),
  });
};

const changedNodes = <N extends NodePlan>(
  random: Random,
  nodes: readonly N[],
  added: (name: string, before: readonly string[], names: readonly string[]) => N,
): readonly N[] => {
  const names = nodes.map(({ name }) => name);
  const changed = nodes
    .filter((_, i) => i === 0 || !random.chance(0.12))
    .map((node) => {
      const before = names.slice(0, names.indexOf(node.name));
      if (random.chance(0.1)) return { ...node, under: underOf(random, before) };
      if (random.chance(0.1)) return { ...node, deprecated: true, replacedBy: random.of(names) };
      return node;
    });
  // Letters of their own, since a name that went must not come again as something else.
  const fresh = `${names[0]?.slice(0, 1) ?? ''}N${random.between(0, 9)}`;
  return random.chance(0.5) && !names.includes(fresh)
    ? [...changed, added(fresh, names, names)]
    : changed;
};

/** Another version of a policy: nodes came, went, moved or were replaced, purposes changed. */
export const changePlan = (random: Random, { purposes, categories, fields }: Plan): Plan => {
  const newCategories = changedNodes(random, categories, (name, before) => ({
    name,
    under: underOf(random, before),
  }));
  const names = newCategories.map(({ name }) => name);
  const newPurposes = changedNodes(random, purposes, (name, before, all) =>
    purposeOf(random, name, before, all, names),
  ).map((purpose) => {
    if (!random.chance(0.3)) return purpose;
    const other = purposeOf(random, purpose.name, [], [purpose.name], names);
    const { covers, basis, places, recipients, sale } = other;
    return random.of([
      { ...purpose, covers: [...new Set([...purpose.covers, ...covers])] },
      { ...purpose, basis, places },
      { ...purpose, recipients },
      { ...purpose, sale },
    ]);
  });
  const newFields = fields
    .filter((_, i) => i === 0 || !random.chance(0.1))
    .map((field) => (random.chance(0.1) ? fieldOf(random, field.type, field.name, names) : field));
  return settled({ categories: newCategories, purposes: newPurposes, fields: newFields });
};
