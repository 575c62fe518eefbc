import type { OperationEntry } from '../audit/entry.ts';
import type { LedgerView } from '../ledger/consent-snapshot.ts';
import type { Turn } from './journey.ts';
import type { Road } from './road.ts';

/** That an answer holds and that its entry is durable: only now may it leave. */
export interface Settled {
  /** The view that it is told to hold by. */
  readonly view: LedgerView | undefined;
}

/** An entry that is not written yet: the head that it tells of is settled with it. */
export type UnsettledEntry = Omit<OperationEntry, 'head'> & { head?: number | undefined };

/**
 * Whether what a turn decided still holds, with its entry made durable where it does.
 *
 * @param entry with the head that was decided by; changed to the head that it is told of at
 * @returns nothing where it has to be decided again: say-so moved, and nothing was written
 * @throws LedgerError, AuditError
 */
export type Settle = (turn: Turn, entry: UnsettledEntry) => Promise<Settled | undefined>;

export const createSettle =
  ({ snapshot, audit }: Pick<Road, 'snapshot' | 'audit'>): Settle =>
  async ({ view, recorder }, entry) => {
    const isCarried = view?.carriedAt !== undefined;
    // Nothing turned on what it was asked for, and it was asked for this very operation.
    if (view === undefined || (!isCarried && recorder.asked.size === 0)) {
      await audit.append(entry);
      return { view };
    }
    // What is told of at the newest head: whoever is told of has to be somebody still. Nobody may have
    // been erased since, though no say-so was asked for.
    const known = snapshot.standing(view, recorder.concerned);
    if (known) {
      entry.head = known.view.head;
      if (await audit.appendWhile(entry, known.standing)) return { view: known.view };
    }
    // What was read for this very operation is told of at the head that was read.
    const confirmed = await snapshot.confirm(view, isCarried ? recorder.concerned : recorder.asked);
    if (confirmed === undefined) return undefined;
    entry.head = confirmed.head;
    await audit.append(entry);
    return { view: confirmed };
  };
