import type { Context, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { StoredEvent } from '../../src/ledger/fold-events.ts';
import { askCedar, type Question, type Said } from './cedar.ts';
import type { Case } from './case.ts';
import { coordinateOf, type Plan, type PurposePlan } from './plan.ts';
import {
  acceptsScope,
  coveredBy,
  factsOfPlace,
  isCovered,
  leavesBelow,
  namesReaching,
  originsOf,
  scopeOfField,
  scopesDisclosing,
} from './reach.ts';

/** What the oracle says of one pair. */
export interface PairVerdict {
  readonly purpose: string;
  readonly category: string;
  readonly release: boolean;
  /** More than one only where two bases are equally strict. */
  readonly reasons: readonly string[];
}

const slotsWhere = (
  events: readonly StoredEvent[],
  holds: (event: StoredEvent) => boolean,
): string[] => events.flatMap((event, slot) => (holds(event) ? [String(slot)] : []));

const endOf = ({ validUntil }: StoredEvent): number => validUntil ?? Infinity;

/** Every event with what it says, for Cedar to find of what it speaks. */
const saidOf = (events: readonly StoredEvent[]): readonly Context[] =>
  events.map((event) => ({
    kind: event.kind,
    purposes: [...event.purposes],
    categories: [...event.categories],
    origins: [...(event.origins ?? [])],
    declared: [...(event.declared ?? [])],
    recipients: [...(event.recipients ?? [])],
    ...(event.bases && { bases: [...event.bases] }),
  }));

/** Every event with its place in time among the others, by plain comparison. */
const timedOf = (events: readonly StoredEvent[]): readonly Context[] =>
  events.map((event, slot) => ({
    slot: String(slot),
    confirmed: event.confirmed === true,
    ...(event.validUntil !== null && { validUntil: event.validUntil }),
    earlier: slotsWhere(events, ({ at }) => at < event.at),
    same: slotsWhere(events, ({ at }) => at === event.at),
    later: slotsWhere(events, ({ at }) => at > event.at),
    endsBefore: slotsWhere(events, (other) => other.at === event.at && endOf(other) < endOf(event)),
  }));

const kindsOfNo = ['refused', 'withdrawn', 'objected', 'revoked'] as const;
const asking = ['requested', 'deferred'] as const;

/** An event that speaks of a pair, with what Cedar found it to be. */
interface Heard {
  readonly event: StoredEvent;
  /** `yes`, `acceptance`, `outgrown`, `erased` or `reached` */
  readonly as: string;
}

/** The slots of the events that speak of a pair, sorted by what they are to it. */
const wordsOf = (heard: readonly Heard[]) => {
  const slots = (holds: (one: Heard) => boolean): string[] =>
    heard.flatMap((one, slot) => (holds(one) ? [String(slot)] : []));
  const heardAs = (as: string): string[] => slots((one) => one.as === as);
  const isSignal = ({ event }: Heard): boolean => event.signal === 'GPC';
  const ofKind = (kind: string): string[] =>
    slots((one) => one.as === 'reached' && one.event.kind === kind && !isSignal(one));
  const known: readonly string[] = [...kindsOfNo, ...asking];
  const words = {
    yes: heardAs('yes'),
    acceptance: heardAs('acceptance'),
    erased: heardAs('erased'),
    refused: ofKind('refused'),
    withdrawn: ofKind('withdrawn'),
    objected: ofKind('objected'),
    revoked: ofKind('revoked'),
    unknown: slots((one) => one.as === 'reached' && !known.includes(one.event.kind)),
  };
  return {
    ...words,
    requested: ofKind('requested'),
    deferred: ofKind('deferred'),
    outgrown: heardAs('outgrown'),
    signal: slots((one) => one.as === 'reached' && isSignal(one)),
    spoken: Object.values(words).flat(),
  };
};

const remembered = new Map<string, Said>();

/** Cedar answers alike what it is asked alike: what has few facts is asked once. */
const ask = (question: Question, pair: EntityJson['attrs'], context: Context): Said => {
  const key = JSON.stringify([question, pair, context]);
  const known = remembered.get(key);
  if (known) return known;
  const said = askCedar(question, pair, context);
  if (remembered.size > 100_000) remembered.clear();
  remembered.set(key, said);
  return said;
};

/** What a person said, made ready once for all pairs. */
interface Told {
  readonly events: readonly StoredEvent[];
  readonly said: readonly Context[];
}

const pairOf = (
  plan: Plan,
  purpose: PurposePlan,
  category: string,
  scope: string,
): EntityJson['attrs'] => ({
  purpose: purpose.name,
  category,
  scope,
  declared: scope.includes('.'),
  origins: [...(originsOf[scope] ?? [])],
  purposesAbove: [...namesReaching(plan.purposes, purpose.name)],
  categoriesAbove: [...namesReaching(plan.categories, category)],
  recipients: [...purpose.recipients],
  bases: [purpose.basis, ...purpose.places.map(({ is }) => is)],
  sale: purpose.sale,
  directMarketing: purpose.directMarketing,
});

/** The facts of what stands for a pair. */
const standing = (
  pair: EntityJson['attrs'],
  { events, said }: Told,
  { today, request }: Case,
): readonly string[] => {
  if (events.length === 0) return [];
  const known = {
    purposes: today.purposes.map(({ name }) => name),
    categories: today.categories.map(({ name }) => name),
  };
  const heard = askCedar('hear', pair, known, said).ids.flatMap((id): readonly Heard[] => {
    const [as = '', slot = ''] = id.split(':');
    const event = events[Number(slot)];
    return event ? [{ event, as }] : [];
  });
  if (heard.length === 0) return [];
  const context = { words: wordsOf(heard), now: request.now };
  const { ids } = askCedar(
    'stand',
    { sale: pair['sale'] ?? false },
    context,
    timedOf(heard.map(({ event }) => event)),
  );
  return [...new Set(ids.map((id) => id.split(':')[0] ?? ''))].sort();
};

/** Whether a yes stands for any other pair of the purpose. */
const yesElsewhere = (
  purpose: PurposePlan,
  category: string,
  scope: string,
  told: Told,
  one: Case,
): boolean =>
  told.events.some(({ purposes }) => purposes.includes(purpose.name)) &&
  coveredBy(one.today, purpose).some((other) =>
    scopesDisclosing(one.today, other).some(
      (otherScope) =>
        (other !== category || otherScope !== scope) &&
        acceptsScope(purpose, otherScope) &&
        standing(pairOf(one.today, purpose, other, otherScope), told, one).includes('YES'),
    ),
  );

const judgePair = (
  purpose: PurposePlan,
  category: string,
  scope: string,
  told: Told,
  one: Case,
): PairVerdict => {
  const { today, request } = one;
  const name = { purpose: purpose.name, category };
  const pair = pairOf(today, purpose, category, scope);
  const rests = ask(
    'rest',
    { scope, declared: scope.includes('.') },
    factsOfPlace(purpose, request.place),
  );
  const facts = {
    basis: [...new Set(rests.ids.map((id) => id.split('/')[0] ?? ''))].sort(),
    facts: [...standing(pair, told, one)],
    signalled: request.signalled,
  };
  const terms = { sale: purpose.sale, directMarketing: purpose.directMarketing };
  let said = ask('use', terms, { ...facts, yesElsewhere: false });
  // Only silence turns on what was said of other pairs.
  if (said.ids.includes('NEVER_ASKED') && yesElsewhere(purpose, category, scope, told, one))
    said = ask('use', terms, { ...facts, yesElsewhere: true });
  return { ...name, release: said.allowed, reasons: said.ids };
};

/**
 * What should come of a case by docs/decisions/0007: each pair that the field asks for, or
 * NOT_COVERED. All must release.
 */
export const consultOracle = (
  one: Case,
  events: readonly StoredEvent[],
): readonly PairVerdict[] | 'NOT_COVERED' => {
  const { today, request } = one;
  if (!isCovered(today, request.purpose, request.field)) return 'NOT_COVERED';
  const told = { events, said: saidOf(events) };
  const field = today.fields.find((plan) => coordinateOf(plan) === request.field);
  const scope = scopeOfField(today, request.field);
  const categories = new Set(
    (field?.categories ?? []).flatMap((name) => leavesBelow(today.categories, name)),
  );
  return leavesBelow(today.purposes, request.purpose).flatMap((name) => {
    const purpose = today.purposes.find((plan) => plan.name === name);
    if (!purpose) throw new Error(`the plan has no purpose ${name}`);
    return [...categories].map((category) => judgePair(purpose, category, scope, told, one));
  });
};
