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

type Inputs = Readonly<Record<string, unknown>>;

/** Of both or neither; also what the oracle expects. */
export const greetingOf = ({ email, score }: Inputs): string =>
  `hello ${String(email)}, ${String(score)}`;

export const resolvers = {
  Customer: {
    greeting: greetingOf,
    broken: ({ age }: Inputs): never => {
      // The second line looks like a line of a stack.
      throw new Error(`cannot bear an age of ${String(age)}\n    at ${String(age)}`);
    },
  },
};
