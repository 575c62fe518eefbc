import { readdirSync, readFileSync } from 'node:fs';
import { Source } from 'graphql';
import { LedgerError } from '../../src/core/errors.ts';
import { resolveConsent, type ConsentPart } from '../../src/ledger/consent-event.ts';
import { foldEvents, type StoredEvent } from '../../src/ledger/fold-events.ts';
import { basisAt, judge, type Judgement } from '../../src/ledger/judge.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';
import { decideCoordinate } from '../../src/policy/decide-coordinate.ts';
import { storedOf, type Case } from './case.ts';
import { sdlOf, type Plan } from './plan.ts';

/** The functions of the product that decide; a fault replaces one of them. */
export interface Product {
  readonly resolveConsent: typeof resolveConsent;
  readonly decideCoordinate: typeof decideCoordinate;
  readonly foldEvents: typeof foldEvents;
  readonly basisAt: typeof basisAt;
  readonly judge: typeof judge;
}

/** As they are shipped. */
export const shipped: Product = { resolveConsent, decideCoordinate, foldEvents, basisAt, judge };

const at = new URL('../../schema/governance/', import.meta.url);
const governance = readdirSync(at).map(
  (file) => new Source(readFileSync(new URL(file, at), 'utf8'), file),
);

/** The compiled policy. Throws where the SDL is refused. */
export const compilePlan = (plan: Plan): Policy =>
  compilePolicy(
    { governance, domain: [new Source(sdlOf(plan), 'random.graphql')] },
    { sources: ['shop'], rules: [], resolvers: [] },
  );

/** The two policies of a case, compiled. */
export interface Policies {
  readonly before: Policy;
  readonly today: Policy;
}

/** What an input became: its parts, or nothing where it was refused. */
export type Resolved = readonly ConsentPart[] | 'REFUSED';

/** Resolves the inputs of a case under the older policy. */
export const resolveInputs = (
  product: Product,
  { inputs }: Case,
  { before }: Policies,
): readonly Resolved[] =>
  inputs.map((input) => {
    try {
      return product.resolveConsent(input, before).parts;
    } catch (error) {
      if (error instanceof LedgerError) return 'REFUSED';
      throw error;
    }
  });

/** All that the ledger then holds of the person. */
export const historyOf = (
  { events, inputs }: Case,
  resolved: readonly Resolved[],
): readonly StoredEvent[] => [
  ...events,
  ...inputs.flatMap((input, i) => {
    const parts = resolved[i] ?? 'REFUSED';
    return parts === 'REFUSED' ? [] : parts.map((part) => storedOf(input, part));
  }),
];

/** What the product says of one pair that a field asks for. */
export interface AskVerdict extends Judgement {
  readonly purpose: string;
  readonly category: string;
}

/** What the product decides, with every pair it looked at. */
export interface Decided {
  readonly release: boolean;
  readonly reason: string;
  readonly asks: readonly AskVerdict[];
}

/** Decides one case as `src/decision/release-rows.ts` decides a cell. */
export const decide = (
  product: Product,
  { request }: Case,
  events: readonly StoredEvent[],
  { today }: Policies,
): Decided => {
  const [type = '', name = ''] = request.field.split('.');
  const guard = today.model.types.get(type)?.fields.get(name)?.guard;
  if (!guard) throw new Error(`the policy has no field ${request.field}`);
  const verdict = product.decideCoordinate(today, guard, request.purpose, true);
  if (verdict.kind === 'never') return { release: false, reason: verdict.reason, asks: [] };
  if (verdict.kind === 'always') return { release: true, reason: verdict.basis, asks: [] };
  if (verdict.kind === 'open') return { release: true, reason: 'OPEN', asks: [] };
  const { states, expiry } = product.foldEvents(events, today);
  const asks = verdict.asks.map((ask) => {
    const expired = request.now >= (expiry.get(ask.pair) ?? Infinity);
    const state = states[ask.pair] ?? 0;
    const basis = product.basisAt(ask.basis, ask.places, request.place);
    const { purpose = '', category = '' } = today.pairs[ask.pair] ?? {};
    const judgement = product.judge(basis, state, expired, ask, request.signalled);
    return { ...judgement, purpose, category };
  });
  const decisive = asks.find(({ release }) => !release) ?? asks[0];
  return {
    release: asks.every(({ release }) => release),
    reason: decisive?.reason ?? 'NOT_EVALUATED',
    asks,
  };
};
