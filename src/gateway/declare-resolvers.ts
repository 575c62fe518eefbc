import type { Knex } from 'knex';
import type { ConsentInput, SubjectRef } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import { demandRecentSignIn } from '../identity/recent-sign-in.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { declareArgOf, rootFieldsOf } from '../policy/generate-sdl.ts';
import type { DomainField, DomainType } from '../policy/model.ts';
import { actingSubject, agentOf, isForSelf, type SubjectArg } from './acting-subject.ts';
import type { BuiltInOptions } from './built-in-options.ts';
import { changedPerson } from './consent-resolvers.ts';
import type { OperationContext, Resolver } from './operation.ts';

/** What `Declaration` is resolved from. */
interface Declaration {
  readonly head: number;
  readonly records: readonly string[];
  readonly subject: SubjectRef;
  readonly responseKey: string;
}

interface Told {
  readonly field: DomainField;
  /** Null for what is removed. */
  readonly value: unknown;
}

/** Most characters of one declared value as JSON. */
const longestValue = 10_000;

const toldIn = (
  types: readonly DomainType[],
  args: Readonly<Record<string, unknown>>,
): readonly Told[] =>
  types.flatMap((type) => {
    const given = args[declareArgOf(type)] as Readonly<Record<string, unknown>> | null | undefined;
    if (given === null || given === undefined) return [];
    return [...type.fields.values()].flatMap((field) => {
      const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
      return value === undefined ? [] : [{ field, value }];
    });
  });

/** PostgreSQL keeps neither NUL nor half a character, and would say so as if it were out of order. */
const isText = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every(isText)
    : typeof value !== 'string' || (!value.includes('\0') && value.isWellFormed());

const checkValue = ({ field, value }: Told): void => {
  if (!isText(value))
    throw new LedgerError(`\`${field.coordinate}\` holds what is not text`, 'CONSENT_INVALID');
  if (JSON.stringify(value).length <= longestValue) return;
  throw new LedgerError(
    `\`${field.coordinate}\` is longer than ${longestValue} characters`,
    'CONSENT_INVALID',
  );
};

/** Says of a field and a purpose that do not go together, by their names, before anything is said. */
const checkShared = (told: readonly Told[], purposes: readonly string[], policy: Policy): void => {
  const { purposeTree, categoryTree } = policy.model;
  for (const purpose of purposes) {
    if (!purposeTree.leaves.includes(purpose)) {
      const below = purposeTree.leavesOf(purpose).join(', ');
      throw new LedgerError(
        `\`${purpose}\` has other purposes under it: choose among ${below}`,
        'CONSENT_INVALID',
      );
    }
    const stranger = told.find(
      ({ field: { guard, coordinate }, value }) =>
        value !== null &&
        guard.kind === 'shield' &&
        guard.categories
          .flatMap((category) => categoryTree.leavesOf(category))
          .some((leaf) => policy.pairOf(purpose, leaf, coordinate) === undefined),
    );
    if (stranger)
      throw new LedgerError(
        `\`${purpose}\` never uses \`${stranger.field.coordinate}\`, so it cannot be shared for that`,
        'CONSENT_INVALID',
      );
  }
};

/**
 * What the person said with it: these fields are for the purposes chosen, and for no other any
 * more. First the no to everything, then the yes, so that what was chosen before does not outlive
 * the choice.
 */
const statementsOf = (
  told: readonly Told[],
  purposes: readonly string[],
  base: Pick<ConsentInput, 'subject' | 'method' | 'actor'>,
  confirmed: boolean,
): readonly ConsentInput[] => {
  const coordinates = told.map(({ field }) => field.coordinate);
  const kept = told.filter(({ value }) => value !== null).map(({ field }) => field.coordinate);
  const no: ConsentInput = { ...base, kind: 'withdrawn', declared: coordinates };
  // One by one: a purpose that never uses one of them is refused by that one's name.
  const yeses = kept.flatMap((coordinate) =>
    [...new Set(purposes)].map((purpose): ConsentInput => ({
      ...base,
      kind: 'given',
      purpose,
      declared: [coordinate],
      ...(confirmed && { confirmed }),
    })),
  );
  return [no, ...yeses];
};

const store = async (
  trx: Knex.Transaction,
  subject: number,
  told: readonly Told[],
): Promise<void> => {
  for (const { field, value } of told) {
    await (value === null
      ? trx.raw('delete from declared_value where subject = ? and coordinate = ?', [
          subject,
          field.coordinate,
        ])
      : trx.raw(
          `insert into declared_value (subject, coordinate, value) values (?, ?, ?::jsonb)
           on conflict (subject, coordinate) do update
           set value = excluded.value, declared_at = clock_timestamp()`,
          [subject, field.coordinate, JSON.stringify(value)],
        ));
  }
};

/** Resolvers of `declare` and `removeDeclared`; none where the SDL has no declared types. */
export const declareResolvers = (options: BuiltInOptions): ReadonlyMap<string, Resolver> => {
  const { policy, subjects, recentSignInSeconds } = options;
  const { model } = policy;
  const types = [...model.types.values()].filter((type) => type.declared);

  const record = async (
    told: readonly Told[],
    purposes: readonly string[],
    args: { readonly subject?: SubjectArg | null; readonly confirmed?: boolean | null },
    context: OperationContext,
    responseKey: string,
  ): Promise<Declaration> => {
    const subject = actingSubject(args.subject, context, policy);
    const shares = purposes.length > 0 && told.some(({ value }) => value !== null);
    const self = isForSelf(args.subject, context, policy);
    if (shares && self) demandRecentSignIn(context.caller, recentSignInSeconds);
    const strangers = told.filter(({ field }) => !isAbout(field, subject.type));
    if (told.length === 0 || strangers.length > 0)
      throw new LedgerError(
        told.length === 0
          ? 'no declared field is named'
          : `\`${strangers[0]?.field.coordinate ?? ''}\` is not declared by a \`${subject.type}\``,
        'CONSENT_INVALID',
      );
    told.forEach(checkValue);
    checkShared(told, purposes, policy);
    const actor = self ? undefined : await agentOf(context, subjects, policy);
    const base = { subject, method: 'declare', actor };
    const { head, events } = await context.say(
      statementsOf(told, purposes, base, args.confirmed === true),
      {
        // What is told is written too, also where only a no is said: never under another's number.
        exact: self,
        alongside: async (trx, [number]) => {
          if (number !== undefined) await store(trx, number, told);
        },
      },
    );
    return { head, records: events.map((event) => event.record), subject, responseKey };
  };
  const isAbout = (field: DomainField, person: string): boolean =>
    types.some((type) => type.fields.get(field.name) === field && type.subject?.type === person);

  const declare: Resolver = (_parent, args, context, info) =>
    record(
      toldIn(types, args),
      args['for'] as readonly string[],
      args,
      context,
      String(info.path.key),
    );
  const remove: Resolver = (_parent, args, context, info) => {
    const named = args['fields'] as readonly string[] | null | undefined;
    const person = (args['subject'] as SubjectArg | null | undefined)?.type ?? model.signInType;
    const all = types.flatMap((type) =>
      [...type.fields.values()].map((field) => ({ type, field })),
    );
    const told = all
      .filter(({ type, field }) =>
        named ? named.includes(`${type.name}_${field.name}`) : type.subject?.type === person,
      )
      .map(({ field }) => ({ field, value: null }));
    return record(told, [], args, context, String(info.path.key));
  };
  if (types.length === 0) return new Map();
  const person = model.types.get(model.signInType ?? '');
  return new Map<string, Resolver>([
    ['Mutation.declare', declare],
    ['Mutation.removeDeclared', remove],
    ...(person ? [[`Declaration.${rootFieldsOf(person).one}`, changedPerson] as const] : []),
  ]);
};
