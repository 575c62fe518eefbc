/** A place in a document, both from 1, as graphql-js has it. */
export interface DocumentPlace {
  readonly line: number;
  readonly column: number;
}

/** A document as it was read: its exact text, and where it stands. */
export interface DocumentText {
  readonly text: string;
  /** How a place in it is told to people, `file:line:column`; the document itself without one. */
  readonly where: (at?: DocumentPlace) => string;
  /** What a manifest has it under, meant to be its hash. */
  readonly named?: string;
}
