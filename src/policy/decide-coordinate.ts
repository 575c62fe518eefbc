import type { Basis } from '../directives/basis.ts';
import type { Policy } from './compile-policy.ts';
import { scopeOf, type FieldGuard } from './model.ts';
import type { Ask, NeverReason } from './plan.ts';

/** A verdict on one coordinate for one purpose, before any person is known. */
export type Verdict =
  | { readonly kind: 'open' }
  | { readonly kind: 'always'; readonly basis: Basis }
  | { readonly kind: 'never'; readonly reason: NeverReason }
  | { readonly kind: 'ask'; readonly asks: readonly Ask[] };

const unconditional = (basis: Basis): boolean =>
  basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION';

/**
 * Rules 1 and 2 of a decision, and which pairs rules 3 to 5 must ask: an inner purpose needs each
 * of its leaves, a field of several categories needs all of them, an inner category all below it.
 */
export const decideCoordinate = (
  policy: Policy,
  guard: FieldGuard,
  purpose: string | undefined,
  permitted: boolean,
): Verdict => {
  if (guard.kind !== 'shield') return { kind: 'open' };
  if (!permitted) return { kind: 'never', reason: 'NOT_PERMITTED' };
  if (purpose === undefined) return { kind: 'never', reason: 'NOT_COVERED' };
  const { purposes, purposeTree, categoryTree } = policy.model;
  const scope = scopeOf(guard);
  const categories = [...new Set(guard.categories.flatMap((c) => categoryTree.leavesOf(c)))];
  const asks: Ask[] = [];
  let basis: Basis | undefined;
  for (const leaf of purposeTree.leavesOf(purpose)) {
    const accepted = purposes.get(leaf)?.origins;
    if (accepted && !accepted.includes(guard.origin))
      return { kind: 'never', reason: 'NOT_COVERED' };
    for (const category of categories) {
      const pair = policy.pairOf(leaf, category, scope);
      if (pair === undefined) return { kind: 'never', reason: 'NOT_COVERED' };
      basis ??= pair.basis;
      const asked = pair.places.size > 0 || pair.directMarketing;
      if (unconditional(pair.basis) && !asked) continue;
      asks.push({
        pair: pair.index,
        basis: pair.basis,
        places: pair.places,
        ...(pair.sale && { sale: true }),
        ...(pair.directMarketing && { directMarketing: true }),
      });
    }
  }
  if (asks.length > 0) return { kind: 'ask', asks };
  // No category or no purpose leaf at all: nothing that anybody could have agreed to.
  return basis === undefined ? { kind: 'never', reason: 'NOT_COVERED' } : { kind: 'always', basis };
};
