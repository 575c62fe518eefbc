import {
  isAsking,
  isYes,
  type ConsentKind,
  type ConsentSignal,
  type Origin,
} from '../core/consent.ts';
import type { Basis } from '../directives/basis.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';
import { isDeclared, scopeOfOrigin, type SayScope } from '../policy/model.ts';
import { successorsOf } from './successors.ts';

/**
 * What a person last said of one pair: the low half of a byte, the higher the stricter among those
 * that are a word. `noted` and `putOff` and `outgrown` stand where there is no word at all.
 */
export const State = {
  none: 0,
  given: 1,
  /** A yes given while nobody's consent was needed: it lifts a no and is no consent. */
  accepted: 2,
  refused: 3,
  withdrawn: 4,
  objected: 5,
  revoked: 6,
  erased: 7,
  /** No word. Was asked. */
  requested: 8,
  /** No word. Put the answer off. */
  deferred: 9,
  /** No word that counts for this pair, but one for its neighbours or its past. */
  notListed: 10,
  /** What a later version wrote: nothing that judging takes for a yes. */
  unknown: 15,
} as const;
export type State = (typeof State)[keyof typeof State];

/** The word within a state byte. */
export const wordOf = (state: number): number => state & 0x0f;
/** The Global Privacy Control signal is in the ledger for this pair. */
export const gpcSeen = 0x10;
/** A yes stands that was said in knowledge of the signal, and after every one in the ledger. */
export const gpcOverridden = 0x20;

/** One event as the database holds it. Times are whole microseconds since 1970. */
export interface StoredEvent {
  readonly kind: ConsentKind;
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
  readonly at: number;
  readonly validUntil: number | null;
  readonly origins?: readonly string[];
  readonly declared?: readonly string[];
  /** Told to the person with a yes. */
  readonly recipients?: readonly string[];
  /** Bases of the purpose when a yes was given; null where not known. */
  readonly bases?: readonly string[] | null;
  readonly signal?: ConsentSignal | null;
  readonly confirmed?: boolean;
}

/** Per pair: the state, and from when on a yes no longer counts (absent: never). */
export interface FoldedStates {
  readonly states: Uint8Array;
  readonly expiry: ReadonlyMap<number, number>;
}

const restsOnYes = (basis: Basis): boolean => basis === 'CONSENT';

/** A no to something that the policy no longer names must not be lost. */
const standsWithoutYes = ({ basis, places }: Pair): boolean =>
  !restsOnYes(basis) || [...places.values()].some((other) => !restsOnYes(other));

const scopesNamed = ({ origins = [], declared = [] }: StoredEvent): readonly SayScope[] =>
  declared.length > 0
    ? declared
    : [...new Set(origins.map((origin) => scopeOfOrigin(origin as Origin)))];

/** The pairs that a yes lists: exactly the leaves, in the scopes it names. */
const listedPairs = (event: StoredEvent, policy: Policy): readonly Pair[] => {
  const named = scopesNamed(event);
  const scopes = named.length === 0 ? ['FIRST_PARTY'] : named;
  return event.purposes.flatMap((purpose) =>
    event.categories.flatMap((category) =>
      scopes.flatMap((scope) => policy.pairOf(purpose, category, scope) ?? []),
    ),
  );
};

const empty: readonly string[] = [];

/**
 * The pairs that a no speaks of: everything at or below the nodes it names and what took their
 * place. Where the policy has lost a purpose, every pair that would be released without a yes.
 */
const reachedPairs = (event: StoredEvent, policy: Policy): readonly Pair[] => {
  const { purposeTree, categoryTree } = policy.model;
  const { purposes, categories } = successorsOf(policy.model);
  const lost = event.purposes.some((name) => !purposeTree.has(name));
  const reached = new Set(event.purposes.flatMap((name) => purposes.get(name) ?? empty));
  const everyPurpose = event.purposes.length === 0;
  const everyCategory =
    event.categories.length === 0 || event.categories.some((name) => !categoryTree.has(name));
  const within = new Set(event.categories.flatMap((name) => categories.get(name) ?? empty));
  const scopes = scopesNamed(event);
  // What somebody declared is data of origin ZERO_PARTY.
  const toDeclared = event.origins?.includes('ZERO_PARTY') === true;
  const inScope = ({ scope }: Pair): boolean =>
    scopes.length === 0 || scopes.includes(scope) || (toDeclared && isDeclared(scope));
  return policy.pairs.filter(
    (pair) =>
      inScope(pair) &&
      (((everyPurpose || reached.has(pair.purpose)) &&
        (everyCategory || within.has(pair.category))) ||
        (lost && standsWithoutYes(pair))),
  );
};

/** The pairs of today's policy that an event speaks of. */
export const pairsOf = (event: StoredEvent, policy: Policy): readonly Pair[] =>
  isYes(event.kind) ? listedPairs(event, policy) : reachedPairs(event, policy);

const stateOf: Readonly<Record<string, number | undefined>> = {
  given: State.given,
  renewed: State.given,
  refused: State.refused,
  withdrawn: State.withdrawn,
  revoked: State.revoked,
  objected: State.objected,
  requested: State.requested,
  deferred: State.deferred,
  erased: State.erased,
} satisfies Record<ConsentKind, State>;

/** Folds one person's events in whatever order they come. */
class Fold {
  readonly policy: Policy;
  readonly states: Uint8Array;
  readonly expiry = new Map<number, number>();
  readonly #newest: Float64Array;
  /** Of a standing yes: whether it was said in knowledge of a signal. */
  readonly #confirmed: Uint8Array;
  /** When the newest signal was sent: an older one beside it must not weaken it. */
  readonly #signalled: Float64Array;
  readonly #asked: Uint8Array;
  readonly #askedAt: Float64Array;
  readonly #outgrown: Uint8Array;

  constructor(policy: Policy) {
    const { length } = policy.pairs;
    this.policy = policy;
    this.states = new Uint8Array(length);
    this.#newest = new Float64Array(length).fill(-Infinity);
    this.#confirmed = new Uint8Array(length);
    this.#signalled = new Float64Array(length).fill(-Infinity);
    this.#asked = new Uint8Array(length);
    this.#askedAt = new Float64Array(length).fill(-Infinity);
    this.#outgrown = new Uint8Array(length);
  }

  add(event: StoredEvent): void {
    if (event.signal != null) this.#signal(event);
    else if (isYes(event.kind)) this.#yes(event);
    else if (isAsking(event.kind)) this.#ask(event);
    else this.#no(event);
  }

  #signal(event: StoredEvent): void {
    for (const { index, sale } of reachedPairs(event, this.policy)) {
      if (sale) this.#signalled[index] = Math.max(this.#signalled[index] ?? -Infinity, event.at);
    }
  }

  #ask(event: StoredEvent): void {
    const said = stateOf[event.kind] ?? State.unknown;
    for (const { index } of reachedPairs(event, this.policy)) {
      const before = this.#askedAt[index] ?? -Infinity;
      if (event.at < before) continue;
      this.#asked[index] = event.at === before ? Math.max(this.#asked[index] ?? 0, said) : said;
      this.#askedAt[index] = event.at;
    }
  }

  #yes(event: StoredEvent): void {
    const { purposes } = this.policy.model;
    const told = new Set(event.recipients);
    const said = event.bases && !event.bases.includes('CONSENT') ? State.accepted : State.given;
    for (const { index, purpose } of listedPairs(event, this.policy)) {
      if (purposes.get(purpose)?.recipients.every((one) => told.has(one)) !== true) {
        this.#outgrown[index] = 1;
        continue;
      }
      const before = this.#newest[index] ?? -Infinity;
      if (event.at < before) continue;
      const until = event.validUntil ?? Infinity;
      const confirmed = event.confirmed === true ? 1 : 0;
      if (event.at > before) {
        this.#newest[index] = event.at;
        this.states[index] = said;
        this.#confirmed[index] = confirmed;
        this.#end(index, until);
        continue;
      }
      // Of one instant: a no stands, and of two yeses what is weaker of each.
      const other = this.states[index] ?? State.none;
      if (other !== State.given && other !== State.accepted) continue;
      this.states[index] = Math.max(said, other);
      this.#confirmed[index] = Math.min(confirmed, this.#confirmed[index] ?? 0);
      this.#end(index, Math.min(until, this.expiry.get(index) ?? Infinity));
    }
  }

  #no(event: StoredEvent): void {
    const said = stateOf[event.kind] ?? State.unknown;
    const forever = event.kind === 'erased';
    // Whatever it names: of somebody who was erased nothing is known.
    const reached = forever ? this.policy.pairs : reachedPairs(event, this.policy);
    for (const { index } of reached) {
      const before = this.#newest[index] ?? -Infinity;
      if (event.at < before && !forever) continue;
      const tie = event.at === before && !forever;
      this.#newest[index] = forever ? Infinity : event.at;
      this.states[index] = tie ? Math.max(said, this.states[index] ?? State.none) : said;
      this.expiry.delete(index);
    }
  }

  #end(index: number, until: number): void {
    if (until < Infinity) this.expiry.set(index, until);
    else this.expiry.delete(index);
  }

  finish(): FoldedStates {
    const agreed = new Set<string>();
    for (const { index, purpose } of this.policy.pairs) {
      if (this.states[index] === State.given) agreed.add(purpose);
    }
    for (const { index, purpose } of this.policy.pairs) {
      let state = this.states[index] ?? State.none;
      if (state === State.none) {
        state = this.#asked[index] ?? State.none;
        if (state === State.none && (this.#outgrown[index] === 1 || agreed.has(purpose)))
          state = State.notListed;
      }
      const signalled = this.#signalled[index] ?? -Infinity;
      const confirmed = state === State.given && this.#confirmed[index] === 1;
      if (signalled > -Infinity) state |= gpcSeen;
      if (confirmed && (this.#newest[index] ?? -Infinity) > signalled) state |= gpcOverridden;
      this.states[index] = state;
    }
    return { states: this.states, expiry: this.expiry };
  }
}

/** Folds one subject's events, in any order (docs/decisions/0007-what-a-word-means.md). */
export const foldEvents = (events: readonly StoredEvent[], policy: Policy): FoldedStates => {
  const fold = new Fold(policy);
  for (const event of events) fold.add(event);
  return fold.finish();
};
