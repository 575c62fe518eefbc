import type { ConsentKind } from '../core/consent.ts';
import type { Basis } from '../directives/basis.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';

/** What a person last said of one pair, in a byte. */
export const State = { none: 0, given: 1, refused: 2, withdrawn: 3, objected: 4 } as const;
export type State = (typeof State)[keyof typeof State];

/** One event as the database holds it. Times are whole microseconds since 1970. */
export interface StoredEvent {
  readonly kind: ConsentKind;
  readonly purposes: readonly string[];
  readonly categories: readonly string[];
  readonly at: number;
  readonly validUntil: number | null;
}

/** Per pair: the state, and from when on a grant no longer counts (absent: never). */
export interface FoldedStates {
  readonly states: Uint8Array;
  readonly expiry: ReadonlyMap<number, number>;
}

const restsOnYes = (basis: Basis): boolean => basis === 'CONSENT';

/** A no to something that the policy no longer names must not be lost. */
const standsWithoutYes = ({ basis, places }: Pair): boolean =>
  !restsOnYes(basis) || [...places.values()].some((other) => !restsOnYes(other));

/**
 * Rule 4: the pairs that an event speaks of. A grant counts for exactly the leaves it lists. A no
 * counts for everything below the nodes it names; where the policy has lost such a name, for
 * every pair that would be released without a yes.
 */
const pairsOf = (event: StoredEvent, policy: Policy): readonly Pair[] => {
  if (event.kind === 'given') {
    return event.purposes.flatMap((purpose) =>
      event.categories.flatMap((category) => policy.pairOf(purpose, category) ?? []),
    );
  }
  const { purposeTree, categoryTree } = policy.model;
  const lost = event.purposes.some((name) => !purposeTree.has(name));
  const purposes = new Set(
    event.purposes.flatMap((name) => (purposeTree.has(name) ? purposeTree.leavesOf(name) : [])),
  );
  const all = event.categories.length === 0 || event.categories.some((c) => !categoryTree.has(c));
  const categories = new Set(
    event.categories.flatMap((name) => (categoryTree.has(name) ? categoryTree.leavesOf(name) : [])),
  );
  return policy.pairs.filter(
    (pair) =>
      (purposes.has(pair.purpose) && (all || categories.has(pair.category))) ||
      (lost && standsWithoutYes(pair)),
  );
};

/** What a kind that a later version wrote becomes: nothing that judging takes for a yes. */
const unknownState = 255;
const stateOf: Readonly<Record<string, number | undefined>> = State satisfies Record<
  ConsentKind,
  State
>;

/** Folds one subject's events, in any order: per pair the newest wins, and at a tie the no. */
export const foldEvents = (events: readonly StoredEvent[], policy: Policy): FoldedStates => {
  const states = new Uint8Array(policy.pairs.length);
  const newest = new Float64Array(policy.pairs.length).fill(-Infinity);
  const expiry = new Map<number, number>();
  for (const event of events) {
    for (const { index } of pairsOf(event, policy)) {
      const before = newest[index] ?? -Infinity;
      const tie = event.at === before;
      if (event.at < before) continue;
      if (tie && event.kind === 'given') {
        // Two grants of one instant: the shorter one; a no of the same instant stands.
        if (states[index] !== State.given) continue;
        const until = Math.min(expiry.get(index) ?? Infinity, event.validUntil ?? Infinity);
        if (until < Infinity) expiry.set(index, until);
        continue;
      }
      newest[index] = event.at;
      const said = stateOf[event.kind] ?? unknownState;
      // Of two noes of one instant always the same one, in whatever order they come.
      const other = tie ? (states[index] ?? State.none) : State.none;
      states[index] = other === State.given ? said : Math.max(said, other);
      expiry.delete(index);
      if (event.validUntil !== null) expiry.set(index, event.validUntil);
    }
  }
  return { states, expiry };
};
