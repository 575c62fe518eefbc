import type { Context } from '@cedar-policy/cedar-wasm/nodejs';
import { coordinateOf, type NodePlan, type Plan, type PurposePlan } from './plan.ts';

/*
 * What lies below what, what replaced what, and which scopes there are: read from the plan by the
 * plainest code, so that a reader sees that it is right. Nothing of it comes from the product.
 */

/** Names that fall under this one or are it, with nothing below themselves. */
export const leavesBelow = (nodes: readonly NodePlan[], name: string): readonly string[] => {
  const children = nodes.filter(({ under }) => under.includes(name));
  if (children.length === 0) return [name];
  return [...new Set(children.flatMap((child) => leavesBelow(nodes, child.name)))];
};

/** All that a no may have named so that it reaches this: itself, all above, and what these replaced. */
export const namesReaching = (nodes: readonly NodePlan[], leaf: string): readonly string[] => {
  const reached = new Set([leaf]);
  const open = [leaf];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const above = nodes.find((node) => node.name === name)?.under ?? [];
    const replaced = nodes.filter(({ replacedBy }) => replacedBy === name).map((n) => n.name);
    for (const next of [...above, ...replaced]) {
      if (!reached.has(next)) open.push(next);
      reached.add(next);
    }
  }
  return [...reached];
};

/** Origins that a scope stands for. */
export const originsOf: Readonly<Record<string, readonly string[]>> = {
  FIRST_PARTY: ['ZERO_PARTY', 'FIRST_PARTY'],
  SECOND_PARTY: ['SECOND_PARTY'],
  THIRD_PARTY: ['THIRD_PARTY'],
};

/** The scope of a field: 0007, "Choice". */
export const scopeOfField = (plan: Plan, coordinate: string): string => {
  const field = plan.fields.find((one) => coordinateOf(one) === coordinate);
  if (field?.type === 'Wishes') return coordinate;
  return field?.origin === 'ZERO_PARTY' ? 'FIRST_PARTY' : (field?.origin ?? '');
};

/** The scopes in which fields disclose a leaf category. One that none discloses counts as given. */
export const scopesDisclosing = (plan: Plan, category: string): readonly string[] => {
  const scopes = plan.fields
    .filter(({ categories }) =>
      categories.some((one) => leavesBelow(plan.categories, one).includes(category)),
    )
    .map((field) => scopeOfField(plan, coordinateOf(field)));
  return scopes.length > 0 ? [...new Set(scopes)] : ['FIRST_PARTY'];
};

/** Whether a purpose accepts an origin of the scope. */
export const acceptsScope = ({ origins }: PurposePlan, scope: string): boolean =>
  origins === undefined ||
  (originsOf[scope] ?? ['ZERO_PARTY']).some((one) => origins.some((origin) => origin === one));

/** Leaf categories that a leaf purpose covers. */
export const coveredBy = (plan: Plan, { covers }: PurposePlan): readonly string[] => [
  ...new Set(covers.flatMap((one) => leavesBelow(plan.categories, one))),
];

const knownCountries = ['US', 'CA', 'DE', 'FR', 'GB'];

/** What holds at a place: its own basis, its country's, the purpose's; a country has its regions' too. */
export const factsOfPlace = ({ basis, places }: PurposePlan, written: string | null): Context => {
  const place = (written ?? '').trim().toUpperCase();
  const country = place.slice(0, 2);
  const isRegion = /^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(place);
  const basisFor = (code: string): string | undefined =>
    places.find(({ in: codes }) => codes.includes(code))?.is;
  const here = basisFor(place) ?? basisFor(country) ?? basis;
  const regions = places
    .filter(({ in: codes }) => codes.some((code) => code.startsWith(`${country}-`)))
    .map(({ is }) => is);
  return {
    byPlace: places.length > 0,
    placeKnown: (isRegion || place.length === 2) && knownCountries.includes(country),
    candidates: places.length === 0 ? [basis] : isRegion ? [here] : [here, ...regions],
  };
};

/** Whether a purpose reaches all that a field discloses. */
export const isCovered = (plan: Plan, purpose: string, coordinate: string): boolean => {
  const field = plan.fields.find((one) => coordinateOf(one) === coordinate);
  return leavesBelow(plan.purposes, purpose).every((name) => {
    const leaf = plan.purposes.find((one) => one.name === name);
    if (!leaf || !field) return false;
    const covered = coveredBy(plan, leaf);
    return (
      (leaf.origins?.includes(field.origin) ?? true) &&
      field.categories.every((one) =>
        leavesBelow(plan.categories, one).every((category) => covered.includes(category)),
      )
    );
  });
};
