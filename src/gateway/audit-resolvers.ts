import type { Knex } from 'knex';
import type { AuditFilter } from '../audit/audit-filter.ts';
import {
  catchUp,
  readEntries,
  readEntry,
  readPolicyText,
  shownDecisions,
  type FoundEntry,
} from '../audit/audit-reader.ts';
import { countEntries, type AuditKey } from '../audit/count-entries.ts';
import { readKeys, readLogs } from '../audit/log-state.ts';
import { SaysoError } from '../core/errors.ts';
import type {
  QueryAuditCountsArgs,
  QueryAuditEntriesArgs,
  QueryAuditEntryArgs,
  QueryAuditPolicyArgs,
} from '../generated/schema-types.ts';
import { noSubject, type SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { BuiltInOptions } from './built-in-options.ts';
import type { Resolver } from './operation.ts';

/** Most entries that one answer decodes for its counts. */
const mostCounted = 200_000;

const badInput = (message: string): SaysoError =>
  new SaysoError(message, { code: 'BAD_USER_INPUT', status: 400 });

type FilterArgs = Omit<QueryAuditEntriesArgs, 'first' | 'after'>;

/** The number an auditor asks for; one of nobody when the person was never seen. */
const numberAsked = async (
  { subject, person }: FilterArgs,
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

const names = [
  ...(['from', 'to', 'client', 'actor', 'purpose', 'operation', 'coordinate', 'reason'] as const),
  ...(['released', 'outcome', 'kind', 'log'] as const),
];

const filterOf = async (
  args: FilterArgs,
  { subjects, policy }: BuiltInOptions,
): Promise<AuditFilter> => {
  const given = names.flatMap((name) => {
    const value = args[name];
    return value === null || value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(given), subject: await numberAsked(args, subjects, policy) };
};

const shown = (
  found: FoundEntry,
  filter: AuditFilter,
  decisions = shownDecisions(found, filter),
) => {
  const { entry, log, index, id, at } = found;
  const common = {
    log,
    index,
    id,
    at,
    kind: entry?.kind ?? 'unreadable',
    actor: entry?.actor,
    notices: [],
    signals: [],
    errors: [],
    decisions: [],
    sources: [],
    begins: [],
  };
  if (entry?.kind === 'retention')
    return {
      ...common,
      droppedBefore: entry.before,
      begins: entry.logs.map(([origin, minimumIndex]) => ({ origin, minimumIndex })),
    };
  if (entry?.kind === 'key') return { ...common, key: entry.key, replaces: entry.replaces };
  if (entry?.kind === 'erasure')
    return {
      ...common,
      head: entry.head,
      erased: entry.subject,
      sources: entry.sources.map(([source, type, outcome, rows]) => ({
        source,
        type,
        outcome,
        rows,
      })),
    };
  if (!entry) return common;
  const { coordinates: _, sets: __, ...rest } = entry;
  return {
    ...rest,
    ...common,
    decidedAt: entry.decidedAt === undefined ? null : new Date(entry.decidedAt / 1_000),
    notices: entry.notices,
    signals: entry.signals,
    errors: entry.errors.map(([code, source, count]) => ({ code, source, count })),
    decisions: decisions.flatMap(({ coordinates, ...decision }) =>
      coordinates.map((coordinate) => ({ coordinate, ...decision })),
    ),
  };
};

/** Sets of subjects are long texts; they count by their length. */
const weightOf = (
  entries: readonly { readonly decisions: readonly { readonly subjects: string }[] }[],
) =>
  entries.reduce(
    (sum, { decisions }) =>
      decisions.reduce((all, one) => all + 1 + one.subjects.length / 100, sum + 1),
    0,
  );

const auditEntries =
  (options: BuiltInOptions): Resolver =>
  async (_parent, rawArgs, context) => {
    const { knex, limits } = options;
    const args = rawArgs as QueryAuditEntriesArgs;
    const first = args.first ?? limits.defaultPageSize;
    if (first < 0 || first > limits.maxPageSize) {
      throw badInput(`\`first\` is not between 0 and ${limits.maxPageSize}`);
    }
    const filter = await filterOf(args, options);
    await catchUp(knex);
    const page = await readEntries(knex, filter, { first, after: args.after ?? undefined });
    const nodes = page.entries.map((found) => shown(found, filter));
    return context.spend(weightOf(nodes)) ? { nodes, next: page.next } : { nodes: [], next: null };
  };

/** Parts of one operation are shown as one. */
const auditEntry =
  (knex: Knex): Resolver =>
  async (_parent, rawArgs, context) => {
    const { id } = rawArgs as QueryAuditEntryArgs;
    const parts = await readEntry(knex, { id: String(id) });
    const [first] = parts;
    if (!first) return null;
    const entry = shown(
      first,
      {},
      parts.flatMap((part) => shownDecisions(part)),
    );
    return context.spend(weightOf([entry])) ? entry : null;
  };

const auditCounts =
  (options: BuiltInOptions): Resolver =>
  async (_parent, rawArgs, context) => {
    const { knex } = options;
    const args = rawArgs as QueryAuditCountsArgs;
    const filter = await filterOf(args, options);
    await catchUp(knex);
    const by = args.by.map((key) => key.toLowerCase() as AuditKey);
    const counts = await countEntries(knex, filter, by, { most: mostCounted });
    const rows = counts.map(({ keys: { released, ...keys }, ...count }) => ({
      ...keys,
      ...(typeof released === 'string' && { released: released === 'true' }),
      ...count,
    }));
    return context.spend(rows.length) ? rows : [];
  };

const auditLogs =
  (knex: Knex): Resolver =>
  async (_parent, _args, context) => {
    const [logs, keys] = await Promise.all([readLogs(knex), readKeys(knex)]);
    const shownLogs = logs.map(({ id, root, ...log }) => ({
      ...log,
      root: root.toString('base64'),
      keys: keys.filter(({ log: of }) => of === id),
    }));
    return context.spend(logs.length + keys.length) ? shownLogs : [];
  };

/** Resolvers of what needs the scope `audit:read`. */
export const auditResolvers = (options: BuiltInOptions): ReadonlyMap<string, Resolver> =>
  new Map<string, Resolver>([
    ['Query.auditEntries', auditEntries(options)],
    ['Query.auditEntry', auditEntry(options.knex)],
    ['Query.auditCounts', auditCounts(options)],
    [
      'Query.auditPolicy',
      (_parent, args) => readPolicyText(options.knex, (args as QueryAuditPolicyArgs).id),
    ],
    ['Query.auditLogs', auditLogs(options.knex)],
  ]);
