import {
  consentKinds,
  isYes,
  origins as allOrigins,
  type ConsentInput,
  type ConsentKind,
  type Origin,
} from '../../src/core/consent.ts';
import type { StoredEvent } from '../../src/ledger/fold-events.ts';
import { instant, longestHistory, type Case, type Request } from './case.ts';
import { coordinateOf, type NodePlan, type Plan, type PurposePlan } from './plan.ts';
import type { Random } from './random.ts';

/** The steps of time that histories use: few, so that many events share one. */
const steps = 8;

/** A kind that only a later version knows. */
const strange = 'restricted' as ConsentKind;

/** Kinds, each often enough that every reason is reached. */
const kinds: readonly (readonly [ConsentKind, number])[] = [...consentKinds, strange].map(
  (kind) => [
    kind,
    { given: 9, renewed: 2, requested: 1.5, deferred: 1.5, erased: 0.12 }[kind as string] ?? 0.8,
  ],
);

/** The names at and below a name, and above it: what a person may have said instead of it. */
const kinOf = (nodes: readonly NodePlan[], name: string): readonly string[] => {
  const kin = new Set([name]);
  for (let size = 0; size !== kin.size;) {
    size = kin.size;
    for (const node of nodes) {
      if (node.under.some((one) => kin.has(one))) kin.add(node.name);
      if (kin.has(node.name)) for (const one of node.under) kin.add(one);
    }
  }
  return [...kin];
};

interface Aim {
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
}

/** Names for an event: mostly near what is asked, else any, of either policy, or of none. */
const namesFor = (
  random: Random,
  near: readonly string[],
  all: readonly string[],
  most: number,
): readonly string[] => {
  const names = new Set<string>();
  const count = random.between(1, most);
  for (let i = 0; i < count; i++)
    names.add(random.chance(0.03) ? 'GONE' : random.of(random.chance(0.75) ? near : all));
  return [...names];
};

const declaredOf = ({ fields }: Plan): readonly string[] =>
  fields.filter(({ type }) => type === 'Wishes').map(coordinateOf);

const scopeFor = (
  random: Random,
  declared: readonly string[],
  yes: boolean,
): Pick<StoredEvent, 'origins' | 'declared'> => {
  const kind = random.weighted([['none', 5], ['origins', yes ? 3 : 1.2], ['declared', yes ? 2 : 0.6]]); // prettier-ignore
  if (kind === 'origins') return { origins: random.some(allOrigins, random.between(1, 3)) };
  if (kind === 'none') return {};
  return {
    declared: namesFor(random, [...declared, 'Wishes.lost'], [...declared, 'Wishes.lost'], 2),
  };
};

/** What stands beside a yes: whom it told of, on which bases, until when. */
const termsOf = (
  random: Random,
  purposes: readonly PurposePlan[],
  at: number,
): Partial<StoredEvent> => {
  const recipients = purposes.flatMap((purpose) => purpose.recipients);
  return {
    recipients: random.chance(0.8) ? recipients : random.some(['Ads', 'Bank', 'Post'], 1),
    bases: random.weighted<readonly string[] | null>([
      [['CONSENT'], 8],
      [['CONSENT', 'OPT_OUT'], 1],
      [['LEGITIMATE_INTEREST'], 1],
      [['CONTRACT', 'LEGAL_OBLIGATION'], 0.5],
      [null, 1],
    ]),
    validUntil: random.chance(0.5) ? instant(at + random.between(1, 5)) : null,
    confirmed: random.chance(0.3),
  };
};

const eventOf = (random: Random, before: Plan, today: Plan, aim: Aim): StoredEvent => {
  const step = random.between(0, steps);
  const signal = random.chance(0.12);
  const kind = signal ? 'refused' : random.weighted(kinds);
  const yes = isYes(kind);
  // Erasing a person names nothing; whatever else says `erased` must mean no less.
  if (kind === 'erased' && random.chance(0.9))
    return { kind, purposes: [], categories: [], at: instant(step), validUntil: null };
  const all = random.chance(0.5) ? before : today;
  const purposeNames = all.purposes.map(({ name }) => name);
  const categoryNames = all.categories.map(({ name }) => name);
  const few = yes ? 3 : 1;
  const no = { validUntil: null, ...(signal && { signal: 'GPC' as const }) };
  return {
    kind,
    purposes: !yes && random.chance(0.15) ? [] : namesFor(random, aim.purposes, purposeNames, few),
    categories:
      !yes && random.chance(0.3) ? [] : namesFor(random, aim.categories, categoryNames, few + 1),
    at: instant(step),
    ...scopeFor(random, declaredOf(random.chance(0.8) ? today : before), yes),
    ...(yes
      ? { validUntil: null, ...termsOf(random, [...today.purposes, ...before.purposes], step) }
      : no),
  };
};

const inputOf = (random: Random, before: Plan, aim: Aim): ConsentInput => {
  const step = random.between(0, steps);
  const signal = random.chance(0.1);
  const said = random.weighted(kinds);
  const kind = signal || said === 'erased' || said === strange ? 'refused' : said;
  const yes = isYes(kind);
  const known = new Set([...before.purposes, ...before.categories].map(({ name }) => name));
  const near = (names: readonly string[], all: readonly NodePlan[]): readonly string[] => {
    const there = names.filter((name) => known.has(name));
    return there.length > 0 ? there : all.map(({ name }) => name);
  };
  const purposes = near(aim.purposes, before.purposes);
  const categories = near(aim.categories, before.categories);
  const { origins, declared } = scopeFor(random, declaredOf(before), yes);
  const time = (at: number): Date => new Date(instant(at) / 1000);
  return {
    subject: { type: 'Customer', id: '1' },
    method: 'web-form',
    kind,
    at: time(step),
    ...(!random.chance(yes ? 0.01 : 0.15) && { purpose: random.of(purposes) }),
    ...(random.chance(0.5) && { categories: namesFor(random, categories, categories, 3) }),
    ...(origins && { origins: origins as readonly Origin[] }),
    ...(declared && { declared: declared.filter((name) => name !== 'GONE') }),
    ...(signal && { signal: 'GPC' }),
    ...(yes && random.chance(0.3) && { confirmed: true }),
    ...(yes && random.chance(0.5) && { validUntil: time(step + random.between(1, 5)) }),
  };
};

const places = ['US-CA', 'US-CO', 'US-NY', 'US', 'us', 'us-ca', 'CA-QC', 'CA', 'DE', 'DE-BE', 'de', 'FR', ' FR ', 'GB', 'ZZ', 'ZZ-CA', 'California', '', null]; // prettier-ignore

/** Fields and purposes at random; some are tried until the purpose may reach the field. */
const requestOf = (
  random: Random,
  today: Plan,
  covered: (purpose: string, field: string) => boolean,
): Request => {
  const any = (): readonly [string, string] => [
    random.of(today.purposes).name,
    coordinateOf(random.of(today.fields)),
  ];
  let [purpose, field] = any();
  const tries = random.chance(0.06) ? 0 : 12;
  for (let i = 0; i < tries && !covered(purpose, field); i++) [purpose, field] = any();
  return {
    purpose,
    field,
    place: random.of(places),
    signalled: random.chance(0.2),
    now: instant(random.between(2, steps + 4)) + random.weighted([[0, 6], [-1, 1], [1, 1]]), // prettier-ignore
  };
};

/** A random case between these two policies. */
export const generateCase = (
  random: Random,
  before: Plan,
  today: Plan,
  covered: (purpose: string, field: string) => boolean,
): Case => {
  const request = requestOf(random, today, covered);
  const field = today.fields.find((one) => coordinateOf(one) === request.field);
  const aim = {
    purposes: kinOf(today.purposes, request.purpose),
    categories: [
      ...new Set((field?.categories ?? []).flatMap((one) => kinOf(today.categories, one))),
    ],
  };
  const length = random.weighted([[0, 1], [1, 2], [2, 3], [4, 3], [7, 2], [longestHistory, 1]]); // prettier-ignore
  const inputs = random.chance(0.3) ? random.between(1, Math.min(4, Math.max(1, length))) : 0;
  return {
    before,
    today,
    request,
    events: Array.from({ length: Math.max(0, length - inputs) }, () =>
      eventOf(random, before, today, aim),
    ),
    inputs: Array.from({ length: inputs }, () => inputOf(random, before, aim)),
  };
};
