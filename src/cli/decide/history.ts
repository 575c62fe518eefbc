import { LedgerError } from '../../core/errors.ts';
import type { NoticeBook } from '../../core/notice.ts';
import { resolveStatement } from '../../decision/resolve-history.ts';
import type { StoredEvent } from '../../ledger/fold-events.ts';
import type { Policy } from '../../policy/compile-policy.ts';
import { historyLine, type HistoryLine } from './case-form.ts';
import { DecideError, problemOf } from './decide-error.ts';
import { parseJson, readText } from './read-json.ts';

/** When a history is asked. */
export interface Moment {
  /** Microseconds since 1970. */
  readonly now: number;
  /** The time was chosen: then only what was said up to it counts. */
  readonly chosen: boolean;
}

interface Line {
  readonly where: string;
  readonly said: HistoryLine;
}

const readLines = (text: string, file: string): readonly Line[] =>
  text.split('\n').flatMap((raw, i) => {
    if (raw.trim() === '') return [];
    const where = `${file}:${i + 1}`;
    const parsed = historyLine.safeParse(parseJson(raw, where));
    if (parsed.success) return [{ where, said: parsed.data }];
    throw new DecideError(parsed.error.issues.map((issue) => problemOf(issue, where)));
  });

const checkOnePerson = (lines: readonly Line[]): void => {
  const [first] = lines;
  const other = lines.find(
    ({ said }) => said.subject !== first?.said.subject || said.type !== first?.said.type,
  );
  if (other === undefined) return;
  throw new DecideError([
    {
      where: other.where,
      what: 'it is the word of another person than the lines before',
      mend: 'try the history of one person at a time',
    },
  ]);
};

const resolve = (
  { where, said }: Line,
  type: string,
  { now }: Moment,
  policy: Policy,
  book: NoticeBook,
): readonly StoredEvent[] => {
  const { at, validUntil, method } = said;
  try {
    return resolveStatement(
      {
        ...said,
        subject: { type: said.type ?? type, id: 'somebody' },
        method: method ?? 'import',
        at: at === undefined ? new Date(now / 1000) : new Date(at),
        validUntil: validUntil === undefined ? undefined : new Date(validUntil),
      },
      policy,
      book,
    );
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new DecideError([{ where, what: error.message, mend: 'correct the line' }]);
  }
};

/**
 * Reads a history that may be nobody's: lines as `sayso consent import` takes them, all of one
 * person. A line without `at` is said now, later than all lines before it.
 *
 * @throws DecideError with file, line, what and mend
 */
export const readHistory = async (
  file: string,
  type: string,
  moment: Moment,
  policy: Policy,
  book: NoticeBook,
): Promise<readonly StoredEvent[]> => {
  const lines = readLines(await readText(file), file);
  checkOnePerson(lines);
  let newest = -Infinity;
  return lines.flatMap((line) => {
    const events = resolve(line, type, moment, policy, book);
    const at = events[0]?.at ?? moment.now;
    if (line.said.at !== undefined) {
      newest = Math.max(newest, at);
      return moment.chosen && at > moment.now ? [] : events;
    }
    newest = Math.max(at, newest + 1);
    return events.map((event) => ({ ...event, at: newest }));
  });
};
