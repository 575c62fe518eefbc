import type { Knex } from 'knex';
import { readAuditEntries } from '../audit/audit-reader.ts';
import type { StoredAuditEntry } from '../audit/entry.ts';
import type { ConsentKind, SubjectRef } from '../core/consent.ts';
import { ForbiddenError, LedgerError, SaysoError } from '../core/errors.ts';
import type { MutationGiveConsentArgs, QueryAuditEntriesArgs } from '../generated/schema-types.ts';
import { noSubject, type SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { rootFieldsOf } from '../policy/generate-sdl.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { OperationContext, Resolver } from './operation.ts';
import { processingResolver } from './processing-resolver.ts';

type ConsentArgs = MutationGiveConsentArgs;

/** What `ConsentChange` is resolved from. */
interface ConsentChange {
  readonly head: number;
  readonly kind: string;
  readonly purpose: string;
  readonly categories: readonly string[];
  readonly subject: SubjectRef;
  readonly responseKey: string;
}

/** Who the change is for: whom an agent names, else the person whose token it is. */
const subjectOf = (args: ConsentArgs, { caller }: OperationContext, policy: Policy): SubjectRef => {
  const { signInType } = policy.model;
  if (args.subject) {
    if (!caller.mayWriteConsent) {
      throw new ForbiddenError('to act for another needs the scope `consent:write`');
    }
    const type = args.subject.type ?? signInType;
    if (type !== undefined) return { type, id: args.subject.id };
    throw new LedgerError('`subject.type` is needed: several types are persons', 'CONSENT_INVALID');
  }
  if (caller.subject !== undefined && signInType !== undefined) {
    return { type: signInType, id: caller.subject };
  }
  throw caller.mayWriteConsent
    ? new LedgerError('name the `subject` you act for', 'CONSENT_INVALID')
    : new ForbiddenError('this token stands for no person');
};

/** Who acts for another: by name, unless that is a person, who is known by number only. */
const agentOf = async (
  { caller }: OperationContext,
  subjects: SubjectDirectory,
  { model }: Policy,
): Promise<string> => {
  const number =
    caller.subject === undefined || model.signInType === undefined
      ? undefined
      : await subjects.known(model.signInType, caller.subject);
  return number === undefined ? caller.sub : `subject:${number}`;
};

const changeConsent =
  (kind: ConsentKind, subjects: SubjectDirectory, policy: Policy): Resolver =>
  async (_parent, rawArgs, context, info): Promise<ConsentChange> => {
    const args = rawArgs as unknown as ConsentArgs;
    const subject = subjectOf(args, context, policy);
    const { head, events } = await context.say(
      {
        kind,
        subject,
        purpose: args.purpose,
        categories: args.categories ?? undefined,
        validUntil: args.validUntil ?? undefined,
        method: 'graphql',
        actor: args.subject ? await agentOf(context, subjects, policy) : undefined,
      },
      { exact: !args.subject },
    );
    const said = events[0];
    const covered = policy.pairs
      .filter(({ purpose }) => policy.model.purposeTree.leavesOf(args.purpose).includes(purpose))
      .map(({ category }) => category);
    return {
      head,
      kind: kind.toUpperCase(),
      purpose: args.purpose,
      categories: said?.categories.length ? said.categories : [...new Set(covered)],
      subject,
      responseKey: String(info.path.key),
    };
  };

/** Persons are known by their id, which need not be the key of their table. */
const idColumn = ({ subject, key }: ReadPlan): readonly string[] =>
  subject ? [subject.path.column] : key;

/** The person of a consent change, decided at the head that the change made. */
const changedPerson: Resolver = async (parent, _args, context, info) => {
  const { subject, responseKey } = parent as ConsentChange;
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

const withDecisions = (entry: StoredAuditEntry) => ({
  ...entry,
  decidedAt: entry.decidedAt === undefined ? null : new Date(entry.decidedAt / 1_000),
  decisions: entry.decisions.flatMap(({ coordinates, ...decision }) =>
    coordinates.map((coordinate) => ({ coordinate, ...decision })),
  ),
});

/** Every number an auditor asks for; one of nobody when the person was never seen. */
const numberAsked = async (
  { subject, person }: QueryAuditEntriesArgs,
  subjects: SubjectDirectory,
  policy: Policy,
): Promise<number | undefined> => {
  if (!person) return subject ?? undefined;
  const type = person.type ?? policy.model.signInType;
  if (type === undefined || !policy.model.types.get(type)?.person) {
    throw badInput('`person.type` is no type of persons');
  }
  const number = await subjects.known(type, person.id);
  if (subject !== null && subject !== undefined && subject !== number) {
    throw badInput('`subject` and `person` name two');
  }
  return number ?? noSubject;
};

const badInput = (message: string): SaysoError =>
  new SaysoError(message, { code: 'BAD_USER_INPUT', status: 400 });

const auditEntries =
  (knex: Knex, subjects: SubjectDirectory, policy: Policy, limits: PageLimits): Resolver =>
  async (_parent, rawArgs, context) => {
    const args = rawArgs as QueryAuditEntriesArgs;
    const first = args.first ?? limits.defaultPageSize;
    if (first < 0 || first > limits.maxPageSize) {
      throw badInput(`\`first\` is not between 0 and ${limits.maxPageSize}`);
    }
    const subject = await numberAsked(args, subjects, policy);
    // Nobody has a number before they were first decided on.
    if (subject === noSubject) return [];
    const entries = await readAuditEntries(knex, {
      first,
      before: args.before ?? undefined,
      client: args.client ?? undefined,
      purpose: args.purpose ?? undefined,
      subject,
    });
    const shown = entries.map(withDecisions);
    // Sets of subjects are long texts; they count by their length.
    const weight = shown.reduce(
      (sum, { decisions }) =>
        decisions.reduce((all, one) => all + 1 + one.subjects.length / 100, sum + 1),
      0,
    );
    return context.spend(weight) ? shown : [];
  };

interface PageLimits {
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
}

/** Resolvers of what every deployment has beside its domain, by coordinate. */
export const builtInResolvers = (
  policy: Policy,
  knex: Knex,
  subjects: SubjectDirectory,
  limits: PageLimits,
): ReadonlyMap<string, Resolver> => {
  const resolvers = new Map<string, Resolver>([
    ['Mutation.giveConsent', changeConsent('given', subjects, policy)],
    ['Mutation.withdrawConsent', changeConsent('withdrawn', subjects, policy)],
    ['Mutation.refuseConsent', changeConsent('refused', subjects, policy)],
    ['Query.auditEntries', auditEntries(knex, subjects, policy, limits)],
    ['Query.processing', processingResolver(policy)],
  ]);
  const person = policy.model.types.get(policy.model.signInType ?? '');
  if (person) resolvers.set(`ConsentChange.${rootFieldsOf(person).one}`, changedPerson);
  return resolvers;
};
