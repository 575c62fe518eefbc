import { nearest } from '../core/did-you-mean.ts';
import {
  consentKinds,
  consentSignals,
  isYes,
  origins as allOrigins,
  type ConsentInput,
  type ConsentKind,
} from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Notice, NoticeBook, NoticePurpose } from '../core/notice.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';
import { isDeclared, scopeOfOrigin } from '../policy/model.ts';
import { noticeFor } from './notice-book.ts';

/** What an event says, resolved by the policy of the moment it was made under. */
export interface ResolvedConsent {
  readonly kind: ConsentKind;
  /**
   * Leaves for a yes. For a no the node as it was said, then the leaves it had, so that the no
   * stands when a later policy drops the node and keeps what was below. None: a no to everything.
   */
  readonly purposes: readonly string[];
  /** Leaves for a yes; for a no the nodes as they were said, none meaning all. */
  readonly categories: readonly string[];
  /** The version shown, and in which language. */
  readonly notice?: { readonly id: string; readonly version: number; readonly language: string };
  /**
   * One for each leaf purpose of a yes: purposes differ in what they cover and who is told, and one
   * that covers more later must not find itself agreed to.
   */
  readonly parts: readonly ConsentPart[];
}

/** Every one of these purposes with every one of these categories. */
export interface ConsentPart {
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
  readonly origins: readonly string[];
  readonly declared: readonly string[];
  /** Told with a yes. */
  readonly recipients: readonly string[];
  /** Bases that the purpose of a yes has somewhere. */
  readonly bases: readonly string[] | null;
}

const invalid = (message: string): LedgerError => new LedgerError(message, 'CONSENT_INVALID');

const shown = (name: string): string =>
  /^[_A-Za-z][_0-9A-Za-z.]{0,127}$/.test(name) ? `\`${name}\`` : 'given';

const known = (what: string, name: string, names: readonly string[]): void => {
  if (names.includes(name)) return;
  const near = nearest(name.slice(0, 64), names);
  const hint =
    near === undefined ? `; there are ${names.join(', ')}` : `; did you mean \`${near}\`?`;
  throw invalid(`the ${what} ${shown(name)} does not exist${hint}`);
};

const earliest = Date.parse('0001-01-01T00:00:00.000Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');

const checkTimes = ({ kind, at, validUntil }: ConsentInput): void => {
  for (const time of [at, validUntil]) {
    if (time === undefined) continue;
    // An invalid date is not within either.
    if (!(time.getTime() >= earliest && time.getTime() <= latest))
      throw invalid('a time is no instant between year 1 and 9999');
  }
  if (validUntil === undefined) return;
  if (!isYes(kind)) throw invalid('`validUntil` belongs to a yes only');
  if (validUntil <= (at ?? new Date())) throw invalid('`validUntil` is not after the yes');
};

const isText = (text: string, longest: number): boolean =>
  text.length <= longest && !text.includes('\0') && text.isWellFormed();

const checkTexts = ({ actor, evidence, idempotencyKey, seen }: ConsentInput): void => {
  if (actor !== undefined && !isText(actor, 256))
    throw invalid('the actor is over 256 characters, or not text');
  if (evidence !== undefined && !isText(evidence, 1_024))
    throw invalid('`evidence` is over 1,024 characters, or not text');
  if (idempotencyKey !== undefined && (idempotencyKey === '' || !isText(idempotencyKey, 128)))
    throw invalid('`idempotencyKey` is empty, over 128 characters, or not text');
  if (seen !== undefined && !(Number.isSafeInteger(seen) && seen >= 0))
    throw invalid('`seen` is no position of the ledger');
};

const checkKind = ({ kind, method, signal, confirmed }: ConsentInput): void => {
  // Persons are erased by erasing them, which does more than say so.
  const sayable = consentKinds.filter((one) => one !== 'erased');
  if (!sayable.some((one) => one === kind))
    throw invalid(`the kind is none of ${sayable.join(', ')}`);
  if (!/^[a-z0-9-]{1,64}$/.test(method)) throw invalid('`method` is not 1 to 64 of a-z, 0-9 and -');
  if (signal !== undefined && (!consentSignals.includes(signal) || kind !== 'refused'))
    throw invalid(`a signal is one of ${consentSignals.join(', ')} and refuses`);
  if (confirmed === true && !isYes(kind)) throw invalid('`confirmed` belongs to a yes only');
};

const checkNames = (input: ConsentInput, policy: Policy): void => {
  const { purposeTree, categoryTree, types } = policy.model;
  if (!types.get(input.subject.type)?.person) {
    known(
      'subject type',
      input.subject.type,
      [...types.values()].filter((t) => t.person).map((t) => t.name),
    );
  }
  if (input.purpose !== undefined) known('purpose', input.purpose, purposeTree.names);
  else if (isYes(input.kind)) throw invalid('a yes names the purpose it is for');
  for (const category of input.categories ?? []) known('category', category, categoryTree.names);
  for (const origin of input.origins ?? []) known('origin', origin, allOrigins);
  const declared = [...types.values()]
    .filter((type) => type.declared)
    .flatMap((type) => [...type.fields.values()].map(({ coordinate }) => coordinate));
  for (const coordinate of input.declared ?? []) known('declared field', coordinate, declared);
  for (const name of ['categories', 'origins', 'declared'] as const) {
    if (input[name]?.length === 0) throw invalid(`\`${name}\` is empty; leave it out to mean all`);
  }
  if (input.declared && input.origins)
    throw invalid('name `origins` or `declared` fields, not both');
};

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

const resolveYes = (
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

const resolveOther = (
  input: ConsentInput,
  policy: Policy,
): Pick<ResolvedConsent, 'purposes' | 'categories' | 'parts'> => {
  const { purposeTree } = policy.model;
  const said = {
    purposes:
      input.purpose === undefined
        ? []
        : [...new Set([input.purpose, ...purposeTree.leavesOf(input.purpose)])],
    categories: [...new Set(input.categories)],
  };
  const named = { origins: input.origins ?? [], declared: input.declared ?? [] };
  return { ...said, parts: [{ ...said, ...named, recipients: [], bases: null }] };
};

/**
 * Tells a person who objects where an objection does not count. One that comes otherwise is kept:
 * it says what somebody wants, and counts should the basis change.
 *
 * @throws LedgerError CONSENT_INVALID
 */
export const demandObjectable = ({ kind, purpose }: ConsentInput, policy: Policy): void => {
  if (kind !== 'objected' || purpose === undefined || !policy.model.purposeTree.has(purpose))
    return;
  const leaves = policy.model.purposeTree.leavesOf(purpose);
  const pairs = policy.pairs.filter((pair) => leaves.includes(pair.purpose));
  const binding = (basis: string): boolean => basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION';
  const hopeless = pairs.every(
    ({ basis, places, directMarketing }) =>
      !directMarketing && binding(basis) && [...places.values()].every(binding),
  );
  if (hopeless && pairs.length > 0)
    throw invalid(
      `\`${purpose}\` rests on ${[...new Set(pairs.map(({ basis }) => basis))].join(' and ')}, against which an objection does not count`,
    );
};

/**
 * Checks what somebody states and resolves it: a yes to exactly the leaves that exist now, or that
 * its notice lists, and that the purpose covers; a no to the nodes named, whose later children it
 * will count for too.
 *
 * @param book published notices; a yes said now for a purpose that a current notice lists must name it
 * @throws LedgerError CONSENT_INVALID naming the item.
 */
export const resolveConsent = (
  input: ConsentInput,
  policy: Policy,
  book: NoticeBook = new Map(),
): ResolvedConsent => {
  checkKind(input);
  checkNames(input, policy);
  checkTimes(input);
  checkTexts(input);
  const { notice, language } = noticeFor(input, book);
  const { purpose } = input;
  const said =
    isYes(input.kind) && purpose !== undefined
      ? resolveYes({ ...input, purpose }, notice, policy)
      : resolveOther(input, policy);
  return {
    kind: input.kind,
    ...said,
    ...(notice && { notice: { id: notice.id, version: notice.version, language } }),
  };
};
