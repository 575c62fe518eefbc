import { auditResolvers } from './audit-resolvers.ts';
import type { BuiltInOptions } from './built-in-options.ts';
import { consentResolvers } from './consent-resolvers.ts';
import { declareResolvers } from './declare-resolvers.ts';
import { erase } from './erase-resolver.ts';
import { meResolvers } from './me/me-resolvers.ts';
import { noticeResolvers } from './notice-resolvers.ts';
import type { Resolver } from './operation.ts';
import { processingResolver } from './processing-resolver.ts';

/** Resolvers of what every deployment has beside its domain, by coordinate. */
export const builtInResolvers = (options: BuiltInOptions): ReadonlyMap<string, Resolver> => {
  const { policy, knex } = options;
  return new Map<string, Resolver>([
    ...consentResolvers(options),
    ...declareResolvers(options),
    ...meResolvers(options),
    ['Mutation.erase', erase(options)],
    ['Query.processing', processingResolver(policy)],
    ...noticeResolvers(knex),
    ...auditResolvers(options),
  ]);
};
