import { hash } from 'node:crypto';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';

/** What a witness knows of a log: the newest checkpoint that it cosigned, or was about to. */
export interface Cosigned {
  readonly size: bigint;
  readonly root: Buffer;
  /** The time in its cosignature, in seconds since 1970. */
  readonly seconds: number;
  /** The checkpoint with those signatures of the log that were verified. */
  readonly note: string;
}

const title = 'sayso witness state 1';

/** The text of a state file. The hash finds what a failing disk did, not what an owner did. */
export const formatState = ({ seconds, note }: Omit<Cosigned, 'size' | 'root'>): string => {
  const rest = `time ${seconds}\n\n${note}`;
  return `${title}\nsha256 ${hash('sha256', rest)}\n${rest}`;
};

/** @throws Error saying what is wrong with it */
export const parseState = (text: string, origin: string): Cosigned => {
  const [first = '', second = '', ...lines] = text.split('\n');
  const rest = lines.join('\n');
  if (first !== title) throw new Error('it is no state of a witness');
  if (second !== `sha256 ${hash('sha256', rest)}`) throw new Error('its hash is another');
  const [, decimal = ''] = /^time ([1-9]\d{0,15})\n\n/.exec(rest) ?? [];
  if (decimal === '') throw new Error('it has no time');
  const note = rest.slice(rest.indexOf('\n\n') + 2);
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.origin !== origin) throw new Error('it is of another log');
  const { size, root } = checkpoint;
  return { size, root, seconds: Number(decimal), note };
};
