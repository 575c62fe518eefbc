import { AnswerBuffer } from '../answer/answer-buffer.ts';
import type { AnswerPlan } from '../answer/answer-plan.ts';
import { quoted } from '../core/quoted.ts';
import { mostWholeDigits, writeWhole } from '../core/write-whole.ts';
import { gapsOf } from '../decision/path-shape.ts';
import { lineHead, type WithheldLine, type WithheldSite } from '../decision/withheld.ts';
import type { Plan } from '../policy/plan.ts';

const nothing = new Uint8Array(0);
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

/** What is told of an answer beside its data: `extensions.sayso`. */
export interface SaysoExtension {
  readonly purpose?: string | undefined;
  readonly policy?: string;
  readonly head?: number | undefined;
  /** The id of the operation's audit entry. */
  readonly entry: string;
  readonly withheld?: readonly WithheldLine[];
  readonly filtered?: Plan['filtered'] | undefined;
}

const text = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : quoted(value);

const member = (name: string, json: string | undefined): string =>
  json === undefined ? '' : `"${name}":${json},`;

const comma = 0x2c;

/** The paths to withheld cells: most of what is told, so they never become texts. */
const writePaths = (out: AnswerBuffer, { shape, indices, told }: WithheldSite): void => {
  const { pieces } = shape;
  const gaps = gapsOf(shape);
  let fixed = 1 + gaps * mostWholeDigits;
  for (const { length } of pieces) fixed += length;
  out.room(told * fixed);
  let at = 0;
  for (let path = 0; path < told; path += 1) {
    if (path > 0) out.put(comma);
    for (let piece = 0; piece <= gaps; piece += 1) {
      if (piece > 0) out.at = writeWhole(out.bytes, out.at, indices[at++] ?? 0);
      out.piece(pieces[piece] ?? nothing);
    }
  }
};

const beforePaths = Buffer.from(',"paths":[');
const behindPaths = Buffer.from(']}');

/** Response keys are names of GraphQL: nothing in a path has to be escaped. */
const writeLine = (out: AnswerBuffer, line: WithheldLine): void => {
  const head = 'site' in line ? line.site.head : lineHead(line.field, line.reason);
  out.room(head.length + mostWholeDigits + beforePaths.length);
  out.piece(head);
  out.at = writeWhole(out.bytes, out.at, line.count);
  out.piece(beforePaths);
  if ('site' in line) writePaths(out, line.site);
  else out.text(`"${line.paths.join('","')}"`);
  out.room(behindPaths.length);
  out.piece(behindPaths);
};

/** As `JSON.stringify` writes it, whose general way costs as much as all else here. */
const writeSayso = (out: AnswerBuffer, sayso: SaysoExtension): void => {
  const { purpose, policy, head, entry, withheld, filtered } = sayso;
  const before =
    member('purpose', text(purpose)) +
    member('policy', text(policy)) +
    member('head', head?.toString()) +
    member('entry', quoted(entry));
  out.text(`{${before.slice(0, -1)}`);
  if (withheld) {
    out.text(',"withheld":[');
    withheld.forEach((line, i) => {
      if (i > 0) out.byte(comma);
      writeLine(out, line);
    });
    out.text(']');
  }
  if (filtered) out.text(`,"filtered":${JSON.stringify(filtered)}`);
  out.text('}');
};

/** A whole answer as JSON, to the byte as Apollo Server would write it. */
export class AnswerBytes {
  /** Stands for the answer where a text is asked for. Nobody outside can know it beforehand. */
  readonly token: string;
  readonly bytes: Buffer;

  /**
   * @param begun with all of `data`; what comes behind it is added here
   * @param plan that it came of
   */
  constructor(begun: AnswerBuffer, sayso: SaysoExtension, plan?: AnswerPlan) {
    this.token = `sayso:${sayso.entry}`;
    begun.text(',"extensions":{"sayso":');
    writeSayso(begun, sayso);
    begun.text('}}\n');
    this.bytes = begun.done();
    if (plan) sizes.set(plan, this.bytes.length);
  }

  /** Wherever it is taken for values there are none. */
  toJSON(): null {
    return null;
  }
}
