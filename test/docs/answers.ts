/**
 * Compares what a page shows with what came. What differs from run to run is compared by its form;
 * `…` stands for what the page leaves out:
 *
 * - as a text, or within one: any text; as a value: any value;
 * - as an element of a list: any number of elements;
 * - as a key (`"…": "…"`): any further keys.
 */
const dots = '…';

/** By key: what the value looks like, where it is another one in each database or second. */
const forms: Readonly<Record<string, RegExp>> = {
  entry: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  id: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  head: /^\d+$/,
  sequence: /^\d+$/,
  policy: /^sha256:[0-9a-f]{64}$/,
  documentHash: /^[0-9a-f]{64}$/,
  at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  decidedAt: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  // Numbers of persons are drawn by lot.
  subjects: /^\d+$/,
  actor: /^subject:\d+$/,
  cursor: /^[\w-]{40,}$/,
  endCursor: /^[\w-]{40,}$/,
};

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Whether a text is the shown one, where `…` is any text within a line. */
export const textFits = (shown: string, came: string): boolean =>
  new RegExp(`^${shown.split(dots).map(escaped).join('.*')}$`).test(came);

const sameForm = (key: string, shown: string, came: string): boolean => {
  const form = forms[key];
  return form !== undefined && form.test(came) && form.test(shown.replaceAll(dots, ''));
};

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listFits = (shown: readonly unknown[], came: readonly unknown[], key: string): boolean => {
  const [first, ...rest] = shown;
  if (first === undefined) return came.length === 0;
  if (first === dots)
    return came.some((_, i) => listFits(rest, came.slice(i), key)) || rest.length === 0;
  return came.length > 0 && fits(first, came[0], key) && listFits(rest, came.slice(1), key);
};

/** Whether an answer is the shown one. */
export const fits = (shown: unknown, came: unknown, key = ''): boolean => {
  if (shown === dots) return came !== undefined;
  if (Array.isArray(shown)) return Array.isArray(came) && listFits(shown, came, key);
  if (isMap(shown)) {
    if (!isMap(came)) return false;
    const more = Object.hasOwn(shown, dots);
    const keys = Object.keys(shown).filter((name) => name !== dots);
    if (!more && Object.keys(came).some((name) => !keys.includes(name))) return false;
    return keys.every((name) => Object.hasOwn(came, name) && fits(shown[name], came[name], name));
  }
  if (typeof shown === 'string' && typeof came === 'string')
    return textFits(shown, came) || sameForm(key, shown, came);
  return shown === came || sameForm(key, String(shown), String(came));
};

/** Whether printed lines are the shown ones; a line that is only `…` is any number of lines. */
export const linesFit = (shown: string, came: string): boolean => {
  const match = (left: readonly string[], right: readonly string[]): boolean => {
    const [first, ...rest] = left;
    if (first === undefined) return right.length === 0;
    if (first.trim() === dots)
      return rest.length === 0 || right.some((_, i) => match(rest, right.slice(i)));
    return right.length > 0 && textFits(first, right[0] ?? '') && match(rest, right.slice(1));
  };
  return match(shown.trimEnd().split('\n'), came.trimEnd().split('\n'));
};
