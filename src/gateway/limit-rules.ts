import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import type { GraphQLError, ValidationContext, ValidationRule } from 'graphql';
import type { Limits } from '../config/config.ts';

const report = [
  (context: ValidationContext | null, error: GraphQLError): void => context?.reportError(error),
];

/** Validation rules that bound an operation's depth and aliases; `__typename` counts like any other. */
export const limitRules = ({ maxDepth, maxAliases }: Limits): ValidationRule[] => {
  // Reported rather than thrown, so that the answer lists them like other validation errors.
  const common = { onReject: report, propagateOnRejection: false, exposeLimits: true };
  return [
    maxDepthRule({ n: maxDepth, ignoreIntrospection: true, ...common }),
    maxAliasesRule({ n: maxAliases, allowList: [], ...common }),
  ] as ValidationRule[];
};
