import { SaysoError } from '../core/errors.ts';

export type TlogErrorCode =
  'TLOG_HASH' | 'TLOG_PROOF' | 'TLOG_SIGNATURE' | 'TLOG_FORMAT' | 'TLOG_TILE' | 'TLOG_RANGE';

/**
 * 400: what is shown of a transparency log is not what it must be. The message says what, where
 * (leaf, tile path, line) and the mend where there is one. Thrown by `tlog/`.
 */
export class TlogError extends SaysoError {
  constructor(message: string, code: TlogErrorCode, options?: { cause?: unknown }) {
    super(message, { code, status: 400 }, options);
  }
}
