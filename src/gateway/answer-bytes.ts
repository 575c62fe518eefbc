import { AnswerBuffer } from '../answer/answer-buffer.ts';

const opening = '{"data":';

/** A buffer that begins as an answer does. */
export const beginAnswer = (): AnswerBuffer => {
  const out = new AnswerBuffer();
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
   */
  constructor(entry: string, begun: AnswerBuffer, sayso: Readonly<Record<string, unknown>>) {
    this.token = `sayso:${entry}`;
    begun.text(`,"extensions":${JSON.stringify({ sayso })}}\n`);
    this.bytes = begun.done();
  }

  /** Wherever it is taken for values there are none. */
  toJSON(): null {
    return null;
  }
}
