const keyBytes = 32;

/**
 * The key that persons are sealed under, from its text: 32 bytes as Base64, either alphabet.
 * `undefined` for anything else; blanks and line ends around it do no harm.
 */
export const decodeSubjectKey = (text: string): Uint8Array | undefined =>
  /^[\w+/-]{43}=?$/.test(text.trim()) ? Buffer.from(text.trim(), 'base64') : undefined;

/** The same as text. */
export const encodeSubjectKey = (key: Uint8Array): string => {
  if (key.length !== keyBytes) throw new RangeError(`a subject key has ${keyBytes} bytes`);
  return Buffer.from(key).toString('base64');
};
