import type { RestTableConfig } from '../../config/config.ts';

export type IdKind = RestTableConfig['ids'];

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The one text of an id, or null for what is none: a person's say-so hangs on the text, so `05`,
 * `5.0` or a number that JavaScript has rounded must not pass for somebody. Capitals in a UUID mean
 * nothing, and PostgreSQL writes small letters.
 */
export const idText = (value: unknown, kind: IdKind): string | null => {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? idText(String(value), kind) : null;
  if (typeof value !== 'string' || value === '') return null;
  if (kind === 'text') return value;
  if (kind === 'number') return /^(0|-?[1-9]\d*)$/.test(value) ? value : null;
  const small = value.toLowerCase();
  return uuid.test(small) ? small : null;
};
