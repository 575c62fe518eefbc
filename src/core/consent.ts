/**
 * Kinds of consent event, after the consent states of the Data Privacy Vocabulary 2.3. That a yes has
 * expired is judged when it is read and is never an event. `erased` ends what is known of a number.
 */
export const consentKinds = [
  'given',
  'renewed',
  'refused',
  'withdrawn',
  'revoked',
  'objected',
  'requested',
  'deferred',
  'erased',
] as const;
export type ConsentKind = (typeof consentKinds)[number];

/** The kinds that are a yes. */
export const isYes = (kind: string): kind is 'given' | 'renewed' =>
  kind === 'given' || kind === 'renewed';

/** The kinds that say nothing about what may be used: the person was asked, or put the answer off. */
export const isAsking = (kind: string): kind is 'requested' | 'deferred' =>
  kind === 'requested' || kind === 'deferred';

/** Who gave the data. */
export const origins = ['ZERO_PARTY', 'FIRST_PARTY', 'SECOND_PARTY', 'THIRD_PARTY'] as const;
export type Origin = (typeof origins)[number];

/** Signals that a machine sends and that count as a person's word. */
export const consentSignals = ['GPC'] as const;
export type ConsentSignal = (typeof consentSignals)[number];

/** A data subject as the sources know them: the SDL's `@subject` type and the key in its table. */
export interface SubjectRef {
  readonly type: string;
  readonly id: string;
}

/** The notice that a person was shown. */
export interface NoticeRef {
  readonly id: string;
  /** The current one when absent. */
  readonly version?: number | undefined;
  /** BCP 47; the notice's first language when absent. */
  readonly language?: string | undefined;
}

/** A consent event as somebody states it, before the ledger has numbered and resolved it. */
export interface ConsentInput {
  readonly subject: SubjectRef;
  readonly kind: ConsentKind;
  /** May be absent on a no, which then is a no to everything. */
  readonly purpose?: string | undefined;
  /** Names from the enum `Category`; absent means all that the purpose covers. */
  readonly categories?: readonly string[] | undefined;
  /** What a yes names: ZERO_PARTY and FIRST_PARTY when absent. What a no is about: all when absent. */
  readonly origins?: readonly Origin[] | undefined;
  /** Coordinates of declared fields that the event is about, and nothing else then. */
  readonly declared?: readonly string[] | undefined;
  readonly notice?: NoticeRef | undefined;
  /** How it came about, such as `web-form` or `import`; at most 64 characters of `[a-z0-9-]`. */
  readonly method: string;
  /** Client or agent who recorded it. The subject themself when absent. */
  readonly actor?: string | undefined;
  /** When it was said; the database's clock when absent. */
  readonly at?: Date | undefined;
  /** First instant at which a yes no longer counts. */
  readonly validUntil?: Date | undefined;
  readonly signal?: ConsentSignal | undefined;
  /** The person said yes knowing that a signal of theirs says otherwise. */
  readonly confirmed?: boolean | undefined;
  /** Where proof of it is kept, such as an address or a hash; at most 1,024 characters. */
  readonly evidence?: string | undefined;
  /** The ledger's position at which the choice was shown; a yes is refused when a no came since. */
  readonly seen?: number | undefined;
  /** At most 128 characters; the same statement under the same key is recorded once. */
  readonly idempotencyKey?: string | undefined;
}
