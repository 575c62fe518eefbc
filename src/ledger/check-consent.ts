import { nearest } from '../core/did-you-mean.ts';
import {
  consentKinds,
  consentSignals,
  isYes,
  origins as allOrigins,
  type ConsentInput,
} from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';

/** The refusal of something stated, naming the item. */
export const invalid = (message: string): LedgerError =>
  new LedgerError(message, 'CONSENT_INVALID');

const shown = (name: string): string =>
  /^[_A-Za-z][_0-9A-Za-z.]{0,127}$/.test(name) ? `\`${name}\`` : 'given';

const known = (what: string, name: string, names: readonly string[]): void => {
  if (names.includes(name)) return;
  const near = nearest(name.slice(0, 64), names);
  const hint =
    near === undefined ? `; there are ${names.join(', ')}` : `; did you mean \`${near}\`?`;
  throw invalid(`the ${what} ${shown(name)} does not exist${hint}`);
};

const earliest = Date.parse('0001-01-01T00:00:00.000Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');

const checkTimes = ({ kind, at, validUntil }: ConsentInput): void => {
  for (const time of [at, validUntil]) {
    if (time === undefined) continue;
    // An invalid date is not within either.
    if (!(time.getTime() >= earliest && time.getTime() <= latest))
      throw invalid('a time is no instant between year 1 and 9999');
  }
  if (validUntil === undefined) return;
  if (!isYes(kind)) throw invalid('`validUntil` belongs to a yes only');
  if (validUntil <= (at ?? new Date())) throw invalid('`validUntil` is not after the yes');
};

const isText = (text: string, longest: number): boolean =>
  text.length <= longest && !text.includes('\0') && text.isWellFormed();

const checkTexts = ({ actor, evidence, idempotencyKey, seen }: ConsentInput): void => {
  if (actor !== undefined && !isText(actor, 256))
    throw invalid('the actor is over 256 characters, or not text');
  if (evidence !== undefined && !isText(evidence, 1_024))
    throw invalid('`evidence` is over 1,024 characters, or not text');
  if (idempotencyKey !== undefined && (idempotencyKey === '' || !isText(idempotencyKey, 128)))
    throw invalid('`idempotencyKey` is empty, over 128 characters, or not text');
  if (seen !== undefined && !(Number.isSafeInteger(seen) && seen >= 0))
    throw invalid('`seen` is no position of the ledger');
};

const checkKind = ({ kind, method, signal, confirmed }: ConsentInput): void => {
  // Persons are erased by erasing them, which does more than say so.
  const sayable = consentKinds.filter((one) => one !== 'erased');
  if (!sayable.some((one) => one === kind))
    throw invalid(`the kind is none of ${sayable.join(', ')}`);
  if (!/^[a-z0-9-]{1,64}$/.test(method)) throw invalid('`method` is not 1 to 64 of a-z, 0-9 and -');
  if (signal !== undefined && (!consentSignals.includes(signal) || kind !== 'refused'))
    throw invalid(`a signal is one of ${consentSignals.join(', ')} and refuses`);
  if (confirmed === true && !isYes(kind)) throw invalid('`confirmed` belongs to a yes only');
};

const checkNames = (input: ConsentInput, policy: Policy): void => {
  const { purposeTree, categoryTree, types } = policy.model;
  if (!types.get(input.subject.type)?.person) {
    known(
      'subject type',
      input.subject.type,
      [...types.values()].filter((t) => t.person).map((t) => t.name),
    );
  }
  if (input.purpose !== undefined) known('purpose', input.purpose, purposeTree.names);
  else if (isYes(input.kind)) throw invalid('a yes names the purpose it is for');
  for (const category of input.categories ?? []) known('category', category, categoryTree.names);
  for (const origin of input.origins ?? []) known('origin', origin, allOrigins);
  const declared = [...types.values()]
    .filter((type) => type.declared)
    .flatMap((type) => [...type.fields.values()].map(({ coordinate }) => coordinate));
  for (const coordinate of input.declared ?? []) known('declared field', coordinate, declared);
  for (const name of ['categories', 'origins', 'declared'] as const) {
    if (input[name]?.length === 0) throw invalid(`\`${name}\` is empty; leave it out to mean all`);
  }
  if (input.declared && input.origins)
    throw invalid('name `origins` or `declared` fields, not both');
};

const isBinding = (basis: string): boolean => basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION';

/**
 * Whether nothing that anybody says changes what a purpose may use: all of it rests on a contract or
 * a law, wherever the person lives, and none of it is direct marketing.
 */
export const isBeyondSay = (purpose: string | undefined, policy: Policy): boolean => {
  if (purpose === undefined || !policy.model.purposeTree.has(purpose)) return false;
  const leaves = policy.model.purposeTree.leavesOf(purpose);
  const pairs = policy.pairs.filter((pair) => leaves.includes(pair.purpose));
  return (
    pairs.length > 0 &&
    pairs.every(
      ({ basis, places, directMarketing }) =>
        !directMarketing && isBinding(basis) && [...places.values()].every(isBinding),
    )
  );
};

/**
 * Tells a person who objects where an objection does not count. One that comes otherwise is kept:
 * it says what somebody wants, and counts should the basis change.
 *
 * @throws LedgerError CONSENT_INVALID
 */
export const demandObjectable = ({ kind, purpose }: ConsentInput, policy: Policy): void => {
  if (kind !== 'objected' || !isBeyondSay(purpose, policy)) return;
  const leaves = policy.model.purposeTree.leavesOf(purpose ?? '');
  const pairs = policy.pairs.filter((pair) => leaves.includes(pair.purpose));
  throw invalid(
    `\`${purpose ?? ''}\` rests on ${[...new Set(pairs.map(({ basis }) => basis))].join(' and ')}, against which an objection does not count`,
  );
};

/**
 * Checks each thing that somebody states by itself: kind, names, times, texts.
 * @throws LedgerError CONSENT_INVALID naming the item
 */
export const checkConsent = (input: ConsentInput, policy: Policy): void => {
  checkKind(input);
  checkNames(input, policy);
  checkTimes(input);
  checkTexts(input);
};
