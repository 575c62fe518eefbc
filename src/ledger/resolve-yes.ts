import type { ConsentInput } from '../core/consent.ts';
import type { Notice, NoticePurpose } from '../core/notice.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';
import { isDeclared, scopeOfOrigin } from '../policy/model.ts';
import { invalid } from './check-consent.ts';
import type { ConsentPart, ResolvedConsent } from './consent-event.ts';

/** Where a name may be deprecated: no new yes is taken for it. */
const checkLife = (
  what: string,
  name: string,
  node: { readonly deprecated?: string; readonly replacedBy?: string } | undefined,
): void => {
  if (node?.deprecated === undefined) return;
  const instead = node.replacedBy === undefined ? '' : `; ask for \`${node.replacedBy}\` instead`;
  throw invalid(`the ${what} \`${name}\` is deprecated, so no new yes is taken${instead}`);
};

/** What a yes may be for within one leaf purpose. */
interface Offer {
  readonly purpose: string;
  readonly categories: readonly string[];
  readonly recipients: readonly string[];
  readonly bases: readonly string[];
}

/** Every basis that pairs have somewhere, sorted. */
export const basesOf = (pairs: readonly Pair[]): readonly string[] =>
  [...new Set(pairs.flatMap(({ basis, places }) => [basis, ...places.values()]))].sort();

/**
 * The bases on which the purpose uses what the person gave: those of today, and where a notice was
 * shown, those of them that it told.
 */
const toldBases = (
  pairs: readonly Pair[],
  listed: NoticePurpose | undefined,
): readonly string[] => {
  const bases = basesOf(pairs.filter(({ scope }) => scope === 'FIRST_PARTY'));
  return listed ? bases.filter((basis) => listed.bases.includes(basis)) : bases;
};

const scopesNamed = ({ origins, declared }: ConsentInput): readonly string[] =>
  declared ?? [...new Set((origins ?? ['FIRST_PARTY']).map(scopeOfOrigin))];

/** Pairs of a leaf purpose in the scopes that an event names. */
const pairsFor = (purpose: string, input: ConsentInput, policy: Policy): readonly Pair[] => {
  const scopes = scopesNamed(input);
  return policy.pairs.filter((pair) => pair.purpose === purpose && scopes.includes(pair.scope));
};

const offerOf = (
  purpose: string,
  listed: NoticePurpose | undefined,
  input: ConsentInput,
  policy: Policy,
): Offer => {
  const pairs = pairsFor(purpose, input, policy);
  const { categories: nodes } = policy.model;
  // Where no category is named, those meant are the ones still asked for.
  const covered = [...new Set(pairs.map(({ category }) => category))].filter(
    (one) => input.categories !== undefined || nodes.get(one)?.deprecated === undefined,
  );
  return {
    purpose,
    categories: listed ? covered.filter((one) => listed.categories.includes(one)) : covered,
    recipients: listed?.recipients ?? policy.model.purposes.get(purpose)?.recipients ?? [],
    bases: toldBases(pairs, listed),
  };
};

/** The leaf purposes that a yes is for: the one named, or those below it that the notice lists. */
const leavesFor = (
  purpose: string,
  notice: Notice | undefined,
  policy: Policy,
): readonly string[] => {
  const { purposeTree } = policy.model;
  const leaves = purposeTree.leavesOf(purpose);
  if (notice) {
    const listed = leaves.filter((leaf) => notice.purposes.some((one) => one.purpose === leaf));
    if (listed.length > 0) return listed;
    throw invalid(`the notice \`${notice.id}\` does not list \`${purpose}\``);
  }
  if (purposeTree.leaves.includes(purpose)) return leaves;
  throw invalid(
    `\`${purpose}\` has other purposes under it: say yes to each of ${leaves.join(', ')}, or name the notice that lists them`,
  );
};

/** Checks that each category wanted is in some offer, and narrows the offers to those wanted. */
const narrowed = (
  offers: readonly Offer[],
  input: ConsentInput,
  notice: Notice | undefined,
  policy: Policy,
): readonly Offer[] => {
  const { categoryTree, categories: nodes } = policy.model;
  if (!input.categories) return offers;
  const wanted = new Set<string>();
  for (const name of input.categories) {
    const leaves = categoryTree.leavesOf(name);
    if (!notice && !categoryTree.leaves.includes(name)) {
      throw invalid(
        `\`${name}\` has other categories under it: name those meant of ${leaves.join(', ')}, or the notice that lists them`,
      );
    }
    const offered = leaves.filter((leaf) =>
      offers.some(({ categories }) => categories.includes(leaf)),
    );
    if (offered.length === 0) throw invalid(whyNot(name, leaves, input, notice, policy));
    for (const leaf of offered) {
      checkLife('category', leaf, nodes.get(leaf));
      wanted.add(leaf);
    }
  }
  return offers.map((offer) => ({
    ...offer,
    categories: offer.categories.filter((one) => wanted.has(one)),
  }));
};

const whyNot = (
  category: string,
  leaves: readonly string[],
  { purpose = '' }: ConsentInput,
  notice: Notice | undefined,
  policy: Policy,
): string => {
  const elsewhere = policy.model.purposeTree
    .leavesOf(purpose)
    .flatMap((leaf) => leaves.flatMap((one) => policy.scopesOf(leaf, one)))
    .map(({ scope }) => scope)
    .find((scope) => scope !== 'FIRST_PARTY');
  if (elsewhere !== undefined && isDeclared(elsewhere))
    return `\`${category}\` is what persons declare themselves: share it with \`declare\``;
  if (elsewhere !== undefined)
    return `\`${category}\` is data that nobody volunteered: name \`origins: [${elsewhere}]\` to agree to it`;
  if (notice)
    return `the notice \`${notice.id}\` does not list \`${category}\` for \`${purpose}\`, so nobody was told`;
  return `\`${purpose}\` never uses \`${category}\`, so nobody can agree to that`;
};

const checkOrigins = (
  input: ConsentInput,
  leaves: readonly string[],
  notice: Notice | undefined,
  policy: Policy,
): void => {
  for (const origin of input.origins ?? []) {
    const listed = notice?.purposes.filter(({ purpose }) => leaves.includes(purpose));
    if (listed?.every((one) => !one.origins.includes(origin)) === true)
      throw invalid(
        `the notice \`${notice?.id ?? ''}\` does not list data of origin \`${origin}\``,
      );
    const scope = scopeOfOrigin(origin);
    const used = policy.pairs.some((pair) => leaves.includes(pair.purpose) && pair.scope === scope);
    if (!used)
      throw invalid(
        `\`${input.purpose ?? ''}\` uses no data of origin \`${origin}\`, so nobody can agree to that`,
      );
  }
};

/**
 * A yes to what nobody volunteered is an event of its own: it always is a consent, while to what the
 * person gave it may be no more than taking back an objection.
 */
const partsOf = (offer: Offer, input: ConsentInput, policy: Policy): readonly ConsentPart[] => {
  const { purpose, categories, recipients } = offer;
  const scopes = scopesNamed(input);
  const given = scopes.filter((scope) => scope === 'FIRST_PARTY');
  const others = scopes.filter((scope) => scope !== 'FIRST_PARTY');
  return [given, others].flatMap((some) => {
    const isGiven = some === given;
    const used = categories.filter((category) =>
      some.some((scope) => policy.pairOf(purpose, category, scope) !== undefined),
    );
    if (used.length === 0) return [];
    return [
      {
        purposes: [purpose],
        categories: used,
        origins: (input.origins ?? []).filter((one) => some.includes(scopeOfOrigin(one))),
        declared: input.declared ?? [],
        recipients,
        bases: isGiven
          ? offer.bases
          : basesOf(pairsFor(purpose, input, policy).filter(({ scope }) => some.includes(scope))),
      },
    ];
  });
};

/**
 * Resolves a yes to exactly the leaves that exist now, or that its notice lists, in the scopes it names.
 * @throws LedgerError CONSENT_INVALID naming what nobody can agree to
 */
export const resolveYes = (
  input: ConsentInput & { readonly purpose: string },
  notice: Notice | undefined,
  policy: Policy,
): Pick<ResolvedConsent, 'purposes' | 'categories' | 'parts'> => {
  const { purposes: nodes } = policy.model;
  const leaves = leavesFor(input.purpose, notice, policy);
  for (const leaf of leaves) checkLife('purpose', leaf, nodes.get(leaf));
  checkOrigins(input, leaves, notice, policy);
  const offers = narrowed(
    leaves.map((leaf) =>
      offerOf(
        leaf,
        notice?.purposes.find(({ purpose }) => purpose === leaf),
        input,
        policy,
      ),
    ),
    input,
    notice,
    policy,
  ).filter(({ categories }) => categories.length > 0);
  if (offers.length === 0)
    throw invalid(
      `\`${input.purpose}\` uses no personal data of that kind, so there is nothing to agree to`,
    );
  return {
    purposes: offers.map(({ purpose }) => purpose),
    categories: [...new Set(offers.flatMap(({ categories }) => categories))],
    parts: offers.flatMap((offer) => partsOf(offer, input, policy)),
  };
};
