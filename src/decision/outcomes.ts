import type { Basis } from '../directives/basis.ts';
import { judge, notEvaluated, type Judgement } from '../ledger/judge.ts';
import type { Ask } from '../policy/plan.ts';

/** Set in a table's index when the yes of the pair, if one stands, has ended. */
export const expiredBit = 0x100;
const states = 0x100;
/** Codes of one table. */
export const outcomeTableSize = 2 * states;

/** Codes are below this: `judge` gives fewer than twenty judgements. */
export const codeLimit = 32;

const known: Judgement[] = [];

/** The small number that stands for a judgement in this process. */
const codeOf = (judgement: Judgement): number => {
  const { release, reason } = judgement;
  const at = known.findIndex((one) => one.release === release && one.reason === reason);
  if (at >= 0) return at;
  if (known.length === codeLimit) throw new RangeError('more judgements than there are codes');
  return known.push(judgement) - 1;
};

/** Nothing could be evaluated: the code that stands where there is no other. */
export const notEvaluatedCode = codeOf(notEvaluated);

/** What a code stands for. One that is not known withholds. */
export const judgementOf = (code: number): Judgement => known[code] ?? notEvaluated;

/** Whether a code releases. */
export const codeReleases = (code: number): boolean => judgementOf(code).release;

/** State byte, with `expiredBit` or without, → code. */
export type OutcomeTable = Uint8Array;

/** A table has no memory of the pair: there are no more of them than kinds of terms. */
const tables = new Map<string, OutcomeTable>();

/**
 * All that `judge` says of a pair under one basis, so that it has one meaning and is asked 512 times
 * for each kind of terms instead of once for each cell.
 */
export const outcomeTable = (
  basis: Basis,
  { sale, directMarketing }: Pick<Ask, 'sale' | 'directMarketing'>,
  gpc: boolean,
): OutcomeTable => {
  const key = [basis, sale === true, directMarketing === true, gpc].join(' ');
  let table = tables.get(key);
  if (table === undefined) {
    const terms = { sale, directMarketing };
    table = Uint8Array.from({ length: outcomeTableSize }, (_, i) =>
      codeOf(judge(basis, i & (states - 1), (i & expiredBit) !== 0, terms, gpc)),
    );
    tables.set(key, table);
  }
  return table;
};
