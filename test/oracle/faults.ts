import { isYes } from '../../src/core/consent.ts';
import type { StoredEvent } from '../../src/ledger/fold-events.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import type { Policies, Product } from './product.ts';

/** A way to be wrong. */
export type Fault = (product: Product, policies: Policies) => Product;

const onEvents =
  (change: (event: StoredEvent, policies: Policies) => StoredEvent): Fault =>
  (product, policies) => ({
    ...product,
    foldEvents: (events, policy) =>
      product.foldEvents(
        events.map((event) => change(event, policies)),
        policy,
      ),
  });

const onYes = (change: Partial<StoredEvent>): Fault =>
  onEvents((event) => (isYes(event.kind) ? { ...event, ...change } : event));

const without = <N extends { readonly replacedBy?: string }>(
  nodes: ReadonlyMap<string, N>,
): ReadonlyMap<string, N> =>
  new Map(
    [...nodes].map(([name, node]) => {
      const copy: { replacedBy?: string } & N = { ...node };
      delete copy.replacedBy;
      return [name, copy];
    }),
  );

const withoutReplacements = (policy: Policy): Policy => ({
  ...policy,
  model: {
    ...policy.model,
    purposes: without(policy.model.purposes),
    categories: without(policy.model.categories),
  },
});

/** Faults that the comparison must find, by name. */
export const faults: Readonly<Record<string, Fault>> = {
  'a tie goes to the yes': onEvents((event) =>
    isYes(event.kind) ? { ...event, at: event.at + 0.25 } : event,
  ),
  'a yes counts one microsecond too long': onEvents((event) => ({
    ...event,
    validUntil: event.validUntil === null ? null : event.validUntil + 1,
  })),
  'an ordinary later yes lifts the signal': onYes({ confirmed: true }),
  'a confirmed yes lifts later signals too': (product) => ({
    ...product,
    foldEvents: (events, policy) => {
      const at = Math.min(...events.flatMap((one) => (one.signal === 'GPC' ? one.at : [])));
      const first = events.map((one) => (one.signal === 'GPC' ? { ...one, at } : one));
      return product.foldEvents(first, policy);
    },
  }),
  'an inner purpose needs one leaf': (product) => ({
    ...product,
    decideCoordinate: (policy, guard, purpose, permitted) => {
      const leaves = policy.model.purposeTree.leavesOf(purpose ?? '');
      return product.decideCoordinate(policy, guard, leaves[0], permitted);
    },
  }),
  'a no leaves out what came later': onEvents((event, { before }) => {
    if (isYes(event.kind)) return event;
    const { purposeTree } = before.model;
    const named = event.purposes.length === 0 ? purposeTree.names : event.purposes;
    const then = named.flatMap((name) =>
      purposeTree.has(name) ? purposeTree.leavesOf(name) : [name],
    );
    return { ...event, purposes: then };
  }),
  'an ordinary yes is one to bought data': onEvents((event) =>
    isYes(event.kind) && !event.origins?.length && !event.declared?.length
      ? { ...event, origins: ['FIRST_PARTY', 'SECOND_PARTY', 'THIRD_PARTY'] }
      : event,
  ),
  'a no ends with what it named': (product) => ({
    ...product,
    foldEvents: (events, policy) => product.foldEvents(events, withoutReplacements(policy)),
  }),
  'a yes outlives a new recipient': onYes({ recipients: ['Ads', 'Bank', 'Post'] }),
  'an acceptance is consent': onYes({ bases: ['CONSENT'] }),
  'what is said later takes back an erasure': onEvents((event) =>
    event.kind === 'erased' ? { ...event, kind: 'revoked' } : event,
  ),
  'a lost purpose loses its no': (product) => ({
    ...product,
    foldEvents: (events, policy) => {
      const { purposeTree } = policy.model;
      const left = events.map((event) => ({
        ...event,
        purposes: event.purposes.filter((name) => purposeTree.has(name)),
      }));
      // A no that names none would be one to all.
      const kept = left.filter((event, i) => event.purposes.length === events[i]?.purposes.length || event.purposes.length > 0); // prettier-ignore
      return product.foldEvents(kept, policy);
    },
  }),
  'an unknown place has the usual basis': (product) => ({
    ...product,
    basisAt: (basis, places, where) =>
      product.basisAt(basis, places, typeof where === 'string' && where !== '' ? where : 'GB'),
  }),
  'a country forgets its stricter regions': (product) => ({
    ...product,
    basisAt: (basis, places, where) =>
      product.basisAt(
        basis,
        new Map([...places].filter(([code]) => code === where || !code.includes('-'))),
        where,
      ),
  }),
  'the signal in the request is not heard': (product) => ({
    ...product,
    judge: (basis, state, expired, terms) => product.judge(basis, state, expired, terms, false),
  }),
};
