import type { ExecutionResult } from 'graphql';
import type { AnswerPlan } from '../answer/answer-plan.ts';
import type { AnswerBuffer } from '../answer/answer-buffer.ts';
import type { DecisionRecorder } from '../decision/recorder.ts';
import type { WithheldNotes } from '../decision/withheld.ts';
import type { LedgerView } from '../ledger/consent-snapshot.ts';
import type { Plan } from '../policy/plan.ts';
import type { OperationRequest } from './operation.ts';

/** One operation on its way; what is known of it grows step by step. */
export interface Journey {
  readonly request: OperationRequest;
  readonly entry: string;
  readonly purpose: string | undefined;
  readonly plan: Plan;
  /** How the answer is written from bytes; absent where it is made of values. */
  readonly answer?: AnswerPlan | undefined;
  /** Coerced variables; absent where they do not fit the operation. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** What one turn of carrying an operation out made. */
export interface Turn {
  /** Values, or `data` as JSON. */
  readonly result: ExecutionResult | AnswerBuffer;
  readonly view: LedgerView | undefined;
  readonly recorder: DecisionRecorder;
  readonly notes: WithheldNotes;
  /** Say-so moved, so the result must not leave. */
  readonly moved: boolean;
  /** The ledger took a change, at this head. */
  readonly changedAt: number | undefined;
}
