import type { SubjectRef } from '../core/consent.ts';
import { ForbiddenError, LedgerError } from '../core/errors.ts';
import { actorName } from '../identity/actor-name.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Policy } from '../policy/compile-policy.ts';
import type { OperationContext } from './operation.ts';

/** A person as an agent names them. */
export interface SubjectArg {
  readonly type?: string | null | undefined;
  readonly id: string;
}

/**
 * Who something is said for: whom an agent names, else the person whose token it is.
 * @throws ForbiddenError, or LedgerError CONSENT_INVALID where nobody is named
 */
export const actingSubject = (
  named: SubjectArg | null | undefined,
  { caller }: OperationContext,
  policy: Policy,
): SubjectRef => {
  const { signInType } = policy.model;
  if (named) {
    if (!caller.mayWriteConsent) {
      throw new ForbiddenError('to act for another needs the scope `consent:write`');
    }
    const type = named.type ?? signInType;
    if (type !== undefined) return { type, id: named.id };
    throw new LedgerError('`subject.type` is needed: several types are persons', 'CONSENT_INVALID');
  }
  if (caller.subject !== undefined && signInType !== undefined) {
    return { type: signInType, id: caller.subject };
  }
  throw caller.mayWriteConsent
    ? new LedgerError('name the `subject` you act for', 'CONSENT_INVALID')
    : new ForbiddenError('this token stands for no person');
};

/** Whether somebody acts for themself, be it that they name themself as an agent would. */
export const isForSelf = (
  named: SubjectArg | null | undefined,
  { caller }: OperationContext,
  { model }: Policy,
): boolean =>
  !named || (named.id === caller.subject && (named.type ?? model.signInType) === model.signInType);

/** Who acts for another: by name, unless that is a person, who is known by number only. */
export const agentOf = async (
  { caller }: OperationContext,
  subjects: SubjectDirectory,
  { model }: Policy,
): Promise<string> => {
  const number =
    caller.subject === undefined || model.signInType === undefined
      ? undefined
      : await subjects.known(model.signInType, caller.subject);
  return number === undefined ? actorName(caller) : `subject:${number}`;
};
