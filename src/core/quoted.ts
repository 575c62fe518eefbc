/** Printable ASCII without `"` and `\`. */
const plain = /^[ !#-[\]-~]*$/;

/** A text as JSON; what needs no escape, as names and ids do not, without a call of the runtime. */
export const quoted = (text: string): string =>
  plain.test(text) ? `"${text}"` : JSON.stringify(text);
