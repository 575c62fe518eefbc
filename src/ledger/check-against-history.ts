import { isAsking, isYes, type ConsentInput } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { ConsentPart } from './consent-event.ts';
import { foldEvents, gpcSeen, pairsOf, State, wordOf } from './fold-events.ts';
import type { PositionedEvent } from './stored-events.ts';

const conflict = (message: string, head: number): LedgerError =>
  new LedgerError(message, 'CONSENT_CONFLICT', { details: { head } });

/** Whether what is said now must be held against what its person said before. */
export const mindsHistory = ({ kind, at, seen }: ConsentInput): boolean =>
  seen !== undefined || (isYes(kind) && at === undefined);

/**
 * Holds a yes against what its person said before: it must not override a no that came after the
 * choice was shown, nor a signal that the person was not asked about; and a renewal needs something
 * to renew.
 *
 * @param events what the person said, read while nothing can be appended
 * @param head the ledger's position at that moment
 * @throws LedgerError CONSENT_CONFLICT (409), or CONSENT_INVALID for a renewal of nothing
 */
export const checkAgainstHistory = (
  input: ConsentInput,
  parts: readonly ConsentPart[],
  events: readonly PositionedEvent[],
  head: number,
  policy: Policy,
): void => {
  const { kind, at, seen } = input;
  if (seen !== undefined && seen > head)
    throw new LedgerError(
      '`seen` is a position that the ledger has not reached',
      'CONSENT_INVALID',
    );
  if (!isYes(kind)) return;
  const wanted = parts.flatMap((part) =>
    pairsOf({ ...part, kind, at: 0, validUntil: null }, policy),
  );
  const indices = new Set(wanted.map(({ index }) => index));
  if (seen !== undefined) {
    const later = events.find(
      (event) =>
        event.position > seen &&
        !isYes(event.kind) &&
        !isAsking(event.kind) &&
        pairsOf(event, policy).some(({ index }) => indices.has(index)),
    );
    if (later)
      throw conflict(
        'a no was said after this choice was shown: show the choice again, as it stands now',
        head,
      );
  }
  if (at !== undefined) return;
  const { states } = foldEvents(events, policy);
  if (
    input.confirmed !== true &&
    wanted.some(({ index, sale }) => sale && ((states[index] ?? 0) & gpcSeen) !== 0)
  ) {
    throw conflict(
      'the Global Privacy Control signal of this person says no to it: ask whether they say yes all the same, and send `confirmed: true`',
      head,
    );
  }
  if (kind !== 'renewed') return;
  const standing = wanted.some(({ index }) => wordOf(states[index] ?? 0) === State.given);
  if (!standing)
    throw new LedgerError(
      'there is no yes to renew, expired or not: give one instead',
      'CONSENT_INVALID',
    );
};
