import { eraseSubject, type Erasure } from '../decision/erase-subject.ts';
import { demandRecentSignIn } from '../identity/recent-sign-in.ts';
import { actingSubject, agentOf, isForSelf, type SubjectArg } from './acting-subject.ts';
import type { BuiltInOptions } from './built-in-options.ts';
import type { Resolver } from './operation.ts';

/** Resolver of `Mutation.erase`. */
export const erase =
  ({
    policy,
    knex,
    subjects,
    sources,
    logErasures,
    recentSignInSeconds,
  }: BuiltInOptions): Resolver =>
  async (_parent, args, context): Promise<Erasure> => {
    const named = args['subject'] as SubjectArg | null | undefined;
    const subject = actingSubject(named, context, policy);
    const self = isForSelf(named, context, policy);
    if (self) demandRecentSignIn(context.caller, recentSignInSeconds);
    // Of a person who erases themself nothing is to be left, not even that it was number so-and-so.
    const actor = self ? 'self' : await agentOf(context, subjects, policy);
    const how = { actor, exact: self };
    const erasure = await eraseSubject(subject, {
      knex,
      subjects,
      policy,
      sources,
      logErasures,
      ...how,
    });
    if (erasure.head !== null) context.noteChange(erasure.head);
    return erasure;
  };
