/** What graphql-js takes for a promise: whatever has a `then` that can be called. */
export const isPromise = (value: unknown): value is Promise<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  // A cast, for nothing is known of `value` but that it is looked into.
  typeof (value as { readonly then?: unknown } | null)?.then === 'function';

const ignore = (): void => undefined;

/**
 * Nobody waits for these any more, so that one that rejects must not end the process. Only real
 * promises are touched: the `then` of a query builder would start the query.
 */
export const abandon = (values: readonly unknown[]): void => {
  for (const value of values) {
    if (value instanceof Promise) void Promise.prototype.then.call(value, undefined, ignore);
    else if (Array.isArray(value)) abandon(value);
  }
};
