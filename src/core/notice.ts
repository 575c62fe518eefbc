/** The part of a notice that concerns one leaf purpose. */
export interface NoticePurpose {
  readonly purpose: string;
  /** Leaf categories, sorted. */
  readonly categories: readonly string[];
  /** Origins that a yes under this notice may name, sorted. */
  readonly origins: readonly string[];
  readonly recipients: readonly string[];
  /** Every basis that the purpose has somewhere, sorted. */
  readonly bases: readonly string[];
  /** ISO 8601 duration. */
  readonly retention: string | null;
}

/** The wording of a notice in one language. */
export interface NoticeText {
  readonly title: string;
  readonly text: string;
  /** What the person gains. */
  readonly gain: string;
  /** How to say no, or take a yes back. */
  readonly withdraw: string;
}

/** All that a notice says: what it means, and how it is worded. */
export interface NoticeContent {
  readonly purposes: readonly NoticePurpose[];
  /** By BCP 47 language tag, in the order written; the first is the default. */
  readonly languages: readonly { readonly language: string; readonly text: NoticeText }[];
}

/** A published version. */
export interface Notice extends NoticeContent {
  readonly id: string;
  readonly version: number;
  /** Its position in the ledger. */
  readonly position: number;
  /** `sha256:` and hexadecimal digits, over the RFC 8785 form of everything. */
  readonly contentHash: string;
  /** The same over what it means, without wording. */
  readonly meaningHash: string;
  readonly publishedAt: Date;
  readonly publishedBy: string;
}

/** Every version of every notice, by id, oldest first. */
export type NoticeBook = ReadonlyMap<string, readonly Notice[]>;
