/** What a caller may learn of an error: a stable code, an HTTP status, one line, typed details. */
export interface SaysoErrorShape {
  readonly code: string;
  readonly status: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Base of every error Sayso raises on purpose. The message is one line, lower-case, names in
 * backticks, and holds no personal data: it may be shown to a caller and written to a log.
 */
export class SaysoError extends Error {
  readonly code: string;
  /** HTTP status; also used by the command line to choose its exit code. */
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, shape: SaysoErrorShape, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = shape.code;
    this.status = shape.status;
    this.details = Object.freeze({ ...shape.details });
  }
}

/** One thing wrong in what a data owner or operator wrote: where, what, and the mend. */
export interface Problem {
  /** `file:line:column`, or the name of the setting. */
  readonly where: string;
  readonly what: string;
  readonly mend: string;
}

const listed = (problems: readonly Problem[]): string =>
  problems.map(({ where, what, mend }) => `  ${where}\n    ${what}\n    mend: ${mend}`).join('\n');

/** Start-up stops on these, with all problems together. Thrown by `directives/` and `policy/`. */
export class SchemaError extends SaysoError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`the schema has ${problems.length} problem(s):\n${listed(problems)}`, {
      code: 'SCHEMA_INVALID',
      status: 500,
    });
    this.problems = problems;
  }
}

/** A setting is wrong. Thrown at start by `config/` (and `database/` for its own folder). */
export class ConfigError extends SaysoError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], code = 'CONFIG_INVALID') {
    super(`the configuration has ${problems.length} problem(s):\n${listed(problems)}`, {
      code,
      status: 500,
    });
    this.problems = problems;
  }
}

/** The file of a notice cannot be published. Thrown by `notices/`. */
export class NoticeError extends SaysoError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`the notice has ${problems.length} problem(s):\n${listed(problems)}`, {
      code: 'NOTICE_INVALID',
      status: 400,
    });
    this.problems = problems;
  }
}

/** Documents cannot be registered. Thrown by `operations/`. */
export class OperationsError extends SaysoError {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`the operations have ${problems.length} problem(s):\n${listed(problems)}`, {
      code: 'OPERATIONS_INVALID',
      status: 400,
    });
    this.problems = problems;
  }
}

const notRegistered = {
  // Apollo Client takes 400 and 500 for a server that knows no hashes, and sends texts from then on.
  hash: [404, 'no operation is registered for this client under this hash'],
  text: [403, 'only registered operations are answered here, and this text is none'],
} as const;

/** 404 for a hash, 403 for a text: the calling client has registered no such operation. */
export class NotRegisteredError extends SaysoError {
  constructor(asked: keyof typeof notRegistered) {
    const [status, message] = notRegistered[asked];
    super(`${message}; register it with \`sayso operations push\``, {
      code: 'OPERATION_NOT_REGISTERED',
      status,
    });
  }
}

/** 401: the caller could not be identified. Thrown by `identity/`. */
export class IdentityError extends SaysoError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, { code: 'UNAUTHENTICATED', status: 401 }, options);
  }
}

export type PurposeErrorCode =
  'PURPOSE_MISSING' | 'PURPOSE_UNKNOWN' | 'PURPOSE_CONFLICT' | 'PURPOSE_NOT_ALLOWED';

/** 400 or 403: the purpose is missing, unknown, contradictory, or not in the token's scopes. */
export class PurposeError extends SaysoError {
  /** The purpose that was asked for, when the policy has it; the log keeps it. */
  readonly asked: string | undefined;
  constructor(
    message: string,
    code: PurposeErrorCode,
    allowedPurposes: readonly string[],
    asked?: string,
  ) {
    super(message, {
      code,
      status: code === 'PURPOSE_NOT_ALLOWED' ? 403 : 400,
      details: { allowedPurposes },
    });
    this.asked = asked;
  }
}

/** 400: what the operation asks for is more than one answer may hold. */
export class AnswerTooLargeError extends SaysoError {
  constructor(most: number) {
    super(`the answer would hold more than ${most} objects; ask for fewer with \`first\``, {
      code: 'ANSWER_TOO_LARGE',
      status: 400,
    });
  }
}

/** 429: a client sends documents that it never sent before faster than they are taken. Thrown by `gateway/`. */
export class TooManyNewDocumentsError extends SaysoError {
  /** Whole seconds. */
  readonly retryAfter: number;
  constructor(retryAfter: number) {
    super(
      'too many documents that were not seen before wait to be read; send values as variables, so that the document stays the same',
      { code: 'TOO_MANY_NEW_DOCUMENTS', status: 429 },
    );
    this.retryAfter = retryAfter;
  }
}

/** 401: what is asked needs a person who has signed in a short while ago (RFC 9470). */
export class SignInError extends SaysoError {
  /** Header fields of the answer (RFC 9470, 3). */
  readonly challenge: readonly (readonly [string, string])[];
  /** @param maxAge seconds that may have passed since */
  constructor(maxAge: number) {
    super(
      `this needs a sign-in of the last ${maxAge} seconds (\`auth_time\` in the token): let the person sign in again`,
      { code: 'INSUFFICIENT_USER_AUTHENTICATION', status: 401, details: { maxAge } },
    );
    const value = `Bearer error="insufficient_user_authentication", max_age="${maxAge}"`;
    this.challenge = [['www-authenticate', value]];
  }
}

/** 403: a request-level rule refused a root field. */
export class ForbiddenError extends SaysoError {
  constructor(message: string) {
    super(message, { code: 'FORBIDDEN', status: 403 });
  }
}

/** 400: the operation cannot be planned as asked. Thrown by `policy/`. */
export class PlanError extends SaysoError {
  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message, { code: 'PLAN_REFUSED', status: 400, details });
  }
}

export type LedgerErrorCode =
  | 'CONSENT_INVALID'
  | 'CONSENT_CONFLICT'
  | 'IDEMPOTENCY_CONFLICT'
  | 'CONSENT_MOVED'
  | 'LEDGER_UNAVAILABLE'
  | 'LEDGER_ROLLED_BACK';

const ledgerStatus: Readonly<Record<LedgerErrorCode, number>> = {
  CONSENT_INVALID: 400,
  CONSENT_CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  CONSENT_MOVED: 503,
  LEDGER_UNAVAILABLE: 503,
  LEDGER_ROLLED_BACK: 503,
};

/** The ledger refused an event, or cannot answer; in the second case nothing is released. */
export class LedgerError extends SaysoError {
  constructor(
    message: string,
    code: LedgerErrorCode,
    options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    const { cause, details } = options;
    super(
      message,
      { code, status: ledgerStatus[code], ...(details && { details }) },
      cause === undefined ? undefined : { cause },
    );
  }
}

/** 400: a file cannot be imported as asked. Thrown by `imports/`; a row that is wrong is no error. */
export class ImportError extends SaysoError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, { code: 'IMPORT_INVALID', status: 400 }, options);
  }
}

export type SourceErrorCode = 'SOURCE_TIMEOUT' | 'SOURCE_UNAVAILABLE' | 'SOURCE_TOO_LARGE';

const sourceStatus: Readonly<Record<SourceErrorCode, number>> = {
  SOURCE_TIMEOUT: 504,
  SOURCE_UNAVAILABLE: 502,
  SOURCE_TOO_LARGE: 400,
};

/** A data source did not answer as it must. Its fields are null; others are answered. */
export class SourceError extends SaysoError {
  readonly source: string;
  constructor(message: string, code: SourceErrorCode, source: string, cause?: unknown) {
    super(message, { code, status: sourceStatus[code], details: { source } }, { cause });
    this.source = source;
  }
}

/** More rows than may be read at once; the field is an error rather than cut short in silence. */
export const tooManyRows = (source: string, most: number): SourceError =>
  new SourceError(
    `source \`${source}\` has more than ${most} rows for this field; ask for fewer with \`first\``,
    'SOURCE_TOO_LARGE',
    source,
  );

/** 503: the audit entry could not be made durable, so the answer stays here. */
export class AuditError extends SaysoError {
  /** @param recordedAt the head of a change that stands in the ledger all the same */
  constructor(cause?: unknown, recordedAt?: number) {
    super(
      'the audit log cannot be written, so nothing is released',
      {
        code: 'AUDIT_UNAVAILABLE',
        status: 503,
        ...(recordedAt !== undefined && { details: { recorded: true, head: recordedAt } }),
      },
      { cause },
    );
  }
}
