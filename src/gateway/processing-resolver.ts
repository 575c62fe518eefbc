import type { Policy } from '../policy/compile-policy.ts';
import { processingOf } from '../register/processing-of.ts';
import type { Resolver } from './operation.ts';

/**
 * `Query.processing`: the register, read from the policy once. The same for everybody, and without
 * a value of any row.
 */
export const processingResolver = (policy: Policy): Resolver => {
  const shown = processingOf(policy).map(({ places, ...one }) => ({
    ...one,
    places: places.map(({ is, in: codes }) => ({ basis: is, places: codes })),
  }));
  const objects = shown.reduce(
    (sum, { categories, places }) =>
      categories.reduce((all, { fields }) => all + 1 + fields.length, sum + 1 + places.length),
    0,
  );
  return (_parent, _args, context) => (context.spend(objects) ? shown : []);
};
