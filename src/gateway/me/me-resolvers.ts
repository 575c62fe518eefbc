import { catchUp, readEntries, shownDecisions } from '../../audit/audit-reader.ts';
import type { SubjectRef } from '../../core/consent.ts';
import { ForbiddenError, SaysoError } from '../../core/errors.ts';
import { readOwnData, readPlace, type OwnRows } from '../../decision/own-data.ts';
import { demandRecentSignIn } from '../../identity/recent-sign-in.ts';
import { readHistory, shownActor } from '../../ledger/consent-history.ts';
import { fieldsOver } from '../../policy/guards.ts';
import { readNotices } from '../../ledger/notice-store.ts';
import type { BuiltInOptions, PageLimits } from '../built-in-options.ts';
import type { OperationContext, Resolver } from '../operation.ts';
import { holdingsOf } from './holdings.ts';
import { exportedFields, ownExport, type ExportScope } from './own-export.ts';
import { purposeChoices } from './purpose-choices.ts';

/** What `Me` is resolved from: a person whom the source knows. */
export interface MeValue extends SubjectRef {
  readonly place: string | null;
  readonly number: number;
  /** Every row about them, read once for an operation. */
  readonly own: () => Promise<readonly OwnRows[]>;
}

/** Most lines of somebody's history that their choices are explained by. */
const explained = 1_000;

const firstOf = (
  args: Readonly<Record<string, unknown>>,
  { defaultPageSize, maxPageSize }: PageLimits,
): number => {
  const first = (args['first'] as number | null | undefined) ?? defaultPageSize;
  if (first < 0 || first > maxPageSize) {
    throw new SaysoError(`\`first\` is not between 0 and ${maxPageSize}`, {
      code: 'BAD_USER_INPUT',
      status: 400,
    });
  }
  return first;
};

const nobody = (type: string): SaysoError =>
  new SaysoError(`no \`${type}\` has the id of this token`, { code: 'NOT_FOUND', status: 404 });

const choiceFacts = async (
  { number, place }: MeValue,
  context: OperationContext,
  { knex, policy, snapshot, recentSignInSeconds }: BuiltInOptions,
) => {
  const [book, history] = await Promise.all([
    readNotices(knex),
    readHistory(knex, number, { first: explained }),
  ]);
  for (;;) {
    const view = await snapshot.view();
    const loaded = await snapshot.ensure([number], view);
    if (!loaded || !snapshot.holds([number], view)) continue;
    const states = policy.pairs.map(({ index }) => snapshot.state(number, index));
    const ends = policy.pairs.map(({ index }) => snapshot.expiry(number, index));
    return {
      policy,
      book,
      place,
      gpc: context.gpc,
      recentSignInSeconds,
      history,
      state: (pair: number) => states[pair] ?? 0,
      expiry: (pair: number) => ends[pair] ?? Infinity,
      now: view.now,
    };
  }
};

/** Resolvers of `Query.me` and its fields. A person sees themself, by the id in their token alone. */
export const meResolvers = (options: BuiltInOptions): ReadonlyMap<string, Resolver> => {
  const { policy, knex, subjects, sources, limits, recentSignInSeconds, receipts } = options;

  const me: Resolver = async (_parent, _args, { caller, gpc }): Promise<MeValue> => {
    const type = policy.model.signInType;
    const id = caller.subject;
    if (type === undefined || id === undefined)
      throw new ForbiddenError('`me` needs a token that stands for a person');
    const { known, place } = await readPlace({ type, id }, policy, sources, { gpc });
    if (!known) throw nobody(type);
    const [number = -1] = await subjects.numbersOf(type, [id]);
    let own: Promise<readonly OwnRows[]> | undefined;
    return {
      type,
      id,
      place: typeof place === 'string' ? place : null,
      number,
      own: () => (own ??= readOwnData({ type, id }, policy, sources, { gpc })),
    };
  };

  const place: Resolver = (parent, _args, context) => {
    const { type: name, place: where, number } = parent as MeValue;
    const type = policy.model.types.get(name);
    const column = type?.person?.place;
    const shown = type && column !== undefined ? fieldsOver(type, column) : [];
    // Where no field shows the column, it is named all the same.
    const coordinates = shown.map(({ coordinate }) => coordinate);
    context.noteAccess(
      coordinates.length > 0 ? coordinates : [`${name}.${column ?? 'place'}`],
      number,
    );
    return where;
  };

  const held: Resolver = async (parent, _args, context) => {
    const { own, number } = parent as MeValue;
    const rows = await own();
    const holdings = holdingsOf(rows, policy);
    context.noteAccess(
      holdings.flatMap(({ fields }) => fields),
      number,
    );
    return context.spend(holdings.length) ? holdings : [];
  };

  const head: Resolver = async () => (await options.snapshot.view()).head;

  const purposes: Resolver = async (parent, _args, context) => {
    const choices = purposeChoices(await choiceFacts(parent as MeValue, context, options));
    const weight = choices.reduce((sum, one) => sum + 1 + one.choices.length, 0);
    return context.spend(weight) ? choices : [];
  };

  const history: Resolver = async (parent, args, context) => {
    const { number } = parent as MeValue;
    const lines = await readHistory(knex, number, {
      first: firstOf(args, limits),
      before: (args['before'] as number | null | undefined) ?? undefined,
    });
    if (!context.spend(lines.length)) return [];
    return lines.map((line) => ({
      ...line,
      kind: line.kind.toUpperCase(),
      actor: shownActor(line.actor, number),
    }));
  };

  const reads: Resolver = async (parent, args, context) => {
    const { number } = parent as MeValue;
    const filter = { kind: 'operation', subject: number };
    const first = firstOf(args, limits);
    await catchUp(knex);
    const { entries, next } = await readEntries(knex, filter, {
      first,
      after: (args['after'] as string | null | undefined) ?? undefined,
    });
    const nodes = entries.flatMap((found) =>
      found.entry?.kind !== 'operation'
        ? []
        : {
            at: found.at,
            entry: found.id,
            client: found.entry.client,
            purpose: found.entry.purpose,
            operation: found.entry.operation,
            self: found.entry.actor === `subject:${number}`,
            fields: shownDecisions(found, filter).flatMap(({ coordinates, released, reason }) =>
              coordinates.map((field) => ({ field, released, reason })),
            ),
          },
    );
    const weight = nodes.reduce((sum, { fields }) => sum + 1 + fields.length, 0);
    return context.spend(weight) ? { nodes, next } : { nodes: [], next: null };
  };

  const exported: Resolver = async (parent, args, context) => {
    demandRecentSignIn(context.caller, recentSignInSeconds);
    const who = parent as MeValue;
    const own = await who.own();
    const made = ownExport(own, args['scope'] as ExportScope, who, policy);
    const cells = own.reduce((sum, { rows, fields }) => sum + rows.length * (1 + fields.length), 0);
    context.noteAccess(exportedFields(own, made), who.number);
    return context.spend(cells) ? made : null;
  };

  const receipt: Resolver = (parent, args) =>
    receipts.ofPerson(
      (parent as MeValue).number,
      String(args['record']),
      args['format'] as 'ISO_27560' | 'KANTARA',
    );

  return new Map([
    ['Query.me', me],
    ['Me.place', place],
    ['Me.head', head],
    ['Me.held', held],
    ['Me.purposes', purposes],
    ['Me.history', history],
    ['Me.reads', reads],
    ['Me.export', exported],
    ['Me.receipt', receipt],
  ]);
};
