import { didYouMean } from '../core/did-you-mean.ts';
import { PlanError } from '../core/errors.ts';
import type { Basis } from '../directives/basis.ts';
import { foldEvents, type StoredEvent } from '../ledger/fold-events.ts';
import { basisAt, type FullReason } from '../ledger/judge.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';
import { decideCoordinate } from '../policy/decide-coordinate.ts';
import { scopeOf, type DomainField, type FieldGuard, type SayScope } from '../policy/model.ts';
import type { Ask } from '../policy/plan.ts';
import { judgePair, judgePairs, type SaidWords } from './judge-pairs.ts';
import type { LoggedReason } from './recorder.ts';
import type { ClientReason } from './withheld.ts';

/** One field of one person, asked for one purpose. */
export interface FieldRequest {
  readonly purpose: string;
  /** `Type.field` */
  readonly coordinate: string;
  /** All that the person said, in any order. */
  readonly events: readonly StoredEvent[];
  /** Where the person lives, as the source has it. */
  readonly place?: unknown;
  /** The request carries the Global Privacy Control signal. */
  readonly gpc?: boolean | undefined;
  /** Microseconds since 1970. */
  readonly now: number;
}

/** What came of one pair that the field needs. */
export interface PairLine {
  readonly purpose: string;
  readonly category: string;
  readonly scope: SayScope;
  /** The basis where the person lives; null where the purpose does not cover the pair. */
  readonly basis: Basis | null;
  readonly release: boolean;
  readonly reason: FullReason | 'NOT_COVERED';
}

/** A decision on one field, with all that it turned on. */
export interface FieldDecision {
  readonly release: boolean;
  /** As the auditor's log has it. */
  readonly reason: LoggedReason;
  /** What a client is told when it is withheld. */
  readonly client: Exclude<ClientReason, 'NOT_PERMITTED'> | null;
  /** Every pair that the field needs; none where it is open. */
  readonly because: readonly PairLine[];
}

/** The fields that a purpose can be asked for, by coordinate. */
export const fieldsOf = ({ model }: Policy): ReadonlyMap<string, DomainField> =>
  new Map(
    [...model.types.values()].flatMap((type) =>
      [...type.fields.values()].map((field) => [field.coordinate, field] as const),
    ),
  );

/** What is wrong with the names of a request, each with its mend; nothing when they are known. */
export const unknownNames = (
  policy: Policy,
  { purpose, coordinate }: Pick<FieldRequest, 'purpose' | 'coordinate'>,
): readonly { readonly what: string; readonly mend: string }[] => {
  const { purposeTree, types } = policy.model;
  const fields = fieldsOf(policy);
  const problems = [];
  if (!purposeTree.has(purpose)) {
    problems.push({
      what: 'the purpose does not exist',
      mend: didYouMean(purpose.slice(0, 64), purposeTree.names),
    });
  }
  if (!fields.has(coordinate)) {
    const type = types.get(coordinate.split('.')[0] ?? '');
    const near = type ? [...type.fields.values()].map((field) => field.coordinate) : [];
    const written = coordinate.slice(0, 128);
    problems.push({
      what: 'the field does not exist',
      mend: didYouMean(written, near.length > 0 ? near : [...fields.keys()]),
    });
  }
  return problems;
};

const guardOf = (policy: Policy, request: FieldRequest): FieldGuard => {
  const [problem] = unknownNames(policy, request);
  const field = fieldsOf(policy).get(request.coordinate);
  if (problem) throw new PlanError(`${problem.what}; ${problem.mend}`);
  if (field === undefined) throw new Error('a field that is known and is not there');
  return field.guard;
};

const wordsOf = (events: readonly StoredEvent[], policy: Policy): SaidWords => {
  const { states, expiry } = foldEvents(events, policy);
  return {
    state: (_subject, pair) => states[pair] ?? 0,
    expiry: (_subject, pair) => expiry.get(pair) ?? Infinity,
  };
};

/** As plans have it; here for every pair, also for those that no plan needs to ask. */
const askOf = ({ index, basis, places, sale, directMarketing }: Pair): Ask => ({
  pair: index,
  basis,
  places,
  ...(sale && { sale }),
  ...(directMarketing && { directMarketing }),
});

/** A history tried out is that of one person, whose number tells nothing. */
const anybody = 0;

const explain = (
  policy: Policy,
  guard: FieldGuard,
  said: SaidWords,
  { purpose, place, now, gpc }: FieldRequest,
): readonly PairLine[] => {
  if (guard.kind !== 'shield') return [];
  const { purposes, purposeTree, categoryTree } = policy.model;
  const scope = scopeOf(guard);
  const categories = new Set(guard.categories.flatMap((one) => categoryTree.leavesOf(one)));
  return purposeTree.leavesOf(purpose).flatMap((leaf) =>
    [...categories].map((category): PairLine => {
      const pair = policy.pairOf(leaf, category, scope);
      const accepted = purposes.get(leaf)?.origins?.includes(guard.origin) ?? true;
      const names = { purpose: leaf, category, scope };
      if (!pair || !accepted)
        return { ...names, basis: null, release: false, reason: 'NOT_COVERED' };
      const { release, reason } = judgePair(askOf(pair), anybody, place, said, now, gpc);
      return { ...names, basis: basisAt(pair.basis, pair.places, place), release, reason };
    }),
  );
};

/**
 * Decides one field as the gateway does, by the same verdict on the coordinate and the same
 * judgement of its pairs, out of a history that may be nobody's. Named rules are about the caller
 * and not asked here.
 *
 * @throws PlanError when the policy has no such purpose or field
 */
export const decideField = (policy: Policy, request: FieldRequest): FieldDecision => {
  const guard = guardOf(policy, request);
  const { purpose, place, now, gpc } = request;
  const verdict = decideCoordinate(policy, guard, purpose, true);
  const said = wordsOf(request.events, policy);
  const because = explain(policy, guard, said, request);
  switch (verdict.kind) {
    case 'open':
      return { release: true, reason: 'OPEN', client: null, because };
    case 'never':
      return { release: false, reason: verdict.reason, client: 'NOT_COVERED', because };
    case 'always':
      // Only bases that ask nobody come here, and those are reasons of their own.
      return { release: true, reason: verdict.basis as FullReason, client: null, because };
    case 'ask': {
      const { release, reason } = judgePairs(verdict.asks, anybody, place, said, now, gpc);
      return { release, reason, client: release ? null : 'NOT_CONSENTED', because };
    }
  }
};
