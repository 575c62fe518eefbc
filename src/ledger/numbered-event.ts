import type { ConsentInput } from '../core/consent.ts';
import type { ConsentPart, ResolvedConsent } from './consent-event.ts';

/** What one statement became; `record` names it, and its receipt. */
export interface RecordedConsent extends ResolvedConsent {
  readonly record: string;
}

/** A line of the ledger to be: what was stated, one part of what it says, and who said it. */
export interface NumberedEvent {
  readonly input: ConsentInput;
  /** Place of the input among those stated together. */
  readonly index: number;
  readonly part: ConsentPart;
  readonly event: RecordedConsent;
  readonly subject: number;
}

/** Of each statement one line: what is checked and kept concerns the statement as a whole. */
export const firstOfEach = (numbered: readonly NumberedEvent[]): readonly NumberedEvent[] => {
  const seen = new Set<number>();
  return numbered.filter(({ index }) => !seen.has(index) && seen.add(index));
};
