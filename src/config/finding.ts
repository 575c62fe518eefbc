import type { KeyPath } from './config-document.ts';

/** A problem before its place is known. */
export interface Finding {
  readonly path: KeyPath;
  readonly at?: 'key' | 'value';
  readonly what: string;
  readonly mend: string;
}

/** A mapping of the file as it came. */
export type Raw = Readonly<Record<string, unknown>>;
export const isRaw = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** A mapping within another; an empty one where there is none. */
export const section = (raw: unknown, key: string): Raw => {
  const value = isRaw(raw) && Object.hasOwn(raw, key) ? raw[key] : undefined;
  return isRaw(value) ? value : {};
};
