import type { ConsentInput } from '../core/consent.ts';
import type { NoticeBook } from '../core/notice.ts';
import { resolveConsent } from '../ledger/consent-event.ts';
import type { StoredEvent } from '../ledger/fold-events.ts';
import type { Policy } from '../policy/compile-policy.ts';

const microseconds = (time: Date): number => time.getTime() * 1000;

/**
 * One statement as the ledger would hold it: a line for each of its parts. It is taken as an import
 * is: what was said before is not held against it.
 *
 * @throws LedgerError CONSENT_INVALID as the ledger would
 */
export const resolveStatement = (
  input: ConsentInput & { readonly at: Date },
  policy: Policy,
  book: NoticeBook,
): readonly StoredEvent[] =>
  resolveConsent(input, policy, book).parts.map(
    ({ purposes, categories, origins, declared, recipients, bases }) => ({
      kind: input.kind,
      purposes,
      categories,
      at: microseconds(input.at),
      validUntil: input.validUntil === undefined ? null : microseconds(input.validUntil),
      origins,
      declared,
      recipients,
      bases,
      signal: input.signal ?? null,
      confirmed: input.confirmed === true,
    }),
  );
