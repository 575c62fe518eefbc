import type { Knex } from 'knex';
import { readAuditEntries } from '../audit/audit-reader.ts';
import type { StoredAuditEntry } from '../audit/entry.ts';
import { SaysoError } from '../core/errors.ts';
import type { QueryAuditEntriesArgs } from '../generated/schema-types.ts';
import { noSubject, type SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { PageLimits } from './built-in-options.ts';
import type { Resolver } from './operation.ts';

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

/** Resolver of `Query.auditEntries`. */
export const auditEntries =
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
