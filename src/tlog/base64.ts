/** The bytes of base64 text as RFC 4648, 4 writes them, or undefined for any other spelling. */
export const fromBase64 = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, 'base64');
  // Node reads over what is no base64, the URL alphabet and stray bits: one value has one spelling.
  return bytes.toString('base64') === text ? bytes : undefined;
};

export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
