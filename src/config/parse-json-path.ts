/**
 * The members that lead to a place in a JSON value: `status.tier`, or as a JSON Pointer (RFC 6901)
 * `/status/tier`, where a name may have dots. `undefined` for anything else.
 */
export const parseJsonPath = (value: unknown): readonly string[] | undefined => {
  if (typeof value !== 'string' || value === '' || value.length > 500) return undefined;
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) return undefined;
  if (!value.startsWith('/')) {
    const names = value.split('.');
    return names.includes('') ? undefined : names;
  }
  if (/~(?![01])/.test(value)) return undefined;
  return value
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
};
