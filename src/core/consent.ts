/** The four kinds of event the ledger's first form knows; a reading past `validUntil` is a fifth state, never an event. */
export const consentKinds = ['given', 'refused', 'withdrawn', 'objected'] as const;
export type ConsentKind = (typeof consentKinds)[number];

/** A data subject as the sources know them: the SDL's `@subject` type and the key in its table. */
export interface SubjectRef {
  readonly type: string;
  readonly id: string;
}

/** A consent event as somebody states it, before the ledger has numbered and resolved it. */
export interface ConsentInput {
  readonly subject: SubjectRef;
  readonly kind: ConsentKind;
  readonly purpose: string;
  /** Names from the enum `Category`; absent means all that the purpose covers. */
  readonly categories?: readonly string[] | undefined;
  /** How it came about, such as `web-form` or `import`; at most 64 characters of `[a-z0-9-]`. */
  readonly method: string;
  /** Client or agent who recorded it. The subject themself when absent. */
  readonly actor?: string | undefined;
  /** When it was said; the database's clock when absent. */
  readonly at?: Date | undefined;
  /** First instant at which a grant no longer counts. */
  readonly validUntil?: Date | undefined;
}
