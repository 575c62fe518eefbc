import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { GraphQLError, type ValidationContext, type ValidationRule } from 'graphql';
import type { Limits } from '../config/config.ts';

/** Armor calls every refusal a syntax error, which it is not. */
const report = [
  (context: ValidationContext | null, { message }: GraphQLError): void =>
    context?.reportError(new GraphQLError(message.replace(/^Syntax Error: /, ''))),
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
