import { createHash } from 'node:crypto';
import type { ConsentInput } from '../core/consent.ts';
import { LedgerError, SourceError } from '../core/errors.ts';
import type { ConsentSnapshot } from '../ledger/consent-snapshot.ts';
import { gpcSeen } from '../ledger/fold-events.ts';
import type { SubjectDirectory } from '../ledger/subject-directory.ts';
import type { Consents } from '../decision/identified-consents.ts';
import type { Pair, Policy } from '../policy/compile-policy.ts';
import type { OperationRequest } from './operation.ts';

/** What is needed to take a signal for a person's word. */
export interface SignalDesk {
  readonly policy: Policy;
  readonly subjects: SubjectDirectory;
  readonly snapshot: ConsentSnapshot;
  readonly consents: Consents;
}

const salesByPolicy = new WeakMap<Policy, readonly Pair[]>();

const salesOf = (policy: Policy): readonly Pair[] => {
  const known = salesByPolicy.get(policy) ?? policy.pairs.filter(({ sale }) => sale);
  salesByPolicy.set(policy, known);
  return known;
};

/** Whether the ledger has the signal for each of these pairs already. */
const isRecorded = async (
  type: string,
  id: string,
  sales: readonly Pair[],
  { subjects, snapshot }: SignalDesk,
): Promise<boolean> => {
  const number = await subjects.known(type, id);
  if (number === undefined) return false;
  const view = await snapshot.view();
  const loaded = await snapshot.ensure([number], view);
  if (!loaded || !snapshot.holds([number], view)) return false;
  return sales.every(({ index }) => (snapshot.state(number, index) & gpcSeen) !== 0);
};

const eventFor = (purpose: string, type: string, id: string): ConsentInput => ({
  subject: { type, id },
  kind: 'refused',
  purpose,
  signal: 'GPC',
  method: 'signal',
  evidence: 'Sec-GPC: 1',
  // Of requests that come at once one records it. A name may be longer than a key.
  idempotencyKey: `gpc-${createHash('sha256').update(purpose).digest('hex')}`,
});

/**
 * Records the Global Privacy Control signal of a person who acts for themself, once for each purpose
 * that is a sale. A signal on anybody else's request counts for that request and is in its audit
 * entry: whose wish it is nobody can tell.
 *
 * @throws LedgerError when the ledger does not answer
 */
export const heedSignal = async (request: OperationRequest, desk: SignalDesk): Promise<void> => {
  const { gpc, caller } = request;
  const type = desk.policy.model.signInType;
  if (!gpc || caller.subject === undefined || type === undefined) return;
  const sales = salesOf(desk.policy);
  if (sales.length === 0) return;
  if (await isRecorded(type, caller.subject, sales, desk)) return;
  const { subject } = caller;
  const purposes = [...new Set(sales.map(({ purpose }) => purpose))];
  try {
    const events = purposes.map((purpose) => eventFor(purpose, type, subject));
    await desk.consents.append(events, { exact: true });
  } catch (error) {
    // Nobody the source knows, or a source that is down: the request itself is decided by the
    // signal all the same, and the next one tries again.
    const isNobody = error instanceof LedgerError && error.code === 'CONSENT_INVALID';
    if (!isNobody && !(error instanceof SourceError)) throw error;
  }
};
