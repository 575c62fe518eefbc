import type { rule } from 'graphql-shield';

/** What a rule may look at: who asks, as the verified token says. */
interface RuleContext {
  readonly caller: { readonly claims: Readonly<Record<string, unknown>> };
}

/**
 * The sample shop's named rules, for `@shield(rules: […])`. They are given graphql-shield by the
 * gateway, because both must use the same copy.
 */
export const rules = (shield: { readonly rule: typeof rule }) => ({
  /** The token's claim `roles` holds `staff`. */
  // no_cache: a cached answer could be given again to a field that asked for another reason.
  isStaff: shield.rule('isStaff', { cache: 'no_cache' })(
    (_parent, _args, { caller }: RuleContext) => {
      const roles = caller.claims['roles'];
      return Array.isArray(roles) && roles.includes('staff');
    },
  ),
});
