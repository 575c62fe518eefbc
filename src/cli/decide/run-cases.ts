import { decideField, type FieldDecision } from '../../decision/decide-field.ts';
import type { Policy } from '../../policy/compile-policy.ts';
import type { ReadCase } from './case-file.ts';

/** What a case expects, and what the policy makes of it. */
export interface CaseResult {
  readonly group: string;
  readonly name: string;
  readonly expect: ReadCase['expect'];
  readonly actual: FieldDecision;
  readonly agrees: boolean;
}

/** What a worked case comes to under a policy. */
export const runCase = (one: ReadCase, policy: Policy): CaseResult => {
  const { group, name, request, expect, stored } = one;
  const actual = decideField(policy, {
    purpose: request.purpose,
    coordinate: request.field,
    events: stored,
    place: request.place,
    gpc: request.gpc,
    now: Date.parse(request.at) * 1000,
  });
  const agrees = actual.release === expect.release && actual.reason === expect.reason;
  return { group, name, expect, actual, agrees };
};
