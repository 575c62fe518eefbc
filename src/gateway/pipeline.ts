import { HeaderMap } from '@apollo/server';
import {
  execute,
  getVariableValues,
  GraphQLError,
  OperationTypeNode,
  type ExecutionResult,
} from 'graphql';
import { uuidv7 } from 'uuidv7';
import type { AuditStore } from '../audit/audit-store.ts';
import type { OperationEntry } from '../audit/entry.ts';
import {
  AnswerTooLargeError,
  AuditError,
  LedgerError,
  PlanError,
  PurposeError,
  SaysoError,
  SignInError,
} from '../core/errors.ts';
import { GovernedReader } from '../decision/governed-reader.ts';
import type { Consents } from '../decision/identified-consents.ts';
import { DecisionRecorder } from '../decision/recorder.ts';
import { ConsentMoved } from '../decision/release-rows.ts';
import { WithheldNotes } from '../decision/withheld.ts';
import { actorName } from '../identity/actor-name.ts';
import { missingPurpose, resolvePurpose } from '../identity/resolve-purpose.ts';
import type { ConsentSnapshot, LedgerView } from '../ledger/consent-snapshot.ts';
import type { NoticesInForce } from '../ledger/notices-in-force.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { Plan } from '../policy/plan.ts';
import type { Sources } from '../sources/source.ts';
import { boundErrors } from './bound-errors.ts';
import { declaredPurpose, purposeAsWritten } from './declared-purpose.ts';
import type { Guards } from './guards.ts';
import { heedSignal } from './heed-signal.ts';
import { loggedErrors } from './logged-errors.ts';
import { toGraphQLError } from './mask-errors.ts';
import type { OperationContext, OperationRequest } from './operation.ts';
import { PlanCache } from './plan-cache.ts';

/** Everything that stands along the road, built once in \`app.ts\`. */
export interface Road {
  readonly policy: Policy;
  readonly guards: Guards;
  readonly sources: Sources;
  readonly subjects: SubjectDirectory;
  readonly snapshot: ConsentSnapshot;
  readonly consents: Consents;
  readonly notices: NoticesInForce;
  readonly audit: AuditStore;
}

/** A query is decided again this often when say-so moves under it; then it is refused. */
const maxTurns = 3;

/** Bounds what joins can multiply: distinct rows are few, and an answer repeats them. */
const maxObjects = 250_000;
/** As graphql-js itself has it: more is told to nobody, and each costs a search for near words. */
const maxErrors = 50;

/** One operation on its way; what is known of it grows step by step. */
interface Journey {
  readonly request: OperationRequest;
  readonly entry: string;
  readonly purpose: string | undefined;
  readonly plan: Plan;
}

/** What one turn of execution made. */
interface Turn {
  readonly result: ExecutionResult;
  readonly view: LedgerView | undefined;
  readonly recorder: DecisionRecorder;
  readonly notes: WithheldNotes;
  /** Say-so moved, so the result must not leave. */
  readonly moved: boolean;
  /** The ledger took a change, at this head. */
  readonly changedAt: number | undefined;
}

/**
 * The whole road of a request on one screen:
 * identity and purpose → plan → sources → decision → response + audit.
 * Every transport calls it, so enforcement hangs on no plugin of any.
 */
export const createPipeline = (
  road: Road,
): ((request: OperationRequest) => Promise<ExecutionResult>) => {
  const { policy } = road;
  const known = new Set(policy.model.purposeTree.names);
  const plans = new PlanCache();

  const depart = async (request: OperationRequest, entry: string): Promise<Journey> => {
    const { operation, document, caller, registered } = request;
    if (request.refusal) throw request.refusal;
    if (!operation) throw new PlanError('the document has no such operation');
    if (operation.operation === OperationTypeNode.SUBSCRIPTION)
      throw new PlanError('subscriptions are not served here');
    const coerced = getVariableValues(
      policy.schema,
      operation.variableDefinitions ?? [],
      request.variables,
      { maxErrors },
    );
    // With bad variables graphql-js executes nothing and says what is wrong with them.
    const variables = coerced.coerced ?? {};
    const directive = coerced.coerced
      ? declaredPurpose(policy, operation, coerced.coerced)
      : purposeAsWritten(operation, request.variables);
    const header = request.purposeHeader;
    const purpose = resolvePurpose({ header, directive, registered, known, caller });
    const base = { policy, document, operation, variables, purpose };
    const open = plans.plan({ ...base, refused: new Set() });
    if (open.personalTypes.length > 0 && purpose === undefined) throw missingPurpose(caller, known);
    const rootType = open.operation === 'mutation' ? 'Mutation' : 'Query';
    const rootCoordinates = [...open.roots.values()].map(({ field }) => `${rootType}.${field}`);
    const refusals = await road.guards.refusals(
      [...new Set([...rootCoordinates, ...open.guarded])],
      {
        caller,
        purpose,
      },
    );
    for (const coordinate of rootCoordinates) {
      const refusal = refusals.get(coordinate);
      if (refusal) throw refusal;
    }
    const plan =
      refusals.size === 0 ? open : plans.plan({ ...base, refused: new Set(refusals.keys()) });
    refuseMixedMutation(plan);
    return { request, entry, purpose, plan };
  };

  const travel = async ({ request, plan }: Journey): Promise<Turn> => {
    const { caller } = request;
    const recorder = new DecisionRecorder();
    const notes = new WithheldNotes();
    const faults: { moved: boolean; fatal?: SaysoError } = { moved: false };
    let objects = 0;
    let changedAt: number | undefined;
    let view = plan.personalTypes.length > 0 ? await road.snapshot.view() : undefined;
    const readerAt = (at: LedgerView): GovernedReader =>
      new GovernedReader(road.sources, {
        subjects: road.subjects,
        snapshot: road.snapshot,
        view: at,
        gpc: request.gpc,
        recorder,
        onFault: (error) => {
          if (error instanceof ConsentMoved) faults.moved = true;
          else if (error instanceof LedgerError) faults.fatal = error;
        },
      });
    let reader = readerAt(view ?? { head: -1, now: 0, notices: 0 });
    const context: OperationContext = {
      plan,
      caller,
      notes,
      gpc: request.gpc,
      noteAccess: (coordinates, subject) => recorder.noteAccess(coordinates, subject),
      noteChange: (head) => {
        changedAt = head;
      },
      reader: () => reader,
      spend: (more) => {
        objects += more;
        if (objects > maxObjects) faults.fatal ??= new AnswerTooLargeError(maxObjects);
        return objects <= maxObjects;
      },
      say: async (inputs, how) => {
        const appended = await road.consents.append(inputs, how).catch((error: unknown) => {
          if (error instanceof LedgerError && isSilent(error)) faults.fatal = error;
          throw error;
        });
        if (!appended) throw new Error('an unnamed append always appends');
        changedAt = appended.head;
        view = await road.snapshot.view();
        reader = readerAt(view);
        return appended;
      },
    };
    const result = await execute({
      schema: policy.schema,
      document: request.document,
      operationName: request.operationName,
      variableValues: request.variables,
      contextValue: context,
    });
    // The ledger failed somewhere below: a partial answer would pass for a decision.
    if (faults.fatal) throw faults.fatal;
    let { moved } = faults;
    if (!moved && view && recorder.asked.size > 0) {
      await road.snapshot.view();
      moved = road.snapshot.movedSince(recorder.asked, view.head);
    }
    return { result, view, recorder, notes, moved, changedAt };
  };

  const arrive = async (journey: Journey): Promise<ExecutionResult> => {
    for (let turn = 1; ; turn += 1) {
      const { result, view, recorder, notes, moved, changedAt } = await travel(journey);
      if (moved) {
        if (journey.plan.operation === 'query' && turn < maxTurns) continue;
        throw movedError(journey.plan.operation === 'mutation' ? view : undefined);
      }
      try {
        await road.audit.append(
          await entryOf(journey, outcomeOf(result), view, recorder, result.errors),
        );
      } catch (error) {
        // A change of say-so cannot be taken back; whoever made it must know that it counts.
        if (changedAt !== undefined && error instanceof AuditError)
          throw new AuditError(error.cause, changedAt);
        throw error;
      }
      return {
        ...result,
        ...(result.errors && { errors: withStatus(result, boundErrors(result.errors)) }),
        extensions: { ...result.extensions, sayso: extension(journey, view, notes) },
      };
    }
  };

  const entryOf = async (
    { request, entry, purpose }: Pick<Journey, 'request' | 'entry' | 'purpose'>,
    outcome: string,
    view: LedgerView | undefined,
    recorder: DecisionRecorder,
    errors: readonly GraphQLError[] = [],
  ): Promise<OperationEntry> => ({
    kind: 'operation',
    id: entry,
    client: request.caller.client,
    actor: await actorOf(request, road),
    purpose,
    operation: request.operation?.name?.value,
    documentHash: request.documentHash,
    policy: policy.id,
    head: view?.head,
    decidedAt: view?.now,
    notices: await noticesOf(purpose, view),
    outcome,
    signals: request.gpc ? ['GPC'] : [],
    errors: loggedErrors(errors),
    ...recorder.packed(),
  });

  const noticesOf = async (
    purpose: string | undefined,
    view: LedgerView | undefined,
  ): Promise<readonly string[]> => {
    if (purpose === undefined || view === undefined || !known.has(purpose)) return [];
    try {
      return await road.notices.telling(policy.model.purposeTree.leavesOf(purpose), view.notices);
    } catch (error) {
      throw new AuditError(error);
    }
  };

  const extension = (journey: Journey, view: LedgerView | undefined, notes: WithheldNotes) => ({
    ...(journey.purpose !== undefined && { purpose: journey.purpose }),
    policy: policy.id,
    ...(view && { head: view.head }),
    entry: journey.entry,
    withheld: notes.list(),
    ...(journey.plan.filtered.length > 0 && { filtered: journey.plan.filtered }),
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
      await heedSignal(request, road);
      return await arrive(await depart(request, entry));
    } catch (error) {
      // Where null is given for an argument of @for, @skip or @include, which validation lets pass
      // for a variable with a default, graphql-js says so while the operation is planned.
      const isClients = error instanceof GraphQLError;
      return refuse(request, entry, isClients ? new PlanError(error.message) : error);
    }
  };
};

/** Whether the ledger does not answer, and Sayso's own database with it. */
const isSilent = (error: SaysoError): boolean =>
  error instanceof LedgerError && error.code.startsWith('LEDGER_');

/** Variables that do not fit the operation: graphql-js has executed nothing. */
const outcomeOf = ({ data }: ExecutionResult): string =>
  data === undefined ? 'BAD_USER_INPUT' : 'ANSWERED';

/** Persons by number; whoever else the token names by that name: agents answer for what they do. */
const actorOf = async ({ caller }: OperationRequest, road: Road): Promise<string> => {
  const { signInType } = road.policy.model;
  if (caller.subject === undefined || signInType === undefined) return actorName(caller);
  const number = await road.subjects.known(signInType, caller.subject).catch((error: unknown) => {
    throw new AuditError(error);
  });
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
