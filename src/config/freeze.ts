const refuse = (): never => {
  throw new TypeError('this collection is read-only');
};
const locked = { value: refuse, configurable: false };

/**
 * Freezes plain data all the way down and returns it. `Object.freeze` alone leaves a `Map` or
 * `Set` open to `set` and `add`, so theirs throw a `TypeError` afterwards.
 */
export const deepFreeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const one of value.values()) deepFreeze(one);
    Object.defineProperties(value, { set: locked, delete: locked, clear: locked });
  } else if (value instanceof Set) {
    Object.defineProperties(value, { add: locked, delete: locked, clear: locked });
  }
  Object.freeze(value);
  for (const one of Object.values(value)) deepFreeze(one);
  return value;
};
