import { HeaderMap } from '@apollo/server';
import {
  getVariableValues,
  GraphQLError,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
} from 'graphql';
import { AnswerBuffer } from '../answer/answer-buffer.ts';
import {
  AuditError,
  LedgerError,
  PlanError,
  PurposeError,
  SaysoError,
  SignInError,
} from '../core/errors.ts';
import { uuidv7 } from '../core/uuid.ts';
import { DecisionRecorder } from '../decision/recorder.ts';
import type { WithheldLine } from '../decision/withheld.ts';
import { actorName } from '../identity/actor-name.ts';
import type { Caller } from '../identity/caller.ts';
import { missingPurpose, resolvePurpose } from '../identity/resolve-purpose.ts';
import type { LedgerView } from '../ledger/consent-snapshot.ts';
import { branchingVariables } from '../policy/collect-fields.ts';
import type { Plan } from '../policy/plan.ts';
import { AnswerBytes, type SaysoExtension } from './answer-bytes.ts';
import { AnswerCache } from './answer-cache.ts';
import { boundErrors } from './bound-errors.ts';
import { createCarryOut, isSilent, type CarryOutOptions } from './carry-out.ts';
import { declaredPurpose, purposeAsWritten } from './declared-purpose.ts';
import { guardedIn } from './guarded-in.ts';
import type { Refusals } from './guards.ts';
import { heedSignal } from './heed-signal.ts';
import type { Journey, Turn } from './journey.ts';
import { loggedErrors } from './logged-errors.ts';
import { toGraphQLError } from './mask-errors.ts';
import type { OperationRequest } from './operation.ts';
import { PlanCache } from './plan-cache.ts';
import type { Road } from './road.ts';
import { createSettle, type Settled, type UnsettledEntry } from './settle.ts';

/** So often a query is decided when say-so moves under it, first by a carried view; then it is refused. */
const maxTurns = 4;

/** As graphql-js itself has it: more is told to nobody, and each costs a search for near words. */
const maxErrors = 50;

/**
 * The whole road of a request on one screen:
 * identity and purpose → plan → sources → decision → response + audit.
 * Every transport calls it, so enforcement hangs on no plugin of any.
 */
export const createPipeline = (
  road: Road,
  options: CarryOutOptions,
): ((request: OperationRequest) => Promise<ExecutionResult | AnswerBytes>) => {
  const { policy } = road;
  const known = new Set(policy.model.purposeTree.names);
  const plans = new PlanCache();
  const answers = new AnswerCache();

  const depart = (request: OperationRequest, entry: string): Journey | Promise<Journey> => {
    const { operation, document, caller, registered } = request;
    if (request.refusal) throw request.refusal;
    if (!operation) throw new PlanError(whichOperation(request));
    if (operation.operation === OperationTypeNode.SUBSCRIPTION)
      throw new PlanError('subscriptions are not served here');
    const coerced = getVariableValues(
      policy.schema,
      operation.variableDefinitions ?? [],
      request.variables,
      { maxErrors },
    );
    // With bad variables graphql-js executes nothing and says what is wrong with them.
    const variables = coerced.coerced ?? noneOf(document);
    const directive = coerced.coerced
      ? declaredPurpose(policy, operation, coerced.coerced)
      : purposeAsWritten(operation, request.variables);
    const header = request.purposeHeader;
    const purpose = resolvePurpose({ header, directive, registered, known, caller });
    const base = { policy, document, operation, variables, purpose, refused: nobody };
    const open = plans.plan(base);
    if (open.personalTypes.length > 0 && purpose === undefined) throw missingPurpose(caller, known);
    const guarded = guardedIn(open);
    const guarding = road.guards.refusals(guarded.all, { caller, purpose });
    const guardedBy = (refusals: Refusals): Journey => {
      for (const coordinate of guarded.roots) {
        const refusal = refusals.get(coordinate);
        if (refusal) throw refusal;
      }
      const plan =
        refusals.size === 0 ? open : plans.plan({ ...base, refused: new Set(refusals.keys()) });
      refuseMixedMutation(plan);
      const { sources } = road;
      const answer = answers.answer({ policy, document, operation, variables, plan, sources });
      return { request, entry, purpose, plan, answer, variables: coerced.coerced };
    };
    return guarding instanceof Promise ? guarding.then(guardedBy) : guardedBy(guarding);
  };

  const travel = createCarryOut(road, options);
  const settle = createSettle(road);

  const arrive = async (journey: Journey): Promise<ExecutionResult | AnswerBytes> => {
    for (let turn = 1; ; turn += 1) {
      const made = await travel(journey, turn > 1);
      const { result, notes } = made;
      const settled = made.moved ? undefined : await settleTurn(journey, made);
      if (settled === undefined) {
        if (journey.plan.operation === 'query' && turn < maxTurns) continue;
        throw movedError(journey.plan.operation === 'mutation' ? made.view : undefined);
      }
      const { view } = settled;
      // INVARIANT: what was decided by a view that nobody confirmed does not leave.
      if (view?.carriedAt !== undefined) throw new Error('a view was carried and not confirmed');
      if (result instanceof AnswerBuffer)
        return new AnswerBytes(result, extension(journey, view, notes.lines()), journey.answer);
      const sayso = extension(journey, view, notes.list());
      return {
        ...result,
        ...(result.errors && { errors: withStatus(result, boundErrors(result.errors)) }),
        extensions: { ...result.extensions, sayso },
      };
    }
  };

  const settleTurn = async (journey: Journey, turn: Turn): Promise<Settled | undefined> => {
    const { result, view, recorder, changedAt } = turn;
    try {
      const making =
        result instanceof AnswerBuffer
          ? entryOf(journey, 'ANSWERED', view, recorder)
          : entryOf(journey, outcomeOf(result), view, recorder, result.errors);
      return await settle(turn, making instanceof Promise ? await making : making);
    } catch (error) {
      // A change of say-so cannot be taken back; whoever made it must know that it counts.
      if (changedAt !== undefined && error instanceof AuditError)
        throw new AuditError(error.cause, changedAt);
      throw error;
    }
  };

  /** At once where nobody has to be asked for anything, as for most. */
  const entryOf = (
    journey: Pick<Journey, 'request' | 'entry' | 'purpose'>,
    outcome: string,
    view: LedgerView | undefined,
    recorder: DecisionRecorder,
    errors?: readonly GraphQLError[],
  ): UnsettledEntry | Promise<UnsettledEntry> => {
    const { request, purpose } = journey;
    const made = (actor: string, notices: readonly string[]): UnsettledEntry =>
      entryBy(journey, { outcome, view, recorder, errors, actor, notices });
    // One after the other: should both fail, nobody would wait for the second.
    const noticed = (actor: string): UnsettledEntry | Promise<UnsettledEntry> => {
      const telling = noticesOf(purpose, view);
      return telling instanceof Promise
        ? telling.then((notices) => made(actor, notices))
        : made(actor, telling);
    };
    const acting = actorOf(request, road);
    return acting instanceof Promise ? acting.then(noticed) : noticed(acting);
  };

  const entryBy = (
    { request, entry, purpose }: Pick<Journey, 'request' | 'entry' | 'purpose'>,
    { outcome, view, recorder, errors, actor, notices }: EntryParts,
  ): UnsettledEntry => {
    const { coordinates, sets, decisions } = recorder.packed();
    return {
      kind: 'operation',
      id: entry,
      client: request.caller.client,
      actor,
      purpose,
      operation: request.operation?.name?.value,
      documentHash: request.documentHash,
      policy: policy.id,
      head: view?.head,
      decidedAt: view?.now,
      notices,
      outcome,
      signals: request.gpc ? ['GPC'] : none,
      errors: errors ? loggedErrors(errors) : none,
      coordinates,
      sets,
      decisions,
    };
  };

  const noticesOf = (
    purpose: string | undefined,
    view: LedgerView | undefined,
  ): readonly string[] | Promise<readonly string[]> => {
    if (purpose === undefined || view === undefined || !known.has(purpose)) return none;
    const telling = road.notices.telling(policy.model.purposeTree.leavesOf(purpose), view.notices);
    return telling instanceof Promise ? telling.catch(asAuditError) : telling;
  };

  // What is undefined is left out of JSON.
  const extension = (
    { purpose, plan: { filtered }, entry }: Journey,
    view: LedgerView | undefined,
    withheld: readonly WithheldLine[],
  ): SaysoExtension => ({
    purpose,
    policy: policy.id,
    head: view?.head,
    entry,
    withheld,
    filtered: filtered.length > 0 ? filtered : undefined,
  });

  /** An operation that is refused as a whole leaves an entry too. */
  const refuse = async (
    request: OperationRequest,
    entry: string,
    error: unknown,
  ): Promise<ExecutionResult> => {
    if (!(error instanceof SaysoError)) {
      const cause = error instanceof Error ? error : new Error(typeof error);
      const extensions = { http: { status: 500 } };
      return { errors: [new GraphQLError('unexpected', { originalError: cause, extensions })] };
    }
    const refusal = { errors: [toGraphQLError(error, true)] };
    // With the ledger or the log gone there is nowhere to write, and nothing leaves anyway.
    if (error instanceof AuditError || isSilent(error)) return refusal;
    try {
      const purpose = error instanceof PurposeError ? error.asked : undefined;
      const journey = { request, entry, purpose };
      const nothing = new DecisionRecorder();
      await road.audit.append(await entryOf(journey, error.code, undefined, nothing));
      return { ...refusal, extensions: { sayso: { policy: policy.id, entry } } };
    } catch (auditError) {
      const unwritten = auditError instanceof SaysoError ? auditError : new AuditError(auditError);
      return { errors: [toGraphQLError(unwritten, true)] };
    }
  };

  return async (request) => {
    const entry = uuidv7();
    try {
      // First: it is the person's word, whatever becomes of the operation.
      if (request.gpc) await heedSignal(request, road);
      const departing = depart(request, entry);
      return await arrive(departing instanceof Promise ? await departing : departing);
    } catch (error) {
      // Where null is given for an argument of @for, @skip or @include, which validation lets pass
      // for a variable with a default, graphql-js says so while the operation is planned.
      const isClients = error instanceof GraphQLError;
      return refuse(request, entry, isClients ? new PlanError(error.message) : error);
    }
  };
};

/** What an entry tells besides of what it is an entry. */
interface EntryParts {
  readonly outcome: string;
  readonly view: LedgerView | undefined;
  readonly recorder: DecisionRecorder;
  readonly errors: readonly GraphQLError[] | undefined;
  readonly actor: string;
  readonly notices: readonly string[];
}

/** For what is planned and never carried out. */
const noneOf = (document: DocumentNode): Readonly<Record<string, unknown>> =>
  Object.fromEntries(branchingVariables(document).map((name) => [name, false]));

const nobody: ReadonlySet<string> = new Set();
const none: readonly never[] = [];

const asAuditError = (error: unknown): never => {
  throw new AuditError(error);
};

const whichOperation = ({ operationName }: OperationRequest): string =>
  operationName === undefined
    ? 'the document has several operations; say which by `operationName`'
    : 'the document has no such operation';

/** Variables that do not fit the operation: graphql-js has executed nothing. */
const outcomeOf = ({ data }: ExecutionResult): string =>
  data === undefined ? 'BAD_USER_INPUT' : 'ANSWERED';

/** Persons by number; whoever else the token names by that name: agents answer for what they do. */
const actorOf = ({ caller }: OperationRequest, road: Road): string | Promise<string> => {
  const { signInType } = road.policy.model;
  return caller.subject === undefined || signInType === undefined
    ? actorName(caller)
    : actingPerson(caller, road.subjects.known(signInType, caller.subject));
};

const actingPerson = async (
  caller: Caller,
  known: Promise<number | undefined>,
): Promise<string> => {
  const number = await known.catch(asAuditError);
  if (number !== undefined) return `subject:${number}`;
  return caller.mayWriteConsent || caller.mayReadAudit ? actorName(caller) : 'subject:unknown';
};

/**
 * A change that was not made is no success: where nothing at all came of a mutation, the HTTP status
 * is that of the first error (GraphQL over HTTP lets `data: null` go with one).
 */
const withStatus = (
  { data }: ExecutionResult,
  errors: readonly GraphQLError[],
): readonly GraphQLError[] => {
  const [first, ...rest] = errors;
  const cause = first?.originalError;
  if (data !== null || !first || !(cause instanceof SaysoError)) return errors;
  const http = {
    status: cause.status,
    ...(cause instanceof SignInError && { headers: new HeaderMap(cause.challenge) }),
  };
  const told = new GraphQLError(first.message, {
    nodes: first.nodes ?? null,
    source: first.source ?? null,
    positions: first.positions ?? null,
    path: first.path ?? null,
    originalError: cause,
    extensions: { ...first.extensions, http },
  });
  return [told, ...rest];
};

/** Two changes with payloads would be decided at two heads, and an entry names one. */
const refuseMixedMutation = (plan: Plan): void => {
  if (plan.operation !== 'mutation' || plan.roots.size < 2) return;
  const reads = [...plan.roots.values()].some(
    (root) => root.kind === 'consent' && root.persons.size > 0,
  );
  if (reads)
    throw new PlanError(
      'several changes and a person’s data in one operation; send them one by one',
    );
};

const movedError = (view: LedgerView | undefined): LedgerError =>
  new LedgerError(
    view === undefined
      ? 'say-so kept changing while this was answered; try again'
      : 'the change is recorded; say-so changed again while its payload was read',
    'CONSENT_MOVED',
    view ? { details: { head: view.head } } : {},
  );
