import { TlogError } from './tlog-error.ts';

/** Control characters of ASCII that no line may hold; the newline between lines is the caller's. */
const control = /(?![\u007f-\u009f])\p{Cc}/u;

/** Whether a text has ASCII control characters, a newline among them. */
export const hasControls = (text: string): boolean => control.test(text);

/** Whether a key can have that name: not empty, no Unicode spaces, no plus, no control characters. */
export const isKeyName = (name: string): boolean =>
  name !== '' && name.isWellFormed() && !/[\p{White_Space}+]/u.test(name) && !hasControls(name);

/** A name that strangers chose, as one may show it on a terminal. */
export const shownName = (name: string): string => {
  const plain = name.replaceAll(/[\p{C}\p{Zl}\p{Zp}`]/gu, '?');
  return plain.length > 100 ? `${plain.slice(0, 100)}…` : plain;
};

/** The text of bytes in UTF-8, every byte of them. @throws TlogError TLOG_FORMAT when they are not */
export const decodeText = (bytes: Uint8Array): string => {
  try {
    // A byte order mark is part of what was signed.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TlogError('the note is not UTF-8', 'TLOG_FORMAT', { cause });
  }
};

/** A whole number written in one way: decimal digits, no leading zeros; undefined for any other. */
export const parseDecimal = (text: string, most: bigint): bigint | undefined => {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= most ? value : undefined;
};
