import type { ConsentKind, ConsentSignal, Origin } from '../core/consent.ts';
import type { Basis } from '../directives/basis.ts';
import { nameUuid } from './name-uuid.ts';

/** Who decides about the data, as the operator states it. */
export interface ReceiptController {
  readonly name: string;
  readonly address: string;
  /** Whom to write to: a person, a desk, an address. */
  readonly contact: string;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly url?: string | undefined;
  readonly policyUrl?: string | undefined;
  readonly dataProtectionOfficer?: string | undefined;
  /** How to take a yes back, where the notice does not say it. */
  readonly withdrawal?: string | undefined;
  readonly jurisdiction: string;
  readonly storageLocations: readonly string[];
}

export interface ReceiptCategory {
  readonly name: string;
  readonly description: string | null;
  /** Term of the Data Privacy Vocabulary, such as `dpv-pd:EmailAddress`. */
  readonly dpv: string | null;
  /** Coordinates of declared fields that the event is about; empty when it is about no single one. */
  readonly attributes?: readonly string[];
}

export interface ReceiptPurpose {
  readonly name: string;
  readonly description: string | null;
  readonly gain: string | null;
  readonly dpv: string | null;
  readonly basis: readonly Basis[];
  readonly sale: boolean;
  readonly directMarketing: boolean;
  readonly recipients: readonly string[];
  /** ISO 8601 duration. */
  readonly retention: string | null;
  readonly categories: readonly ReceiptCategory[];
}

/** The notice that the person was shown, in the language that they were shown it in. */
export interface ReceiptNotice {
  readonly id: string;
  readonly version: number;
  readonly language: string;
  /** `sha256:` and hexadecimal digits. */
  readonly contentHash: string;
  readonly title: string;
  readonly text: string;
  /** How to say no, or take a yes back. */
  readonly withdraw: string;
}

/** All that a receipt is written from: one statement of one person, whatever its format. */
export interface ReceiptFacts {
  /** Names the statement: `record` in the ledger. */
  readonly record: string;
  readonly receiptId: string;
  readonly kind: ConsentKind;
  /** The subject's number as text; never the id that a source knows the person by. */
  readonly principal: string;
  readonly at: Date;
  readonly recordedAt: Date;
  readonly validUntil: Date | null;
  readonly purposes: readonly ReceiptPurpose[];
  readonly origins: readonly Origin[];
  readonly notice: ReceiptNotice | null;
  /** `sha256:` and hexadecimal digits; null on events older than this column. */
  readonly policy: string | null;
  readonly method: string;
  readonly actor: string | null;
  readonly signal: ConsentSignal | null;
  readonly confirmed: boolean;
  readonly evidence: string | null;
  /** ISO 3166 code of where the person lives, when it is known. */
  readonly jurisdiction: string | null;
  readonly controller: ReceiptController;
}

/** What a mandatory field says when nobody stated its value: a receipt invents nothing. */
export const notStated = 'not stated';

/** Whether a text says anything. */
export const says = (text: string | null | undefined): text is string =>
  text !== null && text !== undefined && text.trim() !== '';

/** The text, or that it was not stated. */
export const stated = (text: string | null | undefined): string => (says(text) ? text : notStated);

/** The same record has the same receipt id, however often and wherever its receipt is written. */
export const receiptIdOf = (record: string): string => nameUuid(`receipt:${record.toLowerCase()}`);

/** Laws that may apply: where the person lives when that is known, and where the controller answers. */
export const jurisdictionsOf = (facts: ReceiptFacts): readonly [string, ...string[]] => {
  const own = stated(facts.controller.jurisdiction);
  const { jurisdiction } = facts;
  return says(jurisdiction) && jurisdiction !== own ? [jurisdiction, own] : [own];
};
