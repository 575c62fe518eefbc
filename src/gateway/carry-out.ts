import { execute, GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { AnswerBuffer } from '../answer/answer-buffer.ts';
import type { AnswerPlan } from '../answer/answer-plan.ts';
import { loadAnswer } from '../answer/answer-in-bytes.ts';
import type { Paging } from '../answer/write-answer.ts';
import { NotPlain } from '../answer/not-plain.ts';
import { RecordedReads } from '../answer/recorded-reads.ts';
import { AnswerTooLargeError, LedgerError, SourceError, type SaysoError } from '../core/errors.ts';
import { GovernedReader } from '../decision/governed-reader.ts';
import { DecisionRecorder } from '../decision/recorder.ts';
import { ConsentMoved, type DecisionContext } from '../decision/release-rows.ts';
import { WithheldNotes } from '../decision/withheld.ts';
import type { LedgerView } from '../ledger/consent-snapshot.ts';
import type { Sources } from '../sources/source.ts';
import { beginAnswer } from './answer-bytes.ts';
import type { Journey, Turn } from './journey.ts';
import type { OperationContext } from './operation.ts';
import type { Road } from './road.ts';
import { differencesOf, shadowChance, type Difference } from './shadow.ts';

/** Bounds what joins can multiply: distinct rows are few, and an answer repeats them. */
const maxObjects = 250_000;

/** Executes an operation by values: graphql-js, or what does the same. */
export type Executor = (args: ExecutionArgs) => ExecutionResult | PromiseLike<ExecutionResult>;

export interface CarryOutOptions {
  readonly paging: Paging;
  /** Carries out by values what is not answered in bytes. */
  readonly executor: Executor;
  /** Share of queries that are carried out by graphql-js as well and compared, 0 to 1; of long answers fewer. */
  readonly shadow: number;
  /** Told once: from then on graphql-js carries out everything. */
  readonly onDifference: (difference: Difference) => void;
}

/** Whether the ledger does not answer, and Sayso's own database with it. */
export const isSilent = (error: SaysoError): boolean =>
  error instanceof LedgerError && error.code.startsWith('LEDGER_');

/** What went wrong below resolvers, for the operation as a whole. */
interface Faults {
  moved: boolean;
  fatal?: SaysoError;
}

/**
 * Carries out one operation at one head of the ledger: in bytes where all of it is planned, by values
 * where it is not. Both read through governed sources only, and both record what was decided. With
 * `again` its say-so moved in the turn before.
 *
 * @throws LedgerError and AnswerTooLargeError, which refuse the operation as a whole
 */
export const createCarryOut = (
  road: Road,
  { paging, executor, shadow, onDifference }: CarryOutOptions,
): ((journey: Journey, again?: boolean) => Promise<Turn>) => {
  /** Set at the first difference: no answer is made in a way that was once wrong. */
  let mistrusted = false;

  /**
   * A query is decided by the last view that anybody read: whether it holds is settled before anything
   * leaves. Where it did not, the next turn reads its own first.
   */
  const viewFor = (
    { plan }: Journey,
    again: boolean,
  ): LedgerView | undefined | Promise<LedgerView> => {
    if (plan.personalTypes.length === 0) return undefined;
    const carried = again || plan.operation !== 'query' ? undefined : road.snapshot.carried();
    return carried ?? road.snapshot.view();
  };

  const decisionAt = (
    { request }: Journey,
    view: LedgerView | undefined,
    recorder: DecisionRecorder,
    faults: Faults,
  ): DecisionContext => ({
    subjects: road.subjects,
    snapshot: road.snapshot,
    view: view ?? { head: -1, now: 0, notices: 0, history: 0 },
    gpc: request.gpc,
    recorder,
    onFault: (error) => {
      if (error instanceof ConsentMoved) faults.moved = true;
      else if (error instanceof LedgerError) faults.fatal = error;
    },
  });

  /** @returns nothing where it has to be carried out by values */
  const inBytes = async (
    journey: Journey,
    answer: AnswerPlan,
    variables: Readonly<Record<string, unknown>>,
    view: LedgerView | undefined,
    reads: RecordedReads,
  ): Promise<Turn | undefined> => {
    const recorder = new DecisionRecorder();
    const notes = new WithheldNotes();
    const faults: Faults = { moved: false };
    const decision = decisionAt(journey, view, recorder, faults);
    const result = beginAnswer(answer);
    const turn = (moved: boolean): Turn => ({
      result,
      view,
      recorder,
      notes,
      moved,
      changedAt: undefined,
    });
    try {
      const loaded = await loadAnswer({ answer, variables, decision, paging, maxObjects, reads });
      loaded.write(result, notes);
      return turn(false);
    } catch (error) {
      // Values would only count as far again.
      if (error instanceof AnswerTooLargeError) throw error;
      if (error instanceof ConsentMoved) return turn(true);
      if (error instanceof LedgerError && isSilent(error)) throw error;
      if (error instanceof NotPlain || error instanceof SourceError) return undefined;
      // A cursor that does not open, null for an argument that may not be: values say where.
      if (isClients(error) || error instanceof GraphQLError) return undefined;
      throw error;
    }
  };

  const byValues = async (
    journey: Journey,
    from: LedgerView | undefined,
    sources: Sources,
    run: Executor,
  ): Promise<Turn> => {
    const { request, plan } = journey;
    const recorder = new DecisionRecorder();
    const notes = new WithheldNotes();
    const faults: Faults = { moved: false };
    let objects = 0;
    let changedAt: number | undefined;
    let view = from;
    const readerAt = (at: LedgerView | undefined): GovernedReader =>
      new GovernedReader(sources, decisionAt(journey, at, recorder, faults));
    let reader = readerAt(view);
    const context: OperationContext = {
      plan,
      caller: request.caller,
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
    const result = await run({
      schema: road.policy.schema,
      document: request.document,
      operationName: request.operationName,
      variableValues: request.variables,
      contextValue: context,
    });
    // The ledger failed somewhere below: a partial answer would pass for a decision.
    if (faults.fatal) throw faults.fatal;
    return { result, recorder, notes, view, changedAt, moved: faults.moved };
  };

  const mistrust = (difference: Difference, { request }: Journey): void => {
    if (!mistrusted) onDifference({ ...difference, documentHash: request.documentHash });
    mistrusted = true;
  };

  /** What graphql-js makes of the same rows takes the place of a turn that differs from it. */
  const compared = async (turn: Turn, journey: Journey, reads: RecordedReads): Promise<Turn> => {
    if (turn.moved) return turn;
    let reference: Turn;
    try {
      reference = await byValues(journey, turn.view, reads.again(), execute);
    } catch (error) {
      // How much an answer holds is no matter of time, as it is whether the ledger answers.
      if (error instanceof AnswerTooLargeError) mistrust({ what: 'errors' }, journey);
      throw error;
    }
    if (reference.moved) return reference;
    const [difference] = differencesOf(turn, reference);
    if (difference === undefined) return turn;
    mistrust(difference, journey);
    return reference;
  };

  const isCompared = (journey: Journey, bytes: number): boolean =>
    Math.random() < shadowChance(shadow, bytes) && isRepeatable(journey);

  return async (journey, again = false) => {
    const { answer, variables, request } = journey;
    const viewing = viewFor(journey, again);
    const view = viewing instanceof Promise ? await viewing : viewing;
    if (mistrusted) return byValues(journey, view, road.sources, execute);
    const reads = new RecordedReads(road.sources, { gpc: request.gpc });
    const written =
      answer && variables ? await inBytes(journey, answer, variables, view, reads) : undefined;
    if (written) {
      const bytes = written.result instanceof AnswerBuffer ? written.result.at : 0;
      return isCompared(journey, bytes) ? compared(written, journey, reads) : written;
    }
    const shadowed = isCompared(journey, 0);
    // What bytes have read already, failures too, is not asked for again.
    const hasRead = shadowed || answer !== undefined;
    const sources = hasRead ? reads.again() : road.sources;
    const turn = await byValues(journey, view, sources, executor);
    return shadowed ? compared(turn, journey, reads) : turn;
  };
};

/** Only what reads nothing but rows can be carried out twice with the same outcome. */
const isRepeatable = ({ plan }: Journey): boolean =>
  plan.operation === 'query' &&
  [...plan.roots.values()].every(({ kind }) => kind === 'one' || kind === 'page');

const isClients = (error: unknown): boolean =>
  (error as { status?: unknown } | undefined)?.status === 400;
