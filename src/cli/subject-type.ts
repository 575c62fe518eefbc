import { LedgerError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';

/** The type of person meant: the one named, else the one that tokens name. @throws LedgerError */
export const subjectTypeOf = (policy: Policy, given: string | undefined): string => {
  const type = given ?? policy.model.signInType;
  if (type === undefined) {
    throw new LedgerError('several types are persons: say which', 'CONSENT_INVALID');
  }
  return type;
};
