import type { KeyRecord } from './log-state.ts';

/**
 * What is served and written beside a log's tiles, as `log.json`: how it can be followed across
 * changes of its key. Whoever reads it believes none of it without proof.
 */
export interface LogInfoFile {
  readonly origin: string;
  /** Of the newest checkpoint. */
  readonly size: number;
  /** Entries before it may have been taken by retention (tlog-tiles, "minimum index"). */
  readonly minimumIndex: number;
  /** Verifier keys in order; `introduced` is a tlog-proof by the key before. */
  readonly keys: readonly KeyRecord[];
  /** The newest checkpoint that a witness has signed. */
  readonly witnessed: string | null;
  /** The newest of all, so that a reader has one that belongs to these keys. Others may not tell. */
  readonly checkpoint?: string | null;
}

const isKeyRecord = (value: unknown): value is KeyRecord => {
  const { key, introduced } = (value ?? {}) as Partial<KeyRecord>;
  return typeof key === 'string' && (introduced === null || typeof introduced === 'string');
};

/** Reads a `log.json`; `undefined` when it is none. */
export const parseLogInfo = (text: string): LogInfoFile | undefined => {
  let raw: Partial<LogInfoFile> | null;
  try {
    raw = JSON.parse(text) as Partial<LogInfoFile> | null;
  } catch {
    return undefined;
  }
  const { origin, size, minimumIndex, keys, witnessed, checkpoint = null } = raw ?? {};
  const isWhole = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof origin !== 'string' || !isWhole(size) || !isWhole(minimumIndex)) return undefined;
  if (!Array.isArray(keys) || keys.length > 1_000 || !keys.every(isKeyRecord)) return undefined;
  if (witnessed !== null && typeof witnessed !== 'string') return undefined;
  if (checkpoint !== null && typeof checkpoint !== 'string') return undefined;
  return { origin, size, minimumIndex, keys, witnessed, checkpoint };
};
