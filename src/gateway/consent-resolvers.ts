import { isYes, type ConsentInput, type ConsentKind, type SubjectRef } from '../core/consent.ts';
import type { MutationGiveConsentArgs } from '../generated/schema-types.ts';
import { demandRecentSignIn } from '../identity/recent-sign-in.ts';
import { demandObjectable, isBeyondSay } from '../ledger/check-consent.ts';
import type { RecordedConsent } from '../ledger/numbered-event.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { rootFieldsOf } from '../policy/generate-sdl.ts';
import type { ReadPlan } from '../policy/plan.ts';
import { actingSubject, agentOf, isForSelf } from './acting-subject.ts';
import type { BuiltInOptions } from './built-in-options.ts';
import type { OperationContext, Resolver } from './operation.ts';

/** Arguments of all consent mutations; each has those that fit it. */
type ConsentArgs = Omit<Partial<MutationGiveConsentArgs>, 'subject'> &
  Pick<MutationGiveConsentArgs, 'subject'>;

/** The consent mutations and what each records. */
export const consentMutations: ReadonlyMap<string, ConsentKind> = new Map<string, ConsentKind>([
  ['giveConsent', 'given'],
  ['renewConsent', 'renewed'],
  ['withdrawConsent', 'withdrawn'],
  ['refuseConsent', 'refused'],
  ['objectToProcessing', 'objected'],
  ['revokeConsent', 'revoked'],
  ['requestConsent', 'requested'],
  ['deferConsent', 'deferred'],
]);

/** What `ConsentChange` is resolved from. */
export interface ConsentChange {
  readonly head: number;
  readonly record: string;
  readonly kind: string;
  readonly effective: boolean;
  readonly purpose: string | null;
  readonly categories: readonly string[];
  readonly subject: SubjectRef;
  readonly responseKey: string;
}

const statementOf = (
  kind: ConsentKind,
  args: ConsentArgs,
  subject: SubjectRef,
  actor: string | undefined,
): ConsentInput => ({
  kind,
  subject,
  method: 'graphql',
  actor,
  purpose: args.purpose ?? undefined,
  categories: args.categories ?? undefined,
  origins: args.origins ?? undefined,
  validUntil: args.validUntil ?? undefined,
  notice: args.notice
    ? {
        id: args.notice.id,
        version: args.notice.version ?? undefined,
        language: args.notice.language ?? undefined,
      }
    : undefined,
  seen: args.seen ?? undefined,
  confirmed: args.confirmed ?? undefined,
  evidence: args.evidence ?? undefined,
  idempotencyKey: args.idempotencyKey ?? undefined,
});

/** What a statement is about, in leaves or as it was said; all that the purpose covers when not named. */
const categoriesOf = (
  said: RecordedConsent | undefined,
  purpose: string | null | undefined,
  { pairs, model: { purposeTree } }: Policy,
): readonly string[] => {
  if (said?.categories.length) return said.categories;
  const leaves = new Set(purpose == null ? purposeTree.leaves : purposeTree.leavesOf(purpose));
  return [...new Set(pairs.flatMap((pair) => (leaves.has(pair.purpose) ? pair.category : [])))];
};

const changeConsent =
  (kind: ConsentKind, { policy, subjects, recentSignInSeconds }: BuiltInOptions): Resolver =>
  async (_parent, rawArgs, context, info): Promise<ConsentChange> => {
    const args = rawArgs as unknown as ConsentArgs;
    const subject = actingSubject(args.subject, context, policy);
    // A no never asks for more than a yes does.
    const self = isForSelf(args.subject, context, policy);
    if (isYes(kind) && self) demandRecentSignIn(context.caller, recentSignInSeconds);
    const actor = !self ? await agentOf(context, subjects, policy) : undefined;
    const statement = statementOf(kind, args, subject, actor);
    demandObjectable(statement, policy);
    const { head, events } = await context.say([statement], {
      // A token speaks for the person of exactly its id: `042` is nobody where there is a 42.
      exact: self,
    });
    const said = events[0];
    return {
      head,
      record: said?.record ?? '',
      kind: kind.toUpperCase(),
      effective: !isBeyondSay(args.purpose ?? undefined, policy),
      purpose: args.purpose ?? null,
      categories: categoriesOf(said, args.purpose, policy),
      subject,
      responseKey: String(info.path.key),
    };
  };

/** Persons are known by their id, which need not be the key of their table. */
const idColumn = ({ subject, key }: ReadPlan): readonly string[] =>
  subject ? [subject.path.column] : key;

/** The person of a consent change, decided at the head that the change made. */
export const changedPerson: Resolver = async (parent, _args, context: OperationContext, info) => {
  const { subject, responseKey } = parent as Pick<ConsentChange, 'subject' | 'responseKey'>;
  const root = context.plan.roots.get(responseKey);
  if (root?.kind !== 'consent') throw new Error('no plan for a consent change');
  const selected = root.persons.get(String(info.path.key));
  if (!selected || selected.row.typeName !== subject.type) return null;
  return (
    (await context
      .reader()
      .one(selected.read, selected.row, [subject.id], idColumn(selected.read))) ?? null
  );
};

/** Resolvers of the consent mutations and their payload. */
export const consentResolvers = (options: BuiltInOptions): ReadonlyMap<string, Resolver> => {
  const { model } = options.policy;
  const resolvers = new Map<string, Resolver>(
    [...consentMutations].map(([field, kind]) => [
      `Mutation.${field}`,
      changeConsent(kind, options),
    ]),
  );
  const person = model.types.get(model.signInType ?? '');
  if (person) resolvers.set(`ConsentChange.${rootFieldsOf(person).one}`, changedPerson);
  return resolvers;
};
