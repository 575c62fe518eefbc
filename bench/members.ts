import type { VariantKind } from './variant.ts';

/** Who is measured. `again` is `off` once more: what those two differ by is noise. */
export const members = [
  'governed',
  'off',
  'again',
  'apollo',
  'yoga',
  'mercurius',
  'mercurius_jit',
  'shield',
] as const;
export type Member = (typeof members)[number];

/** Sayso and its twin, which need no packages but the product's. */
export const own = ['governed', 'off', 'again'] as const satisfies readonly Member[];
export const peers = members.slice(own.length);

export const kindOf: Readonly<Record<Member, VariantKind>> = {
  governed: 'governed',
  off: 'ungoverned',
  again: 'ungoverned',
  apollo: 'apollo',
  yoga: 'yoga',
  mercurius: 'mercurius',
  mercurius_jit: 'mercurius-jit',
  shield: 'shield',
};
