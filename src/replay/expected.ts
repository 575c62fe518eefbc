import { placeOf } from '../core/places.ts';
import { fieldsOf } from '../decision/decide-field.ts';
import { basisAt } from '../ledger/judge.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { decideCoordinate, type Verdict } from '../policy/decide-coordinate.ts';
import type { DomainField } from '../policy/model.ts';
import type { Ask } from '../policy/plan.ts';

/** What a policy says of one field for one purpose, before any person is known. */
export type Expected = (
  | { readonly kind: 'fixed'; readonly reason: string; readonly ofNobody: string }
  /** One list of pairs for each way in which the place of a person can turn out. */
  | { readonly kind: 'ask'; readonly variants: readonly (readonly Ask[])[] }
) & {
  /** Rules about the caller stand before it, which nothing in an entry tells of. */
  readonly ruled: boolean;
};

const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i));
const countries: readonly string[] = letters.flatMap((a) =>
  letters.map((b) => a + b).filter((code) => placeOf(code)),
);

/**
 * One place of each kind that these lists can tell apart: unknown, each that is listed, the country
 * and another region of each that is listed, and a country of which nothing is.
 */
const placesToTry = (asks: readonly Ask[]): readonly (string | undefined)[] => {
  const listed = new Set(asks.flatMap(({ places }) => [...places.keys()]));
  const near = new Set([...listed].map((code) => code.slice(0, 2)));
  const elsewhere = countries.find((code) => !near.has(code));
  const regions = [...near].flatMap(
    (country) =>
      letters.map((a) => `${country}-Z${a}Z`).find((region) => !listed.has(region)) ?? [],
  );
  return [undefined, ...listed, ...near, ...regions, ...(elsewhere ? [elsewhere] : [])];
};

const nowhere: Ask['places'] = new Map();

const variantsOf = (asks: readonly Ask[], placeIsRead: boolean): readonly (readonly Ask[])[] => {
  if (asks.every(({ places }) => places.size === 0)) return [asks];
  const variants = new Map<string, readonly Ask[]>();
  for (const place of placeIsRead ? placesToTry(asks) : [undefined]) {
    const bases = asks.map(({ basis, places }) => basisAt(basis, places, place));
    variants.set(
      bases.join(' '),
      asks.map((ask, i) => ({ ...ask, basis: bases[i] ?? 'CONSENT', places: nowhere })),
    );
  }
  return [...variants.values()];
};

const keyOf = (verdict: Verdict, ruled: boolean, placeIsRead: boolean): string =>
  verdict.kind === 'ask'
    ? `ask ${ruled} ${placeIsRead} ${verdict.asks.map(({ pair }) => pair).join(',')}`
    : `${Object.values(verdict).join(' ')} ${ruled}`;

const expectedOf = (verdict: Verdict, ruled: boolean, placeIsRead: boolean): Expected => {
  const fixed = (reason: string, ofNobody: string): Expected => ({
    kind: 'fixed',
    ...{ reason, ofNobody, ruled },
  });
  switch (verdict.kind) {
    case 'open':
      return fixed('OPEN', 'OPEN');
    case 'never':
      return fixed(verdict.reason, verdict.reason);
    case 'always':
      return fixed(verdict.basis, 'NOT_EVALUATED');
    case 'ask':
      return { kind: 'ask', variants: variantsOf(verdict.asks, placeIsRead), ruled };
  }
};

/** A policy with all that was asked of it so far. */
export class ExpectedDecisions {
  readonly policy: Policy;
  readonly #fields: ReadonlyMap<string, DomainField>;
  readonly #byPurpose = new Map<string | undefined, Map<string, Expected>>();
  /** Fields that are judged alike share what is expected of them. */
  readonly #shared = new Map<string, Expected>();

  constructor(policy: Policy) {
    this.policy = policy;
    this.#fields = fieldsOf(policy);
  }

  /** `undefined` where the policy has no such field. A purpose that it lacks covers nothing. */
  of(coordinate: string, purpose: string | undefined): Expected | undefined {
    const known = this.policy.model.purposeTree.has(purpose ?? '') ? purpose : undefined;
    const byCoordinate = this.#byPurpose.get(known) ?? new Map<string, Expected>();
    this.#byPurpose.set(known, byCoordinate);
    const before = byCoordinate.get(coordinate);
    if (before) return before;
    // Names that the policy lacks are not kept: whoever wrote the entry may have written many.
    const field = this.#fields.get(coordinate);
    if (!field) return undefined;
    const expected = this.#make(field, known);
    byCoordinate.set(coordinate, expected);
    return expected;
  }

  #make({ guard, coordinate }: DomainField, purpose: string | undefined): Expected {
    const { types } = this.policy.model;
    const verdict = decideCoordinate(this.policy, guard, purpose, true);
    const ruled = guard.kind === 'shield' && guard.rules.length > 0;
    const person = types.get(coordinate.split('.')[0] ?? '')?.subject?.type;
    const placeIsRead = types.get(person ?? '')?.person?.place !== undefined;
    const key = keyOf(verdict, ruled, placeIsRead);
    const shared = this.#shared.get(key) ?? expectedOf(verdict, ruled, placeIsRead);
    this.#shared.set(key, shared);
    return shared;
  }
}
