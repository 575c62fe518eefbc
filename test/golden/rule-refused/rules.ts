import { createRequire } from 'node:module';
import type * as Shield from 'graphql-shield';

// The cast holds because both builds export the same.
const { rule } = createRequire(import.meta.url)('graphql-shield') as typeof Shield;

interface RuleContext {
  readonly caller: { readonly claims: Readonly<Record<string, unknown>> };
}

export const rules = {
  isStaff: rule('isStaff', { cache: 'no_cache' })((_parent, _args, { caller }: RuleContext) => {
    const roles = caller.claims['roles'];
    return Array.isArray(roles) && roles.includes('staff');
  }),
};
