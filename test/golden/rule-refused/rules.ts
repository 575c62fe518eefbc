import type { rule } from 'graphql-shield';

interface RuleContext {
  readonly caller: { readonly claims: Readonly<Record<string, unknown>> };
}

export const rules = (shield: { readonly rule: typeof rule }) => ({
  isStaff: shield.rule('isStaff', { cache: 'no_cache' })(
    (_parent, _args, { caller }: RuleContext) => {
      const roles = caller.claims['roles'];
      return Array.isArray(roles) && roles.includes('staff');
    },
  ),
});
