/**
 * Whole numbers that JavaScript would round are put into quotes, as node-postgres gives a bigint:
 * `9007199254740993` and `…992` are two persons.
 */
const quoteLargeNumbers = (json: string): string => {
  let inText = false;
  return json.replace(/\\.|"|-?\d[\d.eE+-]*/g, (token) => {
    if (token === '"') inText = !inText;
    const isLarge = !inText && /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
    return isLarge ? `"${token}"` : token;
  });
};

/** Reads JSON; whole numbers beyond 2^53 come as texts, exactly. @throws SyntaxError */
export const parseJson = (json: string): unknown => {
  const value: unknown = JSON.parse(json);
  // Only now is it sure that quotes come in pairs.
  return /\d{16}/.test(json) ? JSON.parse(quoteLargeNumbers(json)) : value;
};

/** A JSON object, with own members only: `constructor` is no member of `{}`. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands at a place; `undefined` when nothing does. */
export const valueAt = (value: unknown, path: readonly string[]): unknown => {
  let at = value;
  for (const name of path) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
};
