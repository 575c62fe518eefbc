const maxText = 256;

/** NUL and halves of surrogate pairs. */
const unstorable = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text from outside as the log holds it: bounded, and what PostgreSQL's text cannot hold escaped. */
export const storable = (text: string): string => {
  // The rule, and cheaper to tell than by the expression.
  if (text.length <= maxText && text.isWellFormed() && !text.includes('\0')) return text;
  const whole = text.replace(
    unstorable,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  if (whole.length <= maxText) return whole;
  // Not between the halves of a pair.
  const end = (whole.codePointAt(maxText - 2) ?? 0) > 0xffff ? maxText - 2 : maxText - 1;
  return `${whole.slice(0, end)}…`;
};
