import type { AnswerBuffer } from './answer-buffer.ts';

const quote = 0x22;
const backslash = 0x5c;
const hex = '0123456789abcdef';

/** What JSON.stringify writes for a byte below a blank, and for `"` and `\`. */
const escapes: readonly (Buffer | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const text = JSON.stringify(String.fromCharCode(code)).slice(1, -1);
  return text.length === 1 ? undefined : Buffer.from(text);
});

/** Escaped bytes take up to six. */
const longest = 6;

/**
 * Writes UTF-8 text as the JSON string that `JSON.stringify` makes of it. Whatever is not ASCII goes
 * out as it is: well-formed UTF-8 has no lone surrogates, the one thing that would be escaped.
 */
export const writeText = (
  out: AnswerBuffer,
  from: Uint8Array,
  start: number,
  length: number,
): void => {
  out.room(length + 2);
  let { bytes, at } = out;
  const end = start + length;
  bytes[at++] = quote;
  for (let i = start; i < end; i += 1) {
    const code = from[i] ?? 0;
    if (code >= 0x20 && code !== quote && code !== backslash) {
      bytes[at++] = code;
      continue;
    }
    out.at = at;
    out.room((end - i) * longest + 1);
    ({ bytes } = out);
    const escape = escapes[code];
    if (escape === undefined)
      throw new Error(`no escape for the byte 0x${hex[code >> 4] ?? ''}${hex[code & 15] ?? ''}`);
    for (const one of escape) bytes[at++] = one;
  }
  bytes[at++] = quote;
  out.at = at;
};

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Whether the bytes are `-?` and digits, at most so many, as a whole number is written. */
export const isWhole = (from: Uint8Array, start: number, length: number, most: number): boolean => {
  const first = from[start] === 0x2d ? 1 : 0;
  const digits = length - first;
  if (digits < 1 || digits > most) return false;
  // Neither `007` nor `-0`.
  if (from[start + first] === 0x30) return digits === 1 && first === 0;
  for (let i = first; i < length; i += 1) if (!isDigit(from[start + i] ?? 0)) return false;
  return true;
};

/** Whether the bytes are `-?`, digits, and at most one dot with digits behind it. */
export const isDecimal = (from: Uint8Array, start: number, length: number): boolean => {
  let i = from[start] === 0x2d ? 1 : 0;
  const whole = i;
  while (i < length && isDigit(from[start + i] ?? 0)) i += 1;
  if (i === whole) return false;
  if (i === length) return true;
  if (from[start + i] !== 0x2e) return false;
  const fraction = (i += 1);
  while (i < length && isDigit(from[start + i] ?? 0)) i += 1;
  return i === length && i > fraction;
};

/** Whether the bytes are four digits, two and two, as a day is written. */
export const isDay = (from: Uint8Array, start: number, length: number): boolean => {
  if (length !== 10) return false;
  for (let i = 0; i < 10; i += 1) {
    const code = from[start + i] ?? 0;
    if (i === 4 || i === 7 ? code !== 0x2d : !isDigit(code)) return false;
  }
  return true;
};
