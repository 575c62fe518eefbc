import type { ConsentInput } from '../core/consent.ts';
import type { LedgerError } from '../core/errors.ts';

/**
 * Why a row was not taken. Holds names of keys, purposes and the like, and never another value: the
 * report may be handed to whoever mends the file.
 */
export interface Refusal {
  readonly reason: string;
  readonly mend?: string;
}

/** What stands on a line of a file, before it is known to mean anything. */
export type FileRecord =
  | { readonly line: number; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly refused: Refusal };

/** What a line of a file says; all of it counts or none. `line` is where it begins, from 1. */
export type ImportRow =
  | { readonly line: number; readonly events: readonly ConsentInput[] }
  | { readonly line: number; readonly refused: Refusal };

/** The ledger's messages say the mend behind a semicolon. */
export const refusalOf = ({ message }: LedgerError): Refusal => {
  const [reason = '', ...mend] = message.replace(/^event \d+: /, '').split('; ');
  return { reason, ...(mend.length > 0 && { mend: mend.join('; ') }) };
};

/** A key as a message may show it: what is no name may be anything, a person's data too. */
export const shownKey = (key: string): string =>
  /^[_A-Za-z][\w.-]{0,63}$/.test(key) ? `\`${key}\`` : 'of another form';
