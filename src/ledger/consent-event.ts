import { nearest } from '../core/did-you-mean.ts';
import { consentKinds, type ConsentInput, type ConsentKind } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';

/** What an event says, resolved by the policy of the moment it was made under. */
export interface ResolvedConsent {
  readonly kind: ConsentKind;
  /**
   * Leaves for a grant. For a no the node as it was said, then the leaves it had, so that the no
   * stands when a later policy drops the node and keeps what was below.
   */
  readonly purposes: readonly string[];
  /** Leaves for a grant; for a no the nodes as they were said, none meaning all. */
  readonly categories: readonly string[];
  /**
   * Several for a grant whose purposes differ in what they cover: each then is an event of its own,
   * or a purpose that covers more later would find itself agreed to.
   */
  readonly parts: readonly ConsentPart[];
}

/** Every one of these purposes with every one of these categories. */
export interface ConsentPart {
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
}

const invalid = (message: string): LedgerError => new LedgerError(message, 'CONSENT_INVALID');

const shown = (name: string): string =>
  /^[_A-Za-z][_0-9A-Za-z]{0,63}$/.test(name) ? `\`${name}\`` : 'given';

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
  if (kind !== 'given') throw invalid('`validUntil` belongs to a grant only');
  if (validUntil <= (at ?? new Date())) throw invalid('`validUntil` is not after the grant');
};

const checkActor = (actor: string | undefined): void => {
  if (actor === undefined) return;
  if (actor.length > 256 || actor.includes('\0') || !actor.isWellFormed())
    throw invalid('the actor is over 256 characters, or not text');
};

/** Leaf purposes gathered by which of the categories they cover. */
const partsOf = (
  purposes: readonly string[],
  categories: readonly string[],
  policy: Policy,
): readonly ConsentPart[] => {
  const parts = new Map<string, { purposes: string[]; categories: readonly string[] }>();
  for (const purpose of purposes) {
    const covered = categories.filter((c) => policy.pairOf(purpose, c) !== undefined);
    const part = parts.get(covered.join(' '));
    if (part) part.purposes.push(purpose);
    else if (covered.length > 0)
      parts.set(covered.join(' '), { purposes: [purpose], categories: covered });
  }
  return [...parts.values()];
};

/**
 * Checks what somebody states and resolves it: a grant to exactly the leaves that exist now and
 * that the purpose covers, a no to the nodes named, whose later children it will count for too.
 * @throws LedgerError CONSENT_INVALID naming the item.
 */
export const resolveConsent = (input: ConsentInput, policy: Policy): ResolvedConsent => {
  const { purposeTree, categoryTree, types } = policy.model;
  if (!consentKinds.includes(input.kind))
    throw invalid(`the kind is none of ${consentKinds.join(', ')}`);
  if (!/^[a-z0-9-]{1,64}$/.test(input.method))
    throw invalid('`method` is not 1 to 64 of a-z, 0-9 and -');
  if (!types.get(input.subject.type)?.person) {
    known(
      'subject type',
      input.subject.type,
      [...types.values()].filter((t) => t.person).map((t) => t.name),
    );
  }
  known('purpose', input.purpose, purposeTree.names);
  for (const category of input.categories ?? []) known('category', category, categoryTree.names);
  if (input.categories?.length === 0)
    throw invalid('`categories` is empty; leave it out to mean all that the purpose covers');
  checkTimes(input);
  checkActor(input.actor);
  if (input.kind !== 'given') {
    const said = {
      purposes: [...new Set([input.purpose, ...purposeTree.leavesOf(input.purpose)])],
      categories: [...new Set(input.categories)],
    };
    return { kind: input.kind, ...said, parts: [said] };
  }
  const purposes = purposeTree.leavesOf(input.purpose);
  const covered = (category: string): boolean =>
    purposes.some((purpose) => policy.pairOf(purpose, category) !== undefined);
  const wanted = input.categories?.flatMap((name) => categoryTree.leavesOf(name));
  const outside = wanted?.find((category) => !covered(category));
  if (outside !== undefined) {
    throw invalid(`\`${input.purpose}\` never uses \`${outside}\`, so nobody can agree to that`);
  }
  const categories = [...new Set(wanted ?? categoryTree.leaves.filter(covered))];
  if (categories.length === 0)
    throw invalid(`\`${input.purpose}\` uses no personal data, so there is nothing to agree to`);
  return { kind: 'given', purposes, categories, parts: partsOf(purposes, categories, policy) };
};
