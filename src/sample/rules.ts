import { createRequire } from 'node:module';
import type * as Shield from 'graphql-shield';

// The ES module build does not import on Node 24. The cast holds because both builds export the same.
const { rule } = createRequire(import.meta.url)('graphql-shield') as typeof Shield;

/** What a rule may look at: who asks, as the verified token says. */
interface RuleContext {
  readonly caller: { readonly claims: Readonly<Record<string, unknown>> };
}

/** The sample shop's named rules, for `@shield(rules: […])`. */
export const rules = {
  /** The token's claim `roles` holds `staff`. */
  // no_cache: a cached answer could be given again to a field that asked for another reason.
  isStaff: rule('isStaff', { cache: 'no_cache' })((_parent, _args, { caller }: RuleContext) => {
    const roles = caller.claims['roles'];
    return Array.isArray(roles) && roles.includes('staff');
  }),
};
