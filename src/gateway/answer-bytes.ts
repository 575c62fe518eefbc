import { AnswerBuffer } from '../answer/answer-buffer.ts';
import type { AnswerPlan } from '../answer/answer-plan.ts';

const opening = '{"data":';

/** Bytes of the answers that plans have led to lately. */
const sizes = new WeakMap<AnswerPlan, number>();
/** What stands behind the data, and some more of them. */
const spareBytes = 1_000;
/** Larger ones grow into their size: one that is not used up would lie about until it is collected. */
const mostBytes = 1_000_000;

/** A buffer that begins as an answer does, about as large as the plan's last one. */
export const beginAnswer = (plan: AnswerPlan): AnswerBuffer => {
  const last = sizes.get(plan);
  const out =
    last === undefined
      ? new AnswerBuffer()
      : new AnswerBuffer(Math.min(last + (last >> 4) + spareBytes, mostBytes));
  out.text(opening);
  return out;
};

/** What was written of `data` since. */
export const dataOf = (begun: AnswerBuffer): Buffer => begun.done().subarray(opening.length);

/** A whole answer as JSON, to the byte as Apollo Server would write it. */
export class AnswerBytes {
  /** Stands for the answer where a text is asked for. Nobody outside can know it beforehand. */
  readonly token: string;
  readonly bytes: Buffer;

  /**
   * @param entry the id of the operation's audit entry
   * @param begun with all of `data`; what comes behind it is added here
   * @param plan that it came of
   */
  constructor(
    entry: string,
    begun: AnswerBuffer,
    sayso: Readonly<Record<string, unknown>>,
    plan?: AnswerPlan,
  ) {
    this.token = `sayso:${entry}`;
    begun.text(`,"extensions":${JSON.stringify({ sayso })}}\n`);
    this.bytes = begun.done();
    if (plan) sizes.set(plan, this.bytes.length);
  }

  /** Wherever it is taken for values there are none. */
  toJSON(): null {
    return null;
  }
}
