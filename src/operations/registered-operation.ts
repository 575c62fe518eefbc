/** A document that may be registered: valid, of one operation, with its purpose known. */
export interface OperationDraft {
  /** SHA-256 of the exact text in UTF-8, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly document: string;
  /** The operation's name, where it has one. */
  readonly operation: string | undefined;
  /** What it runs for; none where it touches no personal data. */
  readonly purpose: string | undefined;
}

/** A row of the table `registered_operation`. */
export interface RegisteredOperation extends OperationDraft {
  readonly client: string;
  /** The policy it was validated against. */
  readonly policy: string;
  readonly registeredAt: Date;
  readonly registeredBy: string;
  /** Absent while it can be asked. */
  readonly removed: { readonly at: Date; readonly by: string } | undefined;
}

/** Whether a text is the SHA-256 of something, as requests and manifests write it. */
export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
