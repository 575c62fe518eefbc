import { customerFields, orderFields, query } from '../shop.ts';

/** What the flooding client sends, each document once. */
export const floodKinds = ['aliases', 'fresh', 'largest'] as const;
export type FloodKind = (typeof floodKinds)[number];

/** 10,000 aliases in 190 kB: far more tokens than a document may have. */
const tenThousand = Array.from({ length: 10_000 }, (_, n) => `a${100_000 + n}:__typename`).join(
  ' ',
);

/** Tokens that a document may have, and characters of a body; see `config-for.ts`. */
const mostTokens = 2_000;
const bodyCharacters = 250_000;

/** As many fragments as tokens allow: what costs validation most, since each is compared with each. */
const largest = ((): string => {
  // Ten tokens each; the operation around them has fewer than thirty.
  const count = Math.floor((mostTokens - 30) / 10);
  const spreads = Array.from({ length: count }, (_, n) => `...f${n}`).join(' ');
  const fragments = Array.from({ length: count }, (_, n) => `fragment f${n} on Customer{id name}`);
  return `{customers(first:1){nodes{${spreads}}}} ${fragments.join(' ')}`;
})();
/** Comments are no tokens. */
const padded = `${largest}\n#${'x'.repeat(bodyCharacters - largest.length)}`;

const pick = <T>(all: readonly T[]): readonly T[] => {
  const some = all.filter(() => Math.random() < 0.7);
  return some.length > 0 ? some : all.slice(0, 1);
};

let sent = 0;
/** A name that no document had before, whichever process asks. */
const unseen = (): string => `N${process.pid}_${(sent += 1)}`;

/** The body's `query` of one more request. */
export const nextDocument = (kind: FloodKind): string => {
  const name = unseen();
  if (kind === 'aliases') return `query ${name}{${tenThousand}}`;
  if (kind === 'largest') return `query ${name}${padded}`;
  const fields = pick(customerFields).map(([field], n) => `${n < 10 ? `a${n}:` : ''}${field}`);
  const orders = pick(orderFields).map(([field]) => field);
  return `query ${name}{customers(first:1){nodes{${fields.join(' ')} orders{${orders.join(' ')}}}}}`;
};

/** What the steady callers send: the bench's own query for one customer. */
export const steadyBody = JSON.stringify({ query, variables: { first: 1 } });
