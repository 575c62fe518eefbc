/** What went wrong with an answer, in a word that may be logged: it holds nothing of the answer. */
export type RestFailureCode =
  | 'TIMEOUT'
  | 'TOO_MANY_BYTES'
  | 'NOT_JSON'
  | 'WRONG_SHAPE'
  | 'COLUMN_MISSING'
  | 'CANNOT_BE_ASKED'
  | `STATUS_${number}`;

/** Stands behind a `SourceError`, for operators. */
export class RestFailure extends Error {
  readonly code: RestFailureCode;
  constructor(code: RestFailureCode) {
    super(code);
    this.name = 'RestFailure';
    this.code = code;
  }
}
