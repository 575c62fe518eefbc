import type { ConsentInput } from '../../src/core/consent.ts';
import type { StoredEvent } from '../../src/ledger/fold-events.ts';
import type { Plan } from './plan.ts';

/** What is asked: one field of one person for one purpose. */
export interface Request {
  readonly purpose: string;
  /** `Type.field` */
  readonly field: string;
  /** Where the person lives, as the source says it. */
  readonly place: string | null;
  /** The request carries the Global Privacy Control signal. */
  readonly signalled: boolean;
  /** Whole microseconds since 1970. */
  readonly now: number;
}

/** One case: two policies, what a person said, and what is asked. */
export interface Case {
  /** In force when the inputs were said. */
  readonly before: Plan;
  /** In force when it is decided. */
  readonly today: Plan;
  /** As the ledger holds them. */
  readonly events: readonly StoredEvent[];
  /** Said under the older policy; what they resolve to joins the events. */
  readonly inputs: readonly ConsentInput[];
  readonly request: Request;
}

/** As many events as a case has at most, inputs included. */
export const longestHistory = 12;

/** The first instant of every history; those after it follow by a millisecond each. */
export const firstInstant = Date.parse('2026-06-01T00:00:00Z') * 1000;

/** The instant so many steps after the first. */
export const instant = (step: number): number => firstInstant + step * 1000;

/** What is stored of an input, for each part that it resolves to. */
export const storedOf = (
  input: ConsentInput,
  part: Pick<
    Required<StoredEvent>,
    'purposes' | 'categories' | 'origins' | 'declared' | 'recipients' | 'bases'
  >,
): StoredEvent => ({
  ...part,
  kind: input.kind,
  at: (input.at?.getTime() ?? 0) * 1000,
  validUntil: input.validUntil ? input.validUntil.getTime() * 1000 : null,
  signal: input.signal ?? null,
  confirmed: input.confirmed ?? false,
});
