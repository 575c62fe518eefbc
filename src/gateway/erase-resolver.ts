import { eraseSubject, type Erasure } from '../decision/erase-subject.ts';
import { demandRecentSignIn } from '../identity/recent-sign-in.ts';
import { actingSubject, agentOf, type SubjectArg } from './acting-subject.ts';
import type { BuiltInOptions } from './built-in-options.ts';
import type { Resolver } from './operation.ts';

/** Resolver of `Mutation.erase`. */
export const erase =
  ({ policy, knex, subjects, sources, recentSignInSeconds }: BuiltInOptions): Resolver =>
  async (_parent, args, context): Promise<Erasure> => {
    const named = args['subject'] as SubjectArg | null | undefined;
    const subject = actingSubject(named, context, policy);
    if (!named) demandRecentSignIn(context.caller, recentSignInSeconds);
    // Of a person who erases themself nothing is to be left, not even that it was number so-and-so.
    const actor = named ? await agentOf(context, subjects, policy) : 'self';
    const how = { actor, exact: !named };
    const erasure = await eraseSubject(subject, { knex, subjects, policy, sources, ...how });
    if (erasure.head !== null) context.noteChange(erasure.head);
    return erasure;
  };
