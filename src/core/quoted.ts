/** Longer ones are left to the runtime at once. */
const mostUnits = 128;

/** A text as JSON; what needs no escape, as names and ids do not, without a call of the runtime. */
export const quoted = (text: string): string => {
  if (text.length > mostUnits) return JSON.stringify(text);
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    const isPlain = unit >= 0x20 && unit <= 0x7e && unit !== 0x22 && unit !== 0x5c;
    if (!isPlain) return JSON.stringify(text);
  }
  return `"${text}"`;
};
