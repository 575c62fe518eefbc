import { basisAt, judge, notEvaluated, type Judgement } from '../ledger/judge.ts';
import type { Ask } from '../policy/plan.ts';

/** What persons said, folded pair by pair: the gateway's snapshot, or a history tried out. */
export interface SaidWords {
  /** A byte of `FoldedStates.states`. */
  state(subject: number, pair: number): number;
  /** When the yes of a pair stops counting, in microseconds since 1970; Infinity for never. */
  expiry(subject: number, pair: number): number;
}

/**
 * Judges one pair of one person.
 *
 * @param place where the person lives
 * @param now microseconds since 1970, by the database's clock
 * @param gpc the request carries the Global Privacy Control signal
 */
export const judgePair = (
  ask: Ask,
  subject: number,
  place: unknown,
  said: SaidWords,
  now: number,
  gpc: boolean | undefined,
): Judgement => {
  const { pair, basis, places } = ask;
  const expired = now >= said.expiry(subject, pair);
  return judge(basisAt(basis, places, place), said.state(subject, pair), expired, ask, gpc);
};

/**
 * Judges all pairs that a field asks for: every one must release. The reason is that of the first
 * that withholds, else of the first. Called for every row: it makes no object of its own.
 */
export const judgePairs = (
  asks: readonly Ask[],
  subject: number,
  place: unknown,
  said: SaidWords,
  now: number,
  gpc: boolean | undefined,
): Judgement => {
  let first: Judgement | undefined;
  for (const ask of asks) {
    const judgement = judgePair(ask, subject, place, said, now, gpc);
    if (!judgement.release) return judgement;
    first ??= judgement;
  }
  return first ?? notEvaluated;
};
