import { isYes, type ConsentInput } from '../../src/core/consent.ts';
import type { ConsentPart } from '../../src/ledger/consent-event.ts';
import { acceptsScope, coveredBy, leavesBelow, scopesDisclosing } from './reach.ts';
import { coordinateOf, type Plan, type PurposePlan } from './plan.ts';

const scopesNamed = ({ declared, origins }: ConsentInput): readonly string[] =>
  declared ??
  (origins ?? ['FIRST_PARTY']).map((origin) => (origin === 'ZERO_PARTY' ? 'FIRST_PARTY' : origin));

/** Scopes in which a purpose can use a category. */
const scopesOf = (plan: Plan, purpose: PurposePlan, category: string): readonly string[] =>
  scopesDisclosing(plan, category).filter((scope) => acceptsScope(purpose, scope));

/** A basis as it counts within a scope: 0007, the paragraph on other scopes. */
const basisWithin = (scope: string, basis: string): string => {
  if (scope.includes('.')) return 'CONSENT';
  const volunteered = scope === 'FIRST_PARTY';
  return volunteered || basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION' ? basis : 'CONSENT';
};

const basesWithin = (purpose: PurposePlan, scopes: readonly string[]): readonly string[] => {
  const bases = [purpose.basis, ...purpose.places.map(({ is }) => is)];
  return [...new Set(scopes.flatMap((scope) => bases.map((is) => basisWithin(scope, is))))].sort();
};

const expectYes = (input: ConsentInput, plan: Plan): readonly ConsentPart[] | undefined => {
  const purpose = plan.purposes.find(({ name }) => name === input.purpose);
  if (!purpose || purpose.deprecated === true) return undefined;
  // Without a notice a yes names ends of the trees, so that it is known what it is for.
  if (plan.purposes.some(({ under }) => under.includes(purpose.name))) return undefined;
  const named = new Set(scopesNamed(input));
  const within = (category: string): readonly string[] =>
    scopesOf(plan, purpose, category).filter((scope) => named.has(scope));
  const covered = coveredBy(plan, purpose);
  const used = new Set(covered.flatMap(within));
  if (used.size === 0) return undefined;
  const originsUsed = input.origins ? named : new Set<string>();
  if ([...originsUsed].some((scope) => !used.has(scope))) return undefined;
  const deprecated = (name: string): boolean =>
    plan.categories.some((node) => node.name === name && node.deprecated === true);
  const offered = covered.filter((category) => within(category).length > 0);
  if (input.categories?.some((name) => !offered.includes(name) || deprecated(name)) === true)
    return undefined;
  // "Why no new yes is taken": one that names no categories is none to those either.
  const categories = input.categories ?? offered.filter((name) => !deprecated(name));
  if (categories.length === 0) return undefined;
  // A yes to what nobody volunteered, or to what was declared, is one by itself: it is a consent
  // whatever the purpose rests on.
  return [true, false].flatMap((given) => {
    const scopes = [...used].filter((scope) => (scope === 'FIRST_PARTY') === given);
    const reached = categories.filter((one) => within(one).some((scope) => scopes.includes(scope)));
    if (reached.length === 0) return [];
    const named = (input.origins ?? []).filter(
      (origin) => (origin === 'ZERO_PARTY' || origin === 'FIRST_PARTY') === given,
    );
    return [
      {
        purposes: [purpose.name],
        categories: reached,
        origins: named,
        declared: input.declared ?? [],
        recipients: purpose.recipients,
        bases: basesWithin(purpose, scopes),
      },
    ];
  });
};

/** The parts that an input should become under a policy, or `undefined` where it is to be refused. */
export const expectParts = (
  input: ConsentInput,
  plan: Plan,
): readonly ConsentPart[] | undefined => {
  const { purpose, categories = [], declared = [], kind } = input;
  const known = (nodes: readonly { readonly name: string }[], name: string): boolean =>
    nodes.some((node) => node.name === name);
  const fields = plan.fields.filter(({ type }) => type === 'Wishes').map(coordinateOf);
  if (input.declared?.length === 0) return undefined;
  if (purpose !== undefined && !known(plan.purposes, purpose)) return undefined;
  if (categories.some((name) => !known(plan.categories, name))) return undefined;
  if (declared.some((name) => !fields.includes(name))) return undefined;
  if (isYes(kind)) return purpose === undefined ? undefined : expectYes(input, plan);
  return [
    {
      // "The node as it was said, then the leaves it had, so that the no stands when a later policy
      // drops the node and keeps what was below."
      purposes: purpose === undefined ? [] : [purpose, ...leavesBelow(plan.purposes, purpose)],
      categories,
      origins: input.origins ?? [],
      declared,
      recipients: [],
      bases: null,
    },
  ];
};

const sorted = (names: readonly string[] | null): readonly string[] | null =>
  names === null ? null : [...new Set(names)].sort();

/** A part as text that is the same for parts that say the same. */
export const partText = (part: ConsentPart): string =>
  JSON.stringify(
    [part.purposes, part.categories, part.origins, part.declared, part.recipients, part.bases].map(
      sorted,
    ),
  );
