import { createHash } from 'node:crypto';
import type { ConsentInput } from '../../src/core/consent.ts';
import { createSubjectSeal } from '../../src/ledger/subject-seal.ts';

export const subjectType = 'Customer';

/** Persons of the bench are sealed as all are; their key need not be a secret. */
export const subjectKey = Buffer.alloc(32, 'bench');
export const seal = createSubjectSeal(subjectKey);

/**
 * The id of the person who came as the nth, in the form of a UUID: longer than most keys, so that
 * what is measured of ids is no smaller than in practice.
 */
export const idOf = (n: number): string =>
  createHash('md5')
    .update(String(n))
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** One of a hundred things that persons say, as they are weighed in the ledger that is measured. */
export type Saying = Omit<ConsentInput, 'subject' | 'method'>;

const leaves = [
  'SUGGEST',
  'GREET',
  'LOYALTY',
  'NEWSLETTER',
  'CALLS',
  'FULFILMENT',
  'PREVENT_FRAUD',
  'ADVERTISING',
];

const each = (kind: ConsentInput['kind'], times: number, purposes = leaves): readonly Saying[] =>
  Array.from({ length: times }, (_, i) => ({ kind, purpose: purposes[i % purposes.length] }));

/** A hundred: about six in ten are a yes, one in four a no, the rest only asks or names less. */
export const sayings: readonly Saying[] = [
  ...each('given', 48),
  { kind: 'given', purpose: 'SUGGEST', categories: ['PURCHASES'] },
  { kind: 'given', purpose: 'LOYALTY', categories: ['PURCHASES', 'EMAIL'] },
  { kind: 'given', purpose: 'NEWSLETTER', categories: ['EMAIL'] },
  { kind: 'given', purpose: 'ADVERTISING', categories: ['BROWSING'] },
  ...each('renewed', 8),
  ...each('refused', 12),
  { kind: 'refused', purpose: 'PERSONAL' },
  { kind: 'refused', purpose: 'ADVERTISING', signal: 'GPC' },
  ...each('withdrawn', 10),
  { kind: 'withdrawn', purpose: 'OUTREACH' },
  { kind: 'withdrawn', purpose: 'SUGGEST', categories: ['LOCATION'] },
  ...each('objected', 5, ['NEWSLETTER', 'CALLS', 'PREVENT_FRAUD']),
  { kind: 'revoked' },
  ...each('requested', 5),
  ...each('deferred', 3),
];

/** What nobody is refused whatever they said before: a signal stands against a purpose of sale. */
export const sayableNow = leaves.filter((purpose) => purpose !== 'ADVERTISING');
