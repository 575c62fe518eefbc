import { createRequire } from 'node:module';
import {
  execute,
  GraphQLBoolean,
  GraphQLObjectType,
  GraphQLSchema,
  parse,
  type DocumentNode,
} from 'graphql';
import type * as Middleware from 'graphql-middleware';
import type * as Shield from 'graphql-shield';
import { ForbiddenError, SaysoError, SchemaError, type Problem } from '../core/errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { rootFieldsOf } from '../policy/generate-sdl.ts';
import { consentMutations } from './consent-resolvers.ts';

// The ES module build of graphql-shield does not import on Node 24; both must be of one kind, and
// with the same copy of graphql. The casts hold because the builds export the same.
const require = createRequire(import.meta.url);
// Shield's `chain` and `race` call this function, which Node 23 took away: they would refuse always.
const util = require('node:util') as { isUndefined?: (value: unknown) => boolean };
util.isUndefined ??= (value) => value === undefined;
const { rule, and, or, chain, race, shield, deny } = require('graphql-shield') as typeof Shield;
const { applyMiddleware } = require('graphql-middleware') as typeof Middleware;

/** What a deployment's rules are written with: `export const rules = ({ rule, and }) => ({ … })`. */
export const ruleWords = { rule, and, or, chain, race };

/** What named rules may look at. Made anew for every operation: shield keeps a cache in it. */
export interface GuardContext {
  readonly caller: Caller;
  readonly purpose: string | undefined;
}

/** Coordinates whose rules refused, with the error each gave. */
export type Refusals = ReadonlyMap<string, Error>;

/** Request-level rules, evaluated once per coordinate and operation, never per row or cell. */
export interface Guards {
  has(coordinate: string): boolean;
  /**
   * Evaluates the rules of these coordinates; a rule that fails to evaluate refuses.
   * At once where it is known that nothing is refused.
   * @param coordinates a list that is not changed; the same one where the same is asked again
   */
  refusals(coordinates: readonly string[], context: GuardContext): Refusals | Promise<Refusals>;
}

type AnyRule = Parameters<typeof and>[number];

const unique = (name: string, check: (context: GuardContext) => true | Error): AnyRule =>
  rule(name, { cache: 'no_cache' })((_parent: unknown, _args: unknown, context: GuardContext) =>
    check(context),
  );

/** Guards of fields that every deployment has. */
const builtIn = (policy: Policy): ReadonlyMap<string, AnyRule> => {
  const guards = new Map<string, AnyRule>();
  const ofPersons = ['declare', 'removeDeclared', 'erase'].filter(
    (field) => policy.schema.getMutationType()?.getFields()[field],
  );
  for (const field of [...ofPersons, ...consentMutations.keys()]) {
    const ofOthers = consentMutations.get(field) === 'revoked';
    const refusal = ofOthers
      ? `\`${field}\` takes back what somebody else said, and needs the scope \`consent:write\``
      : `\`${field}\` is for a person acting for themself, or needs the scope \`consent:write\``;
    guards.set(
      `Mutation.${field}`,
      unique(`Mutation.${field}`, ({ caller }) =>
        (caller.subject !== undefined && !ofOthers) || caller.mayWriteConsent
          ? true
          : new ForbiddenError(refusal),
      ),
    );
  }
  guards.set(
    'Query.me',
    unique('Query.me', ({ caller }) =>
      caller.subject !== undefined
        ? true
        : new ForbiddenError('`me` needs a token that stands for a person'),
    ),
  );
  for (const field of ['auditEntries', 'auditEntry', 'auditCounts', 'auditPolicy', 'auditLogs']) {
    guards.set(
      `Query.${field}`,
      unique(`Query.${field}`, ({ caller }) =>
        caller.mayReadAudit
          ? true
          : new ForbiddenError(`\`${field}\` needs the scope \`audit:read\``),
      ),
    );
  }
  for (const type of policy.model.types.values()) {
    if (!type.table.root || !type.subject) continue;
    const { one, many } = rootFieldsOf(type);
    for (const field of [one, many]) {
      guards.set(
        `Query.${field}`,
        unique(`Query.${field}`, ({ caller, purpose }) =>
          purpose !== undefined && caller.purposes.has(purpose)
            ? true
            : new ForbiddenError(`\`${field}\` needs a purpose that the token allows`),
        ),
      );
    }
  }
  return guards;
};

interface RuleLike {
  readonly cache?: unknown;
  readonly rules?: readonly RuleLike[];
  readonly constructor: { readonly name: string };
}

/** What in a named rule could release: caches answer for another field, and `not` turns a failure into a yes. */
const faultOf = (one: RuleLike): string | undefined => {
  if (one.constructor.name === 'RuleNot') return 'uses `not`, which lets a failing rule through';
  if (one.rules) return one.rules.map(faultOf).find((fault) => fault !== undefined);
  return one.cache === 'no_cache' ? undefined : 'keeps a cache, which can answer for another field';
};

/** Problems of the module of named rules: each must be written with graphql-shield and keep no cache. */
export const checkRules = (
  rules: ReadonlyMap<string, unknown>,
  where: string,
): readonly Problem[] =>
  [...rules].flatMap(([name, one]) => {
    const isRule = typeof one === 'object' && one !== null && 'resolve' in one;
    const fault = isRule ? faultOf(one) : 'is not written with graphql-shield';
    return fault === undefined
      ? []
      : [
          {
            where,
            what: `the rule \`${name}\` ${fault}`,
            mend: "write it as `rule('name', { cache: 'no_cache' })(…)`, joined by `and`, `or` or `chain`",
          },
        ];
  });

const plain = (): boolean => true;

/**
 * Builds the guards of a policy. Shield is applied to a small schema that has one field for each
 * guarded coordinate, so that a rule runs once however many rows or cells the coordinate has, and
 * its outcome is known before anything is read.
 *
 * @throws SchemaError when a coordinate with a rule turns out not to be guarded
 */
export const createGuards = (policy: Policy, rules: ReadonlyMap<string, unknown>): Guards => {
  const guards = new Map(builtIn(policy));
  /** Sayso's own, whose outcome is settled by caller and purpose. */
  const settled = new Set(guards.keys());
  for (const type of policy.model.types.values()) {
    for (const { coordinate, guard } of type.fields.values()) {
      if (guard.kind !== 'shield' || guard.rules.length === 0) continue;
      // `checkRules` has seen them, `compilePolicy` that they exist.
      settled.delete(coordinate);
      guards.set(coordinate, and(...guard.rules.map((name) => rules.get(name) as AnyRule)));
    }
  }
  const coordinates = [...guards.keys()];
  const fieldOf = new Map(coordinates.map((coordinate, i) => [coordinate, `c${i}`]));
  const bare = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: Object.fromEntries(
        coordinates.map((_, i) => [`c${i}`, { type: GraphQLBoolean, resolve: plain }]),
      ),
    }),
  });
  const tree = Object.fromEntries([...guards.values()].map((one, i) => [`c${i}`, one]));
  const schema = applyMiddleware(
    bare,
    shield({ Query: tree }, { fallbackRule: deny, allowExternalErrors: true }),
  );
  assertGuarded(schema, fieldOf);

  const documents = new Map<string, DocumentNode>();
  const documentFor = (fields: readonly string[]): DocumentNode => {
    const text = `{ ${fields.join(' ')} }`;
    const document = documents.get(text) ?? parse(text);
    if (documents.size < 1_000) documents.set(text, document);
    return document;
  };
  const evaluate = async (
    wanted: readonly string[],
    asked: readonly string[],
    context: GuardContext,
  ): Promise<Refusals> => {
    const refused = new Map<string, Error>();
    const result = await execute({
      schema,
      document: documentFor(asked.map((coordinate) => fieldOf.get(coordinate) ?? '')),
      contextValue: { ...context },
    });
    for (const coordinate of asked) {
      const field = fieldOf.get(coordinate) ?? '';
      if (result.data?.[field] === true) continue;
      const error = result.errors?.find(({ path }) => path?.[0] === field)?.originalError;
      const ours = error instanceof SaysoError ? error : undefined;
      refused.set(coordinate, ours ?? new ForbiddenError(`\`${coordinate}\` is not permitted`));
    }
    const isSettled = refused.size === 0 && asked.every((coordinate) => settled.has(coordinate));
    if (isSettled) permitted.add(wanted, context);
    return refused;
  };
  const permitted = rememberPermitted();
  return {
    has: (coordinate) => fieldOf.has(coordinate),
    refusals: (wanted, context) => {
      if (permitted.has(wanted, context)) return nobodyRefused;
      const asked = wanted.filter((coordinate) => fieldOf.has(coordinate)).sort();
      return asked.length === 0 ? nobodyRefused : evaluate(wanted, asked, context);
    },
  };
};

const nobodyRefused: Refusals = new Map();

/**
 * What callers were permitted by Sayso's own guards, which look at nothing but the caller, who never
 * changes, and the purpose. For as long as caller and list are the same objects: those of one token,
 * and of one plan.
 */
const rememberPermitted = () => {
  const known = new WeakMap<Caller, WeakMap<readonly string[], Set<string | undefined>>>();
  return {
    has: (wanted: readonly string[], { caller, purpose }: GuardContext): boolean =>
      known.get(caller)?.get(wanted)?.has(purpose) === true,
    add: (wanted: readonly string[], { caller, purpose }: GuardContext): void => {
      const lists = known.get(caller) ?? new WeakMap<readonly string[], Set<string | undefined>>();
      known.set(caller, lists);
      const purposes = lists.get(wanted) ?? new Set<string | undefined>();
      lists.set(wanted, purposes.add(purpose));
    },
  };
};

/** INVARIANT: shield has wrapped every coordinate that has a rule. */
const assertGuarded = (schema: GraphQLSchema, fieldOf: ReadonlyMap<string, string>): void => {
  const fields = schema.getQueryType()?.getFields() ?? {};
  const open = [...fieldOf].filter(([, field]) => (fields[field]?.resolve ?? plain) === plain);
  if (open.length === 0) return;
  throw new SchemaError(
    open.map(([coordinate]) => ({
      where: coordinate,
      what: `\`${coordinate}\` has a rule and is not guarded`,
      mend: 'this is a defect of the gateway or of the installed graphql-shield; do not start it',
    })),
  );
};
